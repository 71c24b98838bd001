"""A reminder that was noted by somebody who died before the card showed it: it shows it now, once."""

from __future__ import annotations

import time
from dataclasses import replace

from bot.inbox import Job
from bot.people.hours import ALWAYS
from bot.people.store import Handoff
from bot.slack.people.reminders import Reminders
from bot.worker import Lease
from tests.bot.slack.people.test_reachable import opened
from tests.bot.slack.serving import TEAM_CHANNEL


async def test_what_was_noted_and_not_shown_is_shown() -> None:
    async with opened() as (sim, slack, handoffs):
        handoffs.hours._hours = replace(ALWAYS, remind_after=(1.0,))
        card = await slack.call("chat.postMessage", channel=TEAM_CHANNEL, text="card")
        known = Handoff(
            "T0SIM:D0CUSTOMER:1.000100", "U0CUSTOMER", channel=TEAM_CHANNEL, ts=str(card["ts"]),
            opened_at=time.time() - 90, reminded=0,
        )  # fmt: skip
        reminders = Reminders(handoffs)
        item = reminders.item(known)
        assert item is not None
        await handoffs.store.put(replace(known, reminded=1))
        for deliveries, shown in ((1, 0), (2, 1)):
            job = Job(known.conversation, "t", 1, deliveries, (item,), time.monotonic() + 60)
            await reminders.remind(Lease(job), item)
            assert len([call for call in sim.calls_of("chat.update") if call.ok]) == shown
        assert len(sim.calls_of("chat.postMessage")) == 1
        (message,) = sim.messages(TEAM_CHANNEL)
        assert message["metadata"]["event_payload"]["reminded"] == 1
