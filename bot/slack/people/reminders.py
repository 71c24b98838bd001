"""A handoff that nobody has taken is called to mind below its card, after minutes of opening hours."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from bot.inbox import Item
from bot.people.store import OPEN, Handoff
from bot.slack.api import Refused
from bot.slack.people.handoff import Handoffs
from bot.slack.people.items import REMIND, sign_item
from bot.worker import Lease

log = structlog.get_logger()

_GROUP = re.compile(r"S[A-Z0-9]+")


@dataclass(frozen=True, slots=True)
class Reminders:
    """Finds what is due, and posts it once under the conversation's lease."""

    handoffs: Handoffs
    clock: Callable[[], float] = time.time

    def due(self, handoff: Handoff) -> int:
        """Return how many reminders there should have been by now; 0 where none is wanted any more."""
        hours = self.handoffs.hours
        after = hours.now.remind_after
        if handoff.state != OPEN or not handoff.ts or handoff.reminded >= len(after):
            return 0
        waited_s = hours.seconds(handoff.opened_at, self.clock())
        return sum(waited_s >= minutes * 60 for minutes in after)

    def item(self, handoff: Handoff) -> Item | None:
        """Make the item of a reminder that is due; None where none is."""
        number = self.due(handoff)
        if number <= handoff.reminded:
            return None
        body = {"opened_at": _opened(handoff)}
        return sign_item(REMIND, _name(handoff, number), body, self.clock())

    async def remind(self, lease: Lease, item: Item) -> None:
        """Remind of a handoff, unless somebody has taken it meanwhile or another process reminded of it.

        Raises StateError and a SlackFault.
        """
        handoffs = self.handoffs
        known = await handoffs.store.get(lease.job.thread)
        if known is None or _opened(known) != item.body["opened_at"]:
            return
        number = self.due(known)
        if number <= known.reminded:
            if lease.job.deliveries > 1:
                await handoffs.show(lease, known)  # whoever noted it may have died before the card showed it
            return
        pen = handoffs.pen(lease, known.channel, known.ts)
        again = lease.job.deliveries > 1
        try:
            await handoffs.passing.post(
                pen, _name(known, number), known.opened_at, look=again, text=self._words(known)
            )
        except Refused as refused:
            # The card below which it belongs may be gone: it is posted anew.
            log.warning("reminder.refused", why=refused.why)
        reminded = replace(known, reminded=number)
        await handoffs.store.put(reminded)
        await handoffs.show(lease, reminded)
        log.info("handoff.reminded", conversation=known.conversation, number=number)

    def _words(self, known: Handoff) -> str:
        waited_s = self.handoffs.hours.seconds(known.opened_at, self.clock())
        said = self.handoffs.look_of.say("card_reminder", minutes=str(int(waited_s // 60)))
        group = self.handoffs.group or ""
        # The first one calls those whose job it is; nobody else is disturbed, and nobody twice.
        called = f"<!subteam^{group}> " if known.reminded == 0 and _GROUP.fullmatch(group) else ""
        return f"{called}{said}"


def _name(handoff: Handoff, number: int) -> str:
    return f"remind:{handoff.conversation}:{_opened(handoff)}:{number}"


def _opened(handoff: Handoff) -> str:
    """Return when a handoff was opened, as its card says it too."""
    return f"{handoff.opened_at:.3f}"
