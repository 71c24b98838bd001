"""What stands around the words, as Block Kit: sources, buttons, the team's cards, the home tab."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, assert_never

import regex

from bot.slack.clean import allowed, clean, escaped
from graph.turn import Source
from prompts.phrases import Phrases

Block: TypeAlias = dict[str, Any]
CardState: TypeAlias = Literal["open", "claimed", "handed_back"]

RATE, PERSON, CLAIM, HAND_BACK = "rate", "person", "claim", "hand_back"
"""The action ids of the buttons."""
UP, DOWN = "up:", "down:"
"""What the value of a rating begins with, before the turn's id."""

MARKDOWN, TEXT, SECTION, HEADER, LABEL, ID = 12_000, 3_000, 3_000, 150, 75, 255
"""Slack's limits in characters."""
BLOCKS = 50
PROMPTS = 4
MISSED_SHOWN = 40
WORDS_SHOWN = 200
"""How much of a missed message the card quotes."""
SOURCES_SHOWN = 9

_NOWHERE: frozenset[str] = frozenset()
_USER = re.compile(r"[UW][A-Z0-9]+")
_GRAPHEME = regex.compile(r"\X")
_HALF_ENTITY = re.compile(r"&[a-z]{0,4}$")


@dataclass(frozen=True, slots=True)
class Card:
    """What a person needs to know to take a conversation over."""

    conversation: str
    customer: str
    """The user's id."""
    summary: str
    reason: str
    link: str
    """The permalink of the thread; empty where there is none."""
    state: CardState = "open"
    by: str | None = None
    """The id of who claimed it, or handed it back."""


@dataclass(frozen=True, slots=True)
class Missed:
    """A message that nobody answered."""

    customer: str
    """The user's id."""
    text: str
    link: str
    """The permalink of the message; empty where there is none."""


def mention(user_id: str) -> str:
    """Return the mark-up that mentions a person; raises ValueError for what is no user id."""
    if not _USER.fullmatch(user_id):
        raise ValueError(f"{user_id!r} is no user id of Slack's: it must be U or W and then A-Z and 0-9")
    return f"<@{user_id}>"


def answer_blocks(
    phrases: Phrases,
    language: str,
    *,
    turn_id: str,
    sources: Sequence[Source],
    person: bool,
    hosts: frozenset[str],
) -> list[Block]:
    """Return what stands below a finished answer: sources, rating buttons, the way to a person."""
    blocks = [_rating(phrases, language, turn_id)]
    if sources:
        label = phrases.say("label_sources", language)
        blocks.insert(0, _context(_id("sources", turn_id), _sources(label, sources, hosts)))
    if person:
        button = _button(PERSON, phrases.say("label_person", language), turn_id)
        blocks.append(_actions(_id("person", turn_id), button))
    return blocks


def whole_blocks(text: str, *more: Block) -> tuple[str, list[Block]]:
    """Return (`text` for notifications, blocks) of a message whose words are Markdown, already cleaned."""
    words = [{"type": "markdown", "text": shorten(text, MARKDOWN)}] if text.strip() else []
    return shorten(text, TEXT), [*words, *more][:BLOCKS]


def handoff_card(phrases: Phrases, language: str, card: Card) -> tuple[str, list[Block]]:
    """Return (`text`, blocks) of the team's card; the words that it quotes call nobody and lead nowhere."""
    title, reason = phrases.say("card_title", language), _cleaned(card.reason, LABEL * 4)
    who = _say(phrases, "card_customer", language, person=_person(card.customer))
    link = _link(card.link, phrases.say("card_open_thread", language))
    parts = [
        _section(_id("who", card.conversation), " · ".join(filter(None, (who, link)))),
        _section(_id("reason", card.conversation), f"*{_say(phrases, 'card_reason', language)}:* {reason}"),
    ]
    if card.summary.strip():
        label = f"*{_say(phrases, 'card_summary', language)}:*\n"
        summary = label + _cleaned(card.summary, SECTION - len(label))
        parts.append(_section(_id("summary", card.conversation), summary))
    blocks = [_header(title), *parts, *_state(phrases, language, card)]
    return shorten(f"{escaped(title)}: {reason}", TEXT), blocks


def catch_up_card(phrases: Phrases, language: str, entries: Sequence[Missed]) -> tuple[str, list[Block]]:
    """Return (`text`, blocks) of the one card that lists the messages that nobody answered."""
    title = phrases.say("card_missed", language, count=str(len(entries)))
    open_thread = phrases.say("card_open_thread", language)
    blocks = [_header(title)]
    for number, entry in enumerate(entries[:MISSED_SHOWN]):
        head = " · ".join(filter(None, (_person(entry.customer), _link(entry.link, open_thread))))
        blocks.append(_section(f"missed:{number}", f"{head}\n{_cleaned(entry.text, WORDS_SHOWN)}"))
    if len(entries) > MISSED_SHOWN:
        blocks.append(_context("missed:more", f"+ {len(entries) - MISSED_SHOWN}"))
    return escaped(title), blocks


