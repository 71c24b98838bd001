"""Who is answered: a pure judgement of each message, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.slack.channels import Channels
from bot.slack.events import IncomingMessage
from bot.slack.questions import reads_like_question

COMMANDS = ("/", "!")
"""What a message begins with that is for a program to carry out."""


@dataclass(frozen=True, slots=True)
class Address:
    """Whether a message is for the bot."""

    do: Literal["answer", "answer_if_ours", "ignore"]
    """`answer_if_ours`: only where the bot takes part in the thread."""
    why: str


def address(message: IncomingMessage, channels: Channels, bot_user: str) -> Address:
    """Judge whether a message is for the bot; looks at the message and channels.toml alone."""
    if message.user == bot_user:
        return Address("ignore", "The bot wrote it.")
    if message.bot and (message.dm or not channels.bots(message.channel)):
        return Address("ignore", "Another bot wrote it.")
    if message.dm:
        return Address("answer", "It is a direct message.")
    mode = channels.mode(message.channel)
    if mode == "off":
        return Address("ignore", "The channel is off.")
    if bot_user in message.mentions:
        return Address("answer", "It mentions the bot.")
    if message.mentions:
        return Address("ignore", "It mentions somebody else.")
    if message.thread_ts:
        return _reply(message)
    if mode == "every_question" and reads_like_question(message.text):
        return Address("answer", "It is a question.")
    return Address("ignore", "It does not mention the bot.")


def stands_alone(message: IncomingMessage, *, asks_for_person: bool) -> bool:
    """Tell whether a message is never answered along with others: files, commands, a wish for a person."""
    return bool(message.files) or message.text.startswith(COMMANDS) or asks_for_person


def _reply(message: IncomingMessage) -> Address:
    # Two bots that answer each other would never end.
    if message.bot:
        return Address("ignore", "Another bot wrote it, without mentioning the bot.")
    return Address("answer_if_ours", "It is a reply in a thread.")
