"""What recording the answers that are missing would cost, before it is begun."""

from __future__ import annotations

from collections.abc import Sequence

from evals.outputs.words import state_of
from evals.suite.estimate import Estimate, estimate
from evals.suite.report import Report
from graph.settings import GraphSettings
from graph.support import load_all_tiers, open_support


async def price_of(settings: GraphSettings, reports: Sequence[Report]) -> Estimate | None:
    """Estimate what the cases without a recording cost, with no key needed; None where there are none."""
    stale = {
        result.case.id: result.case
        for report in reports
        for result in report.results
        if state_of(result) == "stale"
    }
    if not stale:
        return None
    async with open_support(settings.alone, ladder=load_all_tiers(settings)) as support:
        return estimate(list(stale.values()), support)
