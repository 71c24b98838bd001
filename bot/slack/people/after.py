"""After an outage or a flush: what in a thread is a colleague's, told from what Slack has of it."""

from __future__ import annotations

import time
from collections.abc import Sequence

import structlog

from bot.people.changes import claimed, left_until
from bot.people.store import CLAIMED, Handoff
from bot.slack.events import IncomingMessage
from bot.slack.fields import Fields
from bot.slack.history import Raw
from bot.slack.incoming import read_event
from bot.slack.people.cards import read_card, who
from bot.slack.people.handoff import Handoffs
from bot.slack.people.passing import PASSED
from bot.slack.unanswered import answers, as_event

log = structlog.get_logger()


async def take_for_owned(handoffs: Handoffs, channel: str, thread: Sequence[Raw]) -> None:
    """Give a thread of which nobody knows anything to the colleague who had the last word in it.

    That is a word after the bot's last answer, there or passed on, by somebody of the staff who did not begin
    the thread. Its card was deleted, or was never posted. Raises StateError.
    """
    if handoffs.channel is None or channel == handoffs.channel:
        return
    root = str(thread[0].get("thread_ts") or thread[0]["ts"])
    conversation = f"{handoffs.team}:{channel}:{root}"
    found = await _last_word(handoffs, thread)
    if found is None or await handoffs.store.get(conversation) is not None:
        return
    user, at = found
    opener = Fields(thread[0]).word("user")
    blank = Handoff(conversation, opener, opened_at=time.time(), changed_at=time.time())
    owned = claimed(blank, user, at, hidden=channel.startswith("D")).handoff
    if await handoffs.store.put_lost(owned):
        log.info("handoff.taken_for_owned", conversation=conversation)


async def _last_word(handoffs: Handoffs, thread: Sequence[Raw]) -> tuple[str, float] | None:
    """Return who of the staff wrote last after the bot's last answer, and when."""
    staff = await handoffs.staff()
    opener, last = Fields(thread[0]).word("user"), None
    for raw in thread[1:]:
        fields = Fields(raw)
        user, at = fields.word("user"), float(fields.timestamp("ts") or 0)
        if answers(raw, handoffs.bot_user):
            last = None
        elif user == handoffs.bot_user:
            about = fields.at("metadata")
            by = who(about.at("event_payload")) if about.text("event_type") == PASSED else ""
            last = (by, at) if by else last
        elif user in staff and user != opener and not fields.text("bot_id"):
            last = (user, at)
    return last


async def for_us(
    handoffs: Handoffs, messages: Sequence[IncomingMessage]
) -> tuple[list[IncomingMessage], bool]:
    """Return which unanswered messages of one thread are still to be dealt with, and whether a person has it.

    What was said to a colleague who had the thread then is theirs; what colleagues said before the last
    change has had its effect. Raises StateError, and a SlackFault where Redis lost whose it is.
    """
    await handoffs.ensure_read()
    known = await handoffs.store.get(messages[0].conversation) if handoffs.manned else None
    if known is None:
        return list(messages), False
    staff = await handoffs.staff()
    owned = known.state == CLAIMED
    left = []
    for message in messages:
        at = message.sent_at
        colleague = message.user in staff and not message.dm and message.user != message.parent
        dealt_with = at <= known.since if colleague else not owned and at <= left_until(known)
        if not dealt_with:
            left.append(message)
    return left, owned


def below_card(
    handoffs: Handoffs, channel: str, thread: Sequence[Raw], since: float
) -> list[IncomingMessage]:
    """Return what was written below a card since a time; nothing where the thread is no card's."""
    if channel != handoffs.channel or read_card(thread[0], channel, handoffs.bot_user) is None:
        return []
    read = (read_event(as_event(raw, handoffs.team, channel), handoffs.bot_user) for raw in thread[1:])
    return [
        message
        for message in read
        if isinstance(message, IncomingMessage)
        and not message.bot
        and message.user != handoffs.bot_user
        and message.sent_at >= since
    ]
