"""What the team sees of what keeps the bot in hand, as Block Kit: drafts, dialogues, its home tab."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from bot.control.drafts import Draft
from bot.control.figures import Today
from bot.control.pause import EVERYWHERE, Pause
from bot.people.store import Handoff
from bot.slack.blocks import SECTION, mention, shorten
from bot.slack.clean import clean
from bot.slack.items import DRAFT_DISCARD, DRAFT_EDIT, DRAFT_SEND, PAUSE, RESUME
from prompts import Phrases

Block: TypeAlias = dict[str, Any]

FIELD = "text"
"""The action of a dialogue's fields."""
FIELD_CHARS = 3_000
"""What one field of a dialogue takes."""
TITLE_CHARS = 24
ANSWER_CHARS = 8_000
"""Of a draft on its card: all blocks of a message together are refused from about 13,000 on."""
ASKED_CHARS = 1_500
HANDOFFS_SHOWN = 20


def draft_card(phrases: Phrases, language: str, draft: Draft) -> tuple[str, list[Block]]:
    """Return (`text`, blocks) of a draft's card; once it is decided about, without buttons."""
    say = phrases.say
    title, asked = say("draft_title", language), "\n".join(draft.asked)
    who = person(draft.record.customer)
    head = f"{who} · <{draft.link}|{say('card_open_thread', language)}>" if draft.link else who
    blocks: list[Block] = [
        header(title),
        section(head),
        section(f"*{say('draft_asked', language)}:* {words(asked, ASKED_CHARS)}"),
        section(f"*{say('draft_text', language)}:*"),
        {"type": "markdown", "text": shorten(draft.text, ANSWER_CHARS)},
    ]
    if draft.decided is None:
        value = f"{draft.conversation} {draft.turn}"
        offered = ((DRAFT_SEND, "primary"), (DRAFT_EDIT, ""), (DRAFT_DISCARD, "danger"))
        buttons = [button(name, say(name, language), value, style) for name, style in offered]
        return title, [*blocks, {"type": "actions", "elements": buttons}]
    key = {"same": "draft_sent", "edited": "draft_edited", "discarded": "draft_discarded"}[draft.decided]
    return title, [*blocks, context(say(key, language, person=person(draft.by)))]


def edit_dialogue(phrases: Phrases, language: str, draft: Draft) -> Block:
    """Return the dialogue in which a draft is changed: as many fields as its text needs."""
    parts = parts_of(draft.text, FIELD_CHARS) or [""]
    label = phrases.say("draft_text", language)
    fields = [_field(f"{FIELD}:{number}", label, part) for number, part in enumerate(parts)]
    about = f"{draft.conversation} {draft.turn}"
    named = {"title": phrases.say("draft_edit", language), "submit": phrases.say("draft_send", language)}
    cancel = phrases.say("team_cancel", language)
    return _dialogue(DRAFT_EDIT, {**named, "close": cancel}, about, fields)


def pause_dialogue(phrases: Phrases, language: str) -> Block:
    """Return the dialogue that asks why the bot is to be paused."""
    field = _field(f"{FIELD}:0", phrases.say("team_why", language), "", multiline=False)
    pause, cancel = phrases.say("team_pause", language), phrases.say("team_cancel", language)
    return _dialogue(PAUSE, {"title": pause, "submit": pause, "close": cancel}, "", [field])


def team_view(
    phrases: Phrases,
    language: str,
    *,
    pauses: Sequence[Pause],
    handoffs: Sequence[Handoff],
    drafts: int,
    today: Today,
    alarms: Sequence[str],
    budget: tuple[float, float] | None,
) -> Block:
    """Return the team's home tab for views.publish; `budget` is what is spent, and of how much."""
    say = phrases.say
    blocks = [header(say("team_title", language)), *_state(phrases, language, pauses)]
    blocks += [section(f":rotating_light: {words(alarm, SECTION - 20)}") for alarm in alarms]
    blocks += [section(f"*{say('team_open', language)}*"), *_open(phrases, language, handoffs)]
    if drafts:
        blocks.append(section(say("team_drafts", language, count=str(drafts))))
    blocks.append(section(_figures(phrases, language, today)))
    if budget:
        spent, of = map(dollars, budget)
        blocks.append(section(say("team_budget", language, spent=spent, budget=of)))
    return {"type": "home", "blocks": blocks}


