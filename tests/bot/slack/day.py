"""A support team's day on the stand-in: who is there, what the models say, and how it reads afterwards."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from redis.asyncio import Redis

from bot.control.budget import Budget
from bot.people.hours_file import CHECK_EVERY, WEEKDAYS
from evals.sim import Reply, ToolUse
from evals.sim.script import Body, Vendor, last_words
from graph.state_store import open_state
from tests.bot.slack.serving import DM, TEAM_CHANNEL, Stage, stage

JO, ADA, LEE = "U0CUSTOMER", "U0ADA", "U0LEE"
"""Customers; Lee is of another company."""
SAM, MIA = "U0SAM", "U0MIA"
"""The support team."""
HELP, PARTNERS, ORDERS = "C0HELP", "C0PARTNERS", "C0ORDERS"
"""Channels: for everybody, shared with Lee's company, and one in which people read first."""
NAMES = {JO: "Jo", ADA: "Ada", LEE: "Lee", SAM: "Sam", MIA: "Mia"}
PLACES = {
    HELP: "#help",
    PARTNERS: "#partners",
    ORDERS: "#orders",
    TEAM_CHANNEL: "#support-team",
    DM: "direct messages",
}
BUDGET_USD = 100.0
"""So much that what the models of this story cost is nothing of it."""
FOR_COLLEAGUES = """---
title: What partners get
---
The discount for partners is 18 % on everything that is not on sale.
"""
WIDTH = 100

_CITED = re.compile(r"\[\[(.+?)\]\]")
_BOLD = re.compile(r"(?<!\w)\*{1,2}([^*\n]+)\*{1,2}(?!\w)")
_DATE = re.compile(r"<!date\^[^>]+>")
_MARKS = re.compile(r"<(?P<kind>[@#!])(?P<id>[^>|]+)(?:\|[^>]*)?>|<(?P<url>[^>|]+)\|(?P<label>[^>]+)>")


@dataclass(slots=True)
class Day:
    """The stage, and what has been written down of it."""

    on: Stage
    home: Path
    redis: Redis
    replies: deque[str | ToolUse] = field(default_factory=deque)
    pages: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """What models were asked that the story does not tell of."""

    def model_says(self, text: str) -> None:
        """Have the next model that is asked say this; `[[title]]` cites the article by its number."""
        self.replies.append(text)

    def model_passes_on(self, handover: str) -> None:
        """Have the next model that is asked call for the large one."""
        self.replies.append(ToolUse(arguments=json.dumps({"reason": "complex", "handover": handover})))

    def reply(self, _vendor: Vendor, body: Body) -> Reply:
        """Say what comes next in the story."""
        if not self.replies:
            self.wrong.append(f"a model was asked once more: {last_words(body)[-300:]}")
            return Reply("I have nothing to say.")
        said = self.replies.popleft()
        if isinstance(said, ToolUse):
            return Reply(tools=(said,))
        return Reply(_CITED.sub(lambda cited: self._number(cited[1], last_words(body)), said))

    def _number(self, title: str, prompt: str) -> str:
        """Return the citation of the article of this title among a prompt's passages."""
        found = re.search(rf"^\D{{0,40}}(\d+)\D{{0,40}}{re.escape(title)}", prompt, re.MULTILINE)
        if not found:
            self.wrong.append(f"“{title}” is not among the passages")
        return f"[{found[1]}]" if found else ""

    def says(self, user: str, channel: str, text: str, root: str | None = None) -> str:
        """Have somebody write; where it opens a thread in a channel, the bot is mentioned."""
        bot = f"<@{self.on.slack.settings.bot_user}> "
        opens = root is None and channel not in (DM, TEAM_CHANNEL)
        return self.on.slack.say(user, channel, (bot if opens else "") + text, root)

    async def asks(self, user: str, channel: str, text: str, root: str | None = None) -> str:
        """Have a customer write, wait until the bot has answered, and return the thread's root."""
        before = len(self.on.finished(channel))
        said = self.says(user, channel, text, root)
        await self.on.until(lambda: len(self.on.finished(channel)) > before)
        return root or said

    def cards(self, kind: str = "bot_handoff") -> list[dict[str, Any]]:
        """Return the cards of a kind in the team's channel, oldest first."""
        told = self.on.answers(TEAM_CHANNEL)
        return [m for m in told if (m.get("metadata") or {}).get("event_type") == kind]

    async def card(self, root: str, state: str = "open") -> dict[str, Any]:
        """Wait for the card of a conversation to be in a state, and return it."""

        def there() -> dict[str, Any] | None:
            found = [(m, m["metadata"]["event_payload"]) for m in self.cards()]
            about = [m for m, p in found if p["conversation"].endswith(f":{root}") and p["state"] == state]
            return about[-1] if about else None

        return dict(await self.on.until(there))

    def presses(self, user: str, action: str, card: dict[str, Any]) -> None:
        """Have one of the team press a button of a card, as it is now."""
        self.on.slack.press(user, TEAM_CHANNEL, card["ts"], action)

    def buttons(self, card: dict[str, Any]) -> list[str]:
        """Return the labels of a card's buttons, as it is now."""
        (now,) = (m for m in self.on.answers(TEAM_CHANNEL) if m["ts"] == card["ts"])
        return list(_buttons(now.get("blocks") or ()))

    async def passed_on(self, words: str, channel: str, root: str) -> None:
        """Wait until the bot has passed words on into a thread."""
        await self.on.until(lambda: any(words in m["text"] for m in self.on.answers(channel, root)))

    async def quiet(self) -> None:
        """Give the bot the time in which it would have spoken."""
        await asyncio.sleep(0.5)

    async def closes(self) -> None:
        """Have the team go home until nine the next morning."""
        zone = ZoneInfo("Europe/Berlin")
        today = datetime.now(zone).date()
        week = "".join(f'{day} = ["09:00-18:00"]\n' for day in WEEKDAYS)
        file = f'zone = "{zone.key}"\nclosed = [{today}]\n[open]\n{week}'
        (self.home / "hours.toml").write_text(file, encoding="utf-8")
        await asyncio.sleep(CHECK_EVERY + 0.2)

    async def spend(self, share: float) -> None:
        """Have so much of the day's budget spent, as calls of another process would."""
        budget = Budget(self.redis, BUDGET_USD)
        await budget.end(await budget.begin(0.0), share * BUDGET_USD)

    def told(self, words: str) -> list[dict[str, Any]]:
        """Return the bot's messages in the team's channel that hold these words."""
        return [m for m in self.on.answers(TEAM_CHANNEL) if words in spoken(m)]

    def write_down(self, title: str, *threads: tuple[str, str]) -> None:
        """Write a scene down: its title, then each thread as it stands now."""
        lines = [title]
        for channel, root in threads:
            lines += ["", f"  {PLACES[channel]}"]
            for message in self.on.slack.messages(channel, root):
                lines += _shown(message, self.on.slack.settings.bot_user)
        self.pages.append("\n".join(lines))


