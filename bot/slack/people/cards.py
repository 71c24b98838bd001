"""The card of a handoff: what the team sees of it, and how it is read again from Slack.

Its metadata holds ids and times alone, since everybody in the workspace can read it; what the customer said
stands in its blocks, which only the team's channel shows.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from bot.people.notices import AGENT, MOST_NAME
from bot.people.store import CLAIMED, OPEN, RESOLVED, Handoff, State
from bot.slack.blocks import CLAIM, HAND_BACK, Block, Card, handoff_card, mention
from bot.slack.clean import clean, escaped
from bot.slack.fields import Fields
from prompts import Phrases

Raw: TypeAlias = Mapping[str, Any]

CARD = "bot_handoff"
"""The event type in a card's metadata."""
RESOLVE = "resolve"
"""The action id of the button; the others are those of `bot.slack.blocks`."""
_STATES: Mapping[str, State] = {
    "open": "open", "claimed": "claimed", "handed_back": "handed_back", "resolved": "resolved",
}  # fmt: skip
_USER = re.compile(r"[UW][A-Z0-9]+")
_LABEL = re.compile(r"\*[^*\n]{1,60}:\*\s")
_LINK = re.compile(r"<(https?://[^|>]+)\|")


@dataclass(frozen=True, slots=True)
class CardLook:
    """In which words the team's cards are written."""

    phrases: Phrases
    language: str

    def draw(self, handoff: Handoff, notice: str = "") -> dict[str, Any]:
        """Return `text`, `blocks` and `metadata` of a card; `notice` stands above its state."""
        say, language = self.phrases.say, self.language
        title = "" if handoff.turn else say("card_title_unasked", language)
        card = Card(
            conversation=handoff.conversation, customer=handoff.customer, summary=handoff.summary,
            reason=handoff.reason, link=handoff.link,
        )  # fmt: skip
        text, blocks = handoff_card(self.phrases, language, card)
        body = [block for block in blocks[:-1] if handoff.reason or not _is(block, "reason")]
        if title:
            body[0] = {"type": "header", "text": {"type": "plain_text", "text": title[:150]}}
            text = escaped(title)
        lines = [*([notice] if notice else []), *self._lines(handoff)]
        context = [
            {"type": "context", "elements": [{"type": "mrkdwn", "text": line[:2900], "verbatim": True}]}
            for line in lines
        ]
        buttons = {"type": "actions", "elements": self._buttons(handoff)}
        return {"text": text, "blocks": [*body, *context, buttons], "metadata": metadata(handoff)}

    def _lines(self, handoff: Handoff) -> list[str]:
        key = {
            OPEN: "", CLAIMED: "card_claimed", RESOLVED: "card_resolved",
        }.get(handoff.state, "card_handed_back" if handoff.by else "card_returned")  # fmt: skip
        lines = [self.say(key, person=handoff.by)] if key else []
        if handoff.state == OPEN and handoff.opened_at:
            lines.append(self.say("card_waits", when=moment(handoff.opened_at)))
        if handoff.under_way:
            lines.append(self.say("card_replies"))
        if handoff.desk_lost:
            lines.append(self.say("card_desk_lost"))
        return lines

    def _buttons(self, handoff: Handoff) -> list[Block]:
        claim = self._button(CLAIM, "card_claim", handoff)
        resolve = self._button(RESOLVE, "card_resolve", handoff)
        match handoff.state:
            case "claimed":
                return [resolve, self._button(HAND_BACK, "card_hand_back", handoff)]
            case "open":
                return [{**claim, "style": "primary"}, resolve]
        return [claim]

    def _button(self, action: str, key: str, handoff: Handoff) -> Block:
        label = {"type": "plain_text", "text": self.phrases.say(key, self.language)[:75]}
        return {"type": "button", "action_id": action, "text": label, "value": handoff.conversation}

    def say(self, key: str, *, person: str | None = None, **marked: str) -> str:
        """Return a phrase of the team's as mark-up; `person` is a user's id, other values are mark-up."""
        if "person" in self.phrases.required[key]:
            marked["person"] = named(person or "")
        text = escaped(self.phrases.say(key, self.language, **{name: f"\x00{name}\x00" for name in marked}))
        for name, value in marked.items():
            text = text.replace(f"\x00{name}\x00", value)
        return text


def named(user: str) -> str:
    """Return the mark-up that names somebody, by their name where they are at the help desk; else nobody."""
    if user.startswith(AGENT):
        return clean(user.removeprefix(AGENT), frozenset())
    return mention(user) if _USER.fullmatch(user) else "?"


def who(about: Fields, name: str = "by") -> str:
    """Return whom metadata names: a user's id, or somebody at the help desk; empty for nobody."""
    text = about.text(name)
    return text[: MOST_NAME + 1] if text.startswith(AGENT) else about.word(name)


def moment(at: float) -> str:
    """Return the mark-up of a time, which each reader sees on their own clock."""
    fallback = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at))
    return f"<!date^{int(at)}^{{date_short_pretty}} {{time}}|{fallback}>"


def metadata(handoff: Handoff) -> dict[str, Any]:
    """Return what a card says of itself to the bot: ids and times."""
    payload = {
        "turn": handoff.turn,
        "conversation": handoff.conversation,
        "customer": handoff.customer,
        "state": handoff.state,
        "by": handoff.by,
        "since": f"{handoff.since:.6f}",
        "opened_at": f"{handoff.opened_at:.3f}",
        "hidden": handoff.hidden,
        "stretches": handoff.stretches,
        "reminded": handoff.reminded,
        "desk_lost": handoff.desk_lost,
    }
    return {"event_type": CARD, "event_payload": payload}


def read_card(message: Raw, channel: str, bot_user: str) -> Handoff | None:
    """Return what a card says of its handoff; None for what is no card of the bot's."""
    fields = Fields(message)
    about = fields.at("metadata")
    payload = about.at("event_payload")
    conversation = payload.text("conversation")
    if fields.text("user") != bot_user or about.text("event_type") != CARD or not conversation:
        return None
    since = float(payload.timestamp("since") or 0)
    return Handoff(
        conversation,
        payload.word("customer"),
        state=_STATES.get(payload.text("state"), OPEN),
        by=who(payload),
        turn=payload.text("turn"),
        summary=_quoted(fields.each("blocks"), "summary"),
        reason=_quoted(fields.each("blocks"), "reason"),
        link=_link(fields.each("blocks")),
        channel=channel,
        ts=fields.timestamp("ts"),
        opened_at=float(payload.timestamp("opened_at") or 0),
        changed_at=since,
        reminded=payload.number("reminded"),
        since=since,
        hidden=payload.value("hidden") is True,
        stretches=payload.text("stretches"),
        desk_lost=payload.value("desk_lost") is True,
    )


def _quoted(blocks: Sequence[Fields], kind: str) -> str:
    """Return what a section quotes, without its label; cleaning it again changes nothing."""
    found = next((block for block in blocks if block.text("block_id").startswith(f"{kind}:")), Fields(None))
    return _LABEL.sub("", found.at("text").text("text"), count=1)


def _link(blocks: Sequence[Fields]) -> str:
    found = next((block for block in blocks if block.text("block_id").startswith("who:")), Fields(None))
    link = _LINK.search(found.at("text").text("text"))
    return link[1].replace("&amp;", "&") if link else ""


def _is(block: Block, kind: str) -> bool:
    return str(block.get("block_id", "")).startswith(f"{kind}:")
