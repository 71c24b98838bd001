"""The team's home tab: what is open, today's figures, and the switch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from bot.control.alarms import Alarms
from bot.control.budget import Budget
from bot.control.drafts import DraftStore
from bot.control.figures import today
from bot.control.pause import EVERYWHERE, Pauses
from bot.ledger import Ledger
from bot.slack.api import Refused
from bot.slack.control.alarm_bell import sentence
from bot.slack.control.blocks import Block, team_view
from bot.slack.handoff import Handoffs
from bot.slack.items import PAUSE
from prompts import Phrases

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TeamHome:
    """Shows the team how things stand, and does what its buttons say."""

    handoffs: Handoffs
    pauses: Pauses
    drafts: DraftStore
    alarms: Alarms
    ledger: Ledger
    phrases: Phrases
    budget: Budget | None

    async def view(self, user: str) -> Block | None:
        """Return the home tab of one of the team; None for anybody else. Raises StateError."""
        if user not in await self.handoffs.staff():
            return None
        await self.pauses.look()
        language = self.handoffs.language
        # What is paused stands above already.
        on = {kind: values for kind, values in (await self.alarms.on()).items() if kind != "paused"}
        return team_view(
            self.phrases, language,
            pauses=self.pauses.all,
            handoffs=await self.handoffs.store.under_way(),
            drafts=await self.drafts.waiting(),
            today=await today(self.ledger, tenant=self.handoffs.team),
            alarms=[sentence(self.phrases, language, kind, values) for kind, values in on.items()],
            budget=(await self.budget.spent_usd(), self.budget.usd) if self.budget else None,
        )  # fmt: skip

    async def switch(self, kind: str, body: Mapping[str, Any]) -> None:
        """Pause the bot everywhere, or lift a pause, and show the presser how things stand then."""
        user = str(body["user"])
        if user not in await self.handoffs.staff():
            log.warning("pause.not_staff", user=user)
            return
        reason = str(body.get("text", "")).strip()
        if kind == PAUSE and reason:
            await self.pauses.pause(EVERYWHERE, user, reason)
        elif kind != PAUSE:
            await self.pauses.resume(str(body["value"]) or EVERYWHERE)
        view = await self.view(user)
        try:
            await self.handoffs.slack.call("views.publish", user_id=user, view=view)
        except Refused as refused:
            log.info("home.refused", method=refused.method, why=refused.why)