@asynccontextmanager
async def day(folder: Path, redis_url: str, **settings: Any) -> AsyncIterator[Day]:
    """Open the stage, with everybody in their places, and start the bot."""
    home = folder / "home"
    (home / "prompts").mkdir(parents=True)
    (home / "channels.toml").write_text(f'[channels.{ORDERS}]\nmode = "draft"\n', encoding="utf-8")
    shutil.copytree(Path(__file__).parents[3] / "prompts" / "knowledge", home / "knowledge")
    (home / "knowledge" / "partners.md").write_text(FOR_COLLEAGUES, encoding="utf-8")
    given = {"bot_handoff_channel": TEAM_CHANNEL, "bot_home": home, "redis_url": redis_url, **settings}
    given |= {"bot_daily_budget_usd": BUDGET_USD}
    async with open_state(redis_url) as redis, stage(folder, start=False, **given) as on:
        await redis.flushdb()
        for channel in (HELP, PARTNERS, ORDERS):
            on.slack.invite_bot(channel)
        on.slack.share(PARTNERS)
        for user in (SAM, MIA):
            on.slack.join(user, TEAM_CHANNEL)
        for user, name in NAMES.items():
            on.slack.person(user, name=name, **({"team": "T0OTHER"} if user == LEE else {}))
        today = Day(on, home, redis)
        on.vendor.script.rule = today.reply
        await on.start()
        yield today


def spoken(message: dict[str, Any]) -> str:
    """Return what a message shows, without its buttons."""
    inside = "\n".join(_texts(message.get("blocks") or ()))
    streamed = message.get("streaming_state") == "completed"
    return f"{message['text']}\n{inside}".strip() if streamed or not inside else inside


def _shown(message: dict[str, Any], bot: str) -> Iterator[str]:
    user = str(message["user"])
    who = NAMES.get(user, user)
    if user == bot:
        who = f"{message['username']} (passed on)" if message.get("username") else "Firstline"
    first, *rest = _plain(spoken(message), bot).splitlines() or [""]
    lead = f"    {who}: "
    yield from _wrapped(lead + first)
    for line in rest:
        if line.strip():
            yield from _wrapped(" " * 6 + line.strip())
    if buttons := [label for label in _buttons(message.get("blocks") or ()) if label]:
        yield " " * 6 + " ".join(f"[{label}]" for label in buttons)


def _wrapped(line: str) -> Iterator[str]:
    indent = " " * 6
    while len(line) > WIDTH and (cut := line.rfind(" ", len(indent), WIDTH)) > len(indent):
        yield line[:cut]
        line = indent + line[cut + 1 :]
    yield line


def _plain(text: str, bot: str) -> str:
    def name(found: re.Match[str]) -> str:
        if found["url"]:
            return found["label"]
        return {"@": "@", "#": "", "!": ""}[found["kind"]] + (
            "Firstline"
            if found["id"] == bot
            else NAMES.get(found["id"], PLACES.get(found["id"], found["id"]))
        )

    said = _BOLD.sub(r"\1", _MARKS.sub(name, _DATE.sub("today 18:20", text))).replace(
        ":rotating_light:", "(!)"
    )
    return said.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _texts(blocks: Any) -> Iterator[str]:
    for block in blocks:
        if isinstance(block.get("text"), dict):
            yield str(block["text"]["text"])
        elif isinstance(block.get("text"), str):
            yield block["text"]
        elif block.get("type") == "context":
            yield from (str(part["text"]) for part in block["elements"] if "text" in part)
        elif block.get("type") == "rich_text":
            yield "".join(
                str(part.get("text", "")) for line in block["elements"] for part in line["elements"]
            )


def _buttons(blocks: Any) -> Iterator[str]:
    for block in blocks:
        if block.get("type") == "actions":
            yield from (str(part["text"]["text"]) for part in block["elements"] if "text" in part)
