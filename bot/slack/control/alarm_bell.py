"""Tells the team what it must hear of, once for all processes, and once more when it is over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from bot.control.alarms import Alarms, Kind, News, unclaimed
from bot.control.budget import ALARM, Budget
from bot.control.pause import Pauses
from bot.slack.api import SlackFault
from bot.slack.control.blocks import dollars, person, place, words
from bot.slack.handoff import Handoffs
from bot.slack.message import NO_UNFURL
from graph.errors import StateError
from graph.models.pool import ModelPool
from graph.tasks import end
from prompts import Phrases

log = structlog.get_logger()

LOOK_S = 15.0


@dataclass(slots=True)
class AlarmBell:
    """Looks again and again; a Redis or a channel that is away is tried anew."""

    alarms: Alarms
    handoffs: Handoffs
    pauses: Pauses
    phrases: Phrases
    models: ModelPool
    budget: Budget | None = None
    every_s: float = LOOK_S
    clock: Callable[[], float] = time.time
    _loop: asyncio.Task[None] | None = field(default=None)

    def open(self) -> None:
        """Begin, where there is a channel to tell it in."""
        if self.handoffs.channel is not None:
            self._loop = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Stop."""
        await end(self._loop)

    async def _watch(self) -> None:
        while True:
            try:
                await self.look()
            except StateError as error:
                log.debug("alarms.redis_away", why=str(error))
            await asyncio.sleep(self.every_s)

    async def look(self) -> None:
        """Tell what has begun or is over since the last look of any process; raises StateError."""
        for news in await self.alarms.news(await self._found()):
            log.warning("alarm.on" if news.on else "alarm.over", kind=news.kind)
            if await self._post(news):
                await self.alarms.told(news)
            else:
                await self.alarms.untold(news)

    async def _found(self) -> dict[Kind, Mapping[str, str]]:
        found: dict[Kind, Mapping[str, str]] = {}
        if paused := self.pauses.all:
            first = paused[0]
            found["paused"] = {"scope": first.scope, "by": first.by, "reason": first.reason}
        down = await self.alarms.report_failing(f"{vendor} {model}" for vendor, model in self.models.down())
        if down:
            found["vendor"] = {"names": ", ".join(sorted(down))}
        if dead := await self.alarms.dead():
            found["dead"] = {"count": str(dead)}
        handoffs, between = self.handoffs, self.handoffs.hours.seconds
        if late := unclaimed(await handoffs.store.under_way(), self.clock(), between):
            found["unclaimed"] = {"count": str(late[0]), "minutes": str(late[1])}
        if handoffs.help_desk and (lost := await handoffs.help_desk.outbox.lost()):
            found["help_desk"] = {"count": str(lost)}
        if self.budget and (share := await self.budget.share()) >= ALARM:
            found["budget"] = {"percent": f"{share:.0%}".rstrip("%"), "budget": dollars(self.budget.usd)}
        return found

    async def _post(self, news: News) -> bool:
        language = self.handoffs.language
        said = sentence(self.phrases, language, news.kind, news.values)
        said = said if news.on else self.phrases.say("alarm_over", language, what=said)
        channel, text = self.handoffs.channel, f":rotating_light: {said}" if news.on else said
        await self.handoffs.limiter.wait(self.handoffs.team, "chat.postMessage", channel, at_most=30.0)
        try:
            await self.handoffs.slack.call("chat.postMessage", channel=channel, text=text, **NO_UNFURL)
        except SlackFault as fault:
            log.warning("alarm.untold", kind=news.kind, why=fault.why)
            return False
        return True


def sentence(phrases: Phrases, language: str, kind: Kind, values: Mapping[str, str]) -> str:
    """Say what an alarm is about."""
    if kind != "paused":
        return phrases.say(f"alarm_{kind}", language, **values)
    said: dict[str, Any] = {
        "where": place(phrases, language, values["scope"]),
        "person": person(values["by"]),
        "reason": words(values["reason"], 600),
    }
    return phrases.say("alarm_paused", language, **said)
