"""What a change does to quality, cost and latency, where a vendor's answers to both are recorded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from evals.preview.flips import CasePair, Preview
from evals.preview.git import unpack
from evals.preview.measurement import Measured
from evals.recording.opening import open_replay
from evals.recording.recording import source_of_all
from evals.recording.store import Store
from evals.suite.case import Case
from evals.suite.comparing import Pair, changes_of
from evals.suite.people import present
from evals.suite.playing import play
from evals.suite.report import CaseResult
from evals.suite.tally import Tally, tally
from graph.knowledge.live import FolderKnowledge
from graph.settings import GraphSettings
from graph.support import load_all_tiers, open_support
from prompts import Edition, FixedPrompts


async def measure(
    preview: Preview, recordings: Path, settings: GraphSettings, articles: FolderKnowledge
) -> Measured:
    """Play the touched cases with both editions on their recordings; asks nobody, spends nothing.

    A case keeps the recordings of one edition: those of a commit are looked for in that commit.
    """
    with TemporaryDirectory() as folder:
        now, then = Store(recordings), Store(recordings)
        recorded = [pair for pair in preview.touched if _live(now, pair.case)]
        if recorded and preview.compared.commit:
            unpack(recordings, preview.compared.commit, Path(folder))
            then = Store(Path(folder))
            recorded = [pair for pair in recorded if _live(then, pair.case)]
        if not recorded:
            return Measured(touched=len(preview.touched))
        cases = [pair.case for pair in recorded]
        before = await _play(cases, preview.compared.before, then, settings, articles)
        after = await _play(cases, preview.compared.after, now, settings, articles)
    return _compared(recorded, before, after, len(preview.touched))


def _compared(
    recorded: Sequence[CasePair], before: Sequence[Tally], after: Sequence[Tally], touched: int
) -> Measured:
    cases = [pair.case for pair in recorded]
    both = [Pair(*three) for three in zip(cases, before, after, strict=True)]
    known = [pair for pair in both if pair.known]
    flips = [_says(pair) for pair in known if _unseen(pair, recorded)]
    names = tuple(pair.case.id for pair in known)
    return Measured(names, touched, changes_of(known, live=True), tuple(flips))


def _live(store: Store, case: Case) -> bool:
    return source_of_all(recording.source for recording in store.of(case.id)) == "live"


async def _play(
    cases: Sequence[Case], edition: Edition, store: Store, settings: GraphSettings, articles: FolderKnowledge
) -> list[Tally]:
    opened = open_replay(load_all_tiers(settings), store, lambda: edition)
    prompts = FixedPrompts(edition)
    found: list[Tally] = []
    async with open_support(
        settings.alone,
        models=opened.models,
        ladder=opened.ladder,
        people=present(opened.models),
        prompts=prompts,
        articles=articles,
    ) as support:
        for case in cases:
            numbers = range(1, case.trials.n + 1)
            trials = [await play(case, number, support, mode="replay", source="live") for number in numbers]
            found.append(tally(CaseResult(case, tuple(trials)), "live"))
    return found


def _unseen(pair: Pair, recorded: Sequence[CasePair]) -> bool:
    """Tell whether a case flips although the rules decide it as before."""
    rules = next(found for found in recorded if found.case.id == pair.case.id)
    return pair.before.escalates != pair.after.escalates and rules.kind in (None, "otherwise")


def _says(pair: Pair) -> str:
    was, now = ("escalates" if t.escalates else "is answered" for t in (pair.before, pair.after))
    return f"{pair.case.id}: by the model's own judgement it {was} before and {now} after."
