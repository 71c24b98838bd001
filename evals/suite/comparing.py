"""A run against its baseline: what flipped, in plain words, and what changed in numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from evals.suite.baseline import Baseline, Kept, trial_of
from evals.suite.case import Case, To
from evals.suite.checks_escalation import PLACES
from evals.suite.report import CaseResult, Change, Flip, FlipKind
from evals.suite.tally import Tally, shown
from evals.suite.trial import Trial
from graph.records.escalation_matrix import EscalationMatrix
from graph.records.significance import mcnemar_exact, paired_bootstrap

NUMBERS = ("usd", "first_words_ms", "total_ms")


@dataclass(frozen=True, slots=True)
class Pair:
    """A case as it was accepted and as it is now, not edited between."""

    case: Case
    before: Tally
    after: Tally

    @property
    def broke(self) -> bool:
        """Whether it passed and no longer does."""
        return self.before.passed is True and self.after.passed is False

    @property
    def fixed(self) -> bool:
        """Whether it failed and now passes."""
        return self.before.passed is False and self.after.passed is True

    @property
    def known(self) -> bool:
        """Whether both say something."""
        return self.before.passed is not None and self.after.passed is not None

    @property
    def kinds(self) -> Iterator[FlipKind]:
        """How it flipped."""
        if self.broke:
            yield "broke"
        if self.fixed:
            yield "fixed"
        if self.known and self.before.escalates != self.after.escalates:
            yield "now_escalates" if self.after.escalates else "no_longer_escalates"


def flips_of(pair: Pair, result: CaseResult, kept: Kept, baseline: Baseline, *, hard: bool) -> Iterator[Flip]:
    """Yield the flips of a case, in words; `hard` tells that it blocks by itself."""
    after = shown(result)
    if after is None:
        return
    before = trial_of(kept, baseline.mode, baseline.source)
    for kind in pair.kinds:
        blocks = hard and kind in ("broke", "no_longer_escalates")
        yield Flip(pair.case.id, kind, _says(kind, before, after), before, after, blocks)


def changes_of(pairs: Sequence[Pair], *, live: bool) -> tuple[Change, ...]:
    """Return the differences over the cases of both; money and time only of live ones."""
    known = [pair for pair in pairs if pair.known]
    if not known:
        return ()
    broke, fixed = sum(pair.broke for pair in known), sum(pair.fixed for pair in known)
    shares = [(p.before.passes / p.before.trials, p.after.passes / p.after.trials) for p in known]
    found = [_change("passed", shares, mcnemar_exact(broke, fixed))]
    for what in NUMBERS if live else ():
        values = [(getattr(pair.before, what), getattr(pair.after, what)) for pair in known]
        found.append(_change(what, [(b, a) for b, a in values if b is not None and a is not None]))
    return tuple(found)


def confusion(pairs: Sequence[tuple[Case, Tally]]) -> EscalationMatrix:
    """Count where trials went against where they belong."""
    must = [tally for case, tally in pairs if case.escalation.verdict == "must"]
    must_not = [tally for case, tally in pairs if case.escalation.verdict == "must_not"]
    hit, needless = sum(t.reached for t in must), sum(t.escalated for t in must_not)
    return EscalationMatrix(
        hit=hit,
        missed=sum(t.trials for t in must) - hit,
        needless=needless,
        right=sum(t.trials for t in must_not) - needless,
        late=sum(t.late for t in must),
    )


def _change(what: str, values: Sequence[tuple[float, float]], p: float | None = None) -> Change:
    if not values:
        return Change(what, None, None, None, None, None, p)
    before, after = [b for b, _ in values], [a for _, a in values]
    interval = paired_bootstrap(before, after)
    low, high = interval[1:] if interval else (None, None)
    return Change(what, fmean(before), fmean(after), fmean(after) - fmean(before), low, high, p)


def _says(kind: FlipKind, before: Trial | None, after: Trial) -> str:
    was, now = _went(before.escalated if before else None), _went(after.escalated)
    if kind == "broke":
        problem = after.findings[0].says if after.findings else "not as often as it must."
        where = f" (turn {after.findings[0].turn})" if after.findings and after.findings[0].turn else ""
        return f"It passed and now fails: {problem}{where}"
    if kind == "fixed":
        return "It failed and now passes."
    return f"It {was} and now {now}: {_why(after if after.escalated else before)}"


def _went(to: To | None) -> str:
    return f"goes to {PLACES[to]}" if to else "is answered by the first tier"


def _why(trial: Trial | None) -> str:
    """Return the reason of the turn that went highest."""
    turns = [turn for turn in trial.turns if turn.escalated == trial.escalated] if trial else []
    return turns[0].reason if turns else "no reason is known."