def home_view(phrases: Phrases, language: str, prompts: Sequence[str]) -> dict[str, Any]:
    """Return the home tab for views.publish."""
    blocks = [
        _header(phrases.say("home_title", language)),
        _section("home:text", _say(phrases, "home_text", language)),
    ]
    if prompts:
        examples = "\n".join(f"• {_cleaned(prompt, LABEL * 2)}" for prompt in prompts[:PROMPTS])
        label = _say(phrases, "home_prompts", language)
        blocks.append(_section("home:prompts", f"*{label}*\n{examples}"))
    return {"type": "home", "blocks": blocks}


def suggested_prompts(prompts: Sequence[str]) -> list[dict[str, str]]:
    """Return the `prompts` of assistant.threads.setSuggestedPrompts, as many as Slack shows."""
    return [{"title": shorten(prompt, LABEL), "message": prompt} for prompt in prompts[:PROMPTS]]


def shorten(text: str, limit: int) -> str:
    """Cut a text to so many characters, an ellipsis included: between words, else between graphemes."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    at = max(head.rfind(" "), head.rfind("\n"))
    if at < limit // 2:
        ends = (found.end() for found in _GRAPHEME.finditer(text[: limit + 64]))
        at = max((end for end in ends if end < limit), default=limit - 1)
    return _HALF_ENTITY.sub("", head[:at].rstrip()) + "…"


def _rating(phrases: Phrases, language: str, turn_id: str) -> Block:
    return {
        "type": "context_actions",
        "block_id": _id("rate", turn_id),
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": RATE,
                "positive_button": _thumb(phrases.say("label_helpful", language), UP + turn_id),
                "negative_button": _thumb(phrases.say("label_not_helpful", language), DOWN + turn_id),
            }
        ],
    }


def _thumb(label: str, value: str) -> dict[str, Any]:
    text = shorten(label, LABEL)
    return {"text": {"type": "plain_text", "text": text}, "accessibility_label": text, "value": value}


def _sources(label: str, sources: Sequence[Source], hosts: frozenset[str]) -> str:
    shown = {source.article: _source(source, hosts) for source in sources}
    line = f"{escaped(label)}: "
    for number, source in enumerate(list(shown.values())[:SOURCES_SHOWN]):
        more = f" · {source}" if number else source
        line += more if len(line) + len(more) <= SECTION else ""
    return line


def _source(source: Source, hosts: frozenset[str]) -> str:
    title = _cleaned(" ".join(source.title.split()), HEADER)
    return _link(source.url, title) if source.url and allowed(source.url, hosts) else title


def _state(phrases: Phrases, language: str, card: Card) -> list[Block]:
    claim = _button(CLAIM, phrases.say("card_claim", language), card.conversation)
    state_id, actions_id = _id("state", card.conversation), _id("actions", card.conversation)
    match card.state:
        case "open":
            return [_actions(actions_id, {**claim, "style": "primary"})]
        case "claimed":
            words = _say(phrases, "card_claimed", language, person=_person(card.by or ""))
            back = _button(HAND_BACK, phrases.say("card_hand_back", language), card.conversation)
            return [_context(state_id, words), _actions(actions_id, back)]
        case "handed_back":
            words = _say(phrases, "card_handed_back", language)
            return [_context(state_id, words), _actions(actions_id, claim)]
        case _:
            assert_never(card.state)


def _say(phrases: Phrases, key: str, language: str, **marked: str) -> str:
    """Return a phrase as mark-up, with values that are mark-up already."""
    names = {name: f"\x00{name}\x00" for name in marked}
    text = escaped(phrases.say(key, language, **names))
    for name, value in marked.items():
        text = text.replace(names[name], value)
    return text


def _person(user_id: str) -> str:
    return mention(user_id) if _USER.fullmatch(user_id) else "?"


def _link(url: str, label: str) -> str:
    """Return a link that the program makes; nothing for an address that would break the mark-up."""
    if not url.startswith(("https://", "http://")) or re.search(r"[\s<>|]", url):
        return ""
    return f"<{escaped(url)}|{label.replace('|', '/')}>"


def _cleaned(text: str, limit: int) -> str:
    """Return somebody's words, harmless and within the limit: cut first, so that no cut undoes it."""
    room = limit
    while len(words := clean(shorten(text, room), _NOWHERE)) > limit:
        room -= max(1, (len(words) - limit) // 6)
    return words


def _id(kind: str, key: str) -> str:
    name = f"{kind}:{key}"
    return name if len(name) <= ID else f"{kind}:{hashlib.sha256(key.encode()).hexdigest()}"


def _header(text: str) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": shorten(text, HEADER)}}


def _section(block_id: str, text: str) -> Block:
    return {"type": "section", "block_id": block_id, "text": _marked(text), "expand": True}


def _context(block_id: str, text: str) -> Block:
    return {"type": "context", "block_id": block_id, "elements": [_marked(text)]}


def _marked(text: str) -> dict[str, Any]:
    # Verbatim: Slack looks for no addresses and names of its own in what people wrote.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _actions(block_id: str, button: Block) -> Block:
    return {"type": "actions", "block_id": block_id, "elements": [button]}


def _button(action: str, label: str, value: str) -> Block:
    text = {"type": "plain_text", "text": shorten(label, LABEL)}
    return {"type": "button", "action_id": action, "text": text, "value": value}