def paused_words(phrases: Phrases, language: str, pause: Pause) -> str:
    """Say in the team's view that the bot is paused."""
    since = f"<!date^{int(pause.at)}^{{date_short_pretty}} {{time}}|{_clock(pause.at)}>"
    where = place(phrases, language, pause.scope)
    return phrases.say(
        "team_paused", language,
        where=where, person=person(pause.by), since=since, reason=words(pause.reason, SECTION // 2),
    )  # fmt: skip


def place(phrases: Phrases, language: str, scope: str) -> str:
    """Name where a pause holds."""
    return phrases.say("team_everywhere", language) if scope == EVERYWHERE else f"<#{scope}>"


def person(name: str) -> str:
    """Mention somebody of the workspace; who is none, such as a user of a machine, is named."""
    try:
        return mention(name)
    except ValueError:
        return words(name, 80) or "?"


def words(text: str, limit: int) -> str:
    """Return somebody's words, harmless and within the limit."""
    room = limit
    while len(shown := clean(shorten(text, room), frozenset())) > limit:
        room -= max(1, (len(shown) - limit) // 6)
    return shown


def parts_of(text: str, most: int) -> list[str]:
    """Cut a text into parts of at most so many characters, between paragraphs, lines or words."""
    parts: list[str] = []
    rest = text.strip()
    while len(rest) > most:
        marks = (rest.rfind(mark, most // 2, most) for mark in ("\n\n", "\n", " "))
        cut = next((at for at in marks if at > 0), most)
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*parts, rest] if rest else parts


def dollars(usd: float) -> str:
    """Write an amount of money."""
    return f"${usd:.2f}" if usd >= 1 else f"${usd:.4f}"


def header(text: str) -> Block:
    """Return a heading."""
    return {"type": "header", "text": {"type": "plain_text", "text": shorten(text, 150)}}


def section(text: str) -> Block:
    """Return a paragraph."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}, "expand": True}


def context(text: str) -> Block:
    """Return a line in small type."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}


def button(action: str, label: str, value: str, style: str = "") -> Block:
    """Return a button."""
    made = {"type": "button", "action_id": action, "text": _plain(label, 75), "value": value}
    return {**made, "style": style} if style else made


def _state(phrases: Phrases, language: str, pauses: Sequence[Pause]) -> list[Block]:
    say = phrases.say
    blocks = []
    for pause in pauses:
        resume = button(RESUME, say("team_resume", language), pause.scope, "primary")
        blocks.append(section(f":double_vertical_bar: {paused_words(phrases, language, pause)}"))
        blocks.append({"type": "actions", "elements": [resume]})
    if not any(pause.scope == EVERYWHERE for pause in pauses):
        pausing = button(PAUSE, say("team_pause", language), EVERYWHERE, "danger")
        blocks += [] if pauses else [section(say("team_running", language))]
        blocks.append({"type": "actions", "elements": [pausing]})
    return blocks


def _open(phrases: Phrases, language: str, handoffs: Sequence[Handoff]) -> list[Block]:
    if not handoffs:
        return [section(phrases.say("team_none_open", language))]
    lines = [_line(phrases, language, handoff) for handoff in handoffs[:HANDOFFS_SHOWN]]
    if more := len(handoffs) - HANDOFFS_SHOWN:
        lines += [f"+ {more}"] if more > 0 else []
    return [section(line) for line in lines]


def _line(phrases: Phrases, language: str, handoff: Handoff) -> str:
    minutes = str(int(max(0.0, time.time() - handoff.opened_at) // 60))
    who = person(handoff.customer)
    who = f"<{handoff.link}|{phrases.say('card_open_thread', language)}> {who}" if handoff.link else who
    if handoff.state == "claimed":
        by = person(handoff.by)
        return phrases.say("team_has", language, person=who, colleague=by, minutes=minutes)
    return phrases.say("team_waits", language, person=who, minutes=minutes)


def _figures(phrases: Phrases, language: str, today: Today) -> str:
    first = "-" if today.first_words_ms is None else f"{today.first_words_ms / 1000:.2f} s"
    turns = f"{today.turns}+" if today.more else str(today.turns)
    return phrases.say(
        "team_today", language, turns=turns, answered=str(today.answered), people=str(today.handed_off),
        cost=dollars(today.cost_usd), first=first, up=str(today.up), down=str(today.down),
    )  # fmt: skip


def _clock(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at))


def _field(block_id: str, label: str, text: str, *, multiline: bool = True) -> Block:
    element: Block = {"type": "plain_text_input", "action_id": FIELD, "multiline": multiline}
    element |= {"initial_value": text} if text else {}
    element |= {"max_length": FIELD_CHARS if multiline else 300}
    return {"type": "input", "block_id": block_id, "label": _plain(label, 2_000), "element": element}


def _dialogue(callback: str, labels: Mapping[str, str], about: str, fields: list[Block]) -> Block:
    named = {name: _plain(label, TITLE_CHARS) for name, label in labels.items()}
    return {"type": "modal", "callback_id": callback, "private_metadata": about, **named, "blocks": fields}


def _plain(text: str, most: int) -> Block:
    return {"type": "plain_text", "text": shorten(text, most)}
