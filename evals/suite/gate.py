"""The gate: a report from a run's results and the accepted baseline, with every reason for its word.

A hard finding (a failing case of high risk, a missed `must`, a broken limit) blocks unless the accepted
baseline has the same case failing the same check: without a baseline, all of them do. What is soft blocks
where exact McNemar calls the loss one, or money or time went up by more than 15 % and the interval of the
difference is above 0. What is not known (no recording, an error) is no pass and no loss: it has words of
its own. Drafts, and in the keyless run cases that need a model, are shown and count nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evals.suite.baseline import Baseline
from evals.suite.comparing import changes_of, confusion
from evals.suite.notes import cases, named, notes_of
from evals.suite.report import CaseResult, Change, Gate, Report, Share, Word
from evals.suite.seen import Seen
from evals.suite.tally import Tally
from evals.suite.trial import Mode, Source
from graph.records.significance import clustered_interval, mean_pass_hat, smallest_visible_loss

ALPHA = 0.05
MOST_ERRORS = 0.02
"""The share of trials in error above which a run does not tell enough."""
MOST_UP = 1.15
"""How much more money or time a conversation may take than before."""
WHAT = {
    "usd": "The cost of a conversation",
    "first_words_ms": "The wait for the first words",
    "total_ms": "The time to the whole answer",
}


def make_report(
    name: str,
    mode: Mode,
    source: Source,
    results: Sequence[CaseResult],
    baseline: Baseline | None,
    *,
    part: bool = False,
) -> Report:
    """Judge a run; `part` tells that it left cases out on purpose.

    Reads the results once, so that they may be read from a file. A baseline of another mode or source is
    not compared.
    """
    same = baseline if baseline and (baseline.mode, baseline.source) == (mode, source) else None
    seen = Seen(mode, source, same)
    for result in results:
        seen.add(result)
    changes = changes_of(seen.pairs, live=source == "live")
    p = next((change.p for change in changes if change.what == "passed"), None)
    tallies = [tally for _, tally in seen.rows]
    spent = tallies if source == "live" else []
    return Report(
        name=name,
        mode=mode,
        source=source,
        results=results,
        gate=_gate(seen, changes, tuple(notes_of(seen, baseline, p=p, part=part))),
        flips=tuple(sorted(seen.flips, key=lambda flip: (not flip.hard, flip.kind != "broke"))),
        passed=_share(tallies),
        pass_hat=_pass_hat(tallies),
        confusion=confusion(seen.rows),
        confusion_before=confusion([(pair.case, pair.before) for pair in seen.pairs]) if same else None,
        changes=changes,
        smallest_visible=smallest_visible_loss(sum(tally.passed is not None for tally in tallies)),
        usd_per_conversation=_per(spent, sum(tally.trials for tally in spent)),
        usd_per_resolved=_per(spent, sum(tally.resolved for tally in spent)),
        usd_per_resolved_assumed=_per(spent, sum(tally.assumed for tally in spent)),
        baseline=same.line if same else "",
    )


def _gate(seen: Seen, changes: Sequence[Change], notes: tuple[str, ...]) -> Gate:
    """Give the word of the gravest reason, and all reasons."""
    so_far = "So far: " if seen.unplayed else ""  # what is known of a part decides nothing about the whole
    losses = [(word, so_far + reason) for word, reason in _losses(seen, changes)]
    found = [*_could_not_run(seen), *_unfinished(seen), *losses, *_unknown(seen)]
    return Gate(found[0][0] if found else "fine", tuple(reason for _, reason in found), notes)


def _could_not_run(seen: Seen) -> Iterator[tuple[Word, str]]:
    if seen.errors and seen.errors == seen.trials:
        yield "could_not_run", f"Every trial ended in an error; the first one: {seen.problem}"


def _unfinished(seen: Seen) -> Iterator[tuple[Word, str]]:
    if seen.unplayed:
        of = seen.trials + seen.unplayed
        why = "the budget was spent, or the run was stopped"
        yield "unfinished", f"{seen.unplayed} of {of} trials were not played: {why}."


def _losses(seen: Seen, changes: Sequence[Change]) -> Iterator[tuple[Word, str]]:
    if seen.blocking:
        each = [f"{case} ({', '.join(checks)})" for case, checks in seen.blocking.items()]
        fails = "must not fail, and does" if len(each) == 1 else "must not fail, and do"
        yield "regressed", f"{cases(len(each))} {fails}: {named(each)}"
    for change in changes:
        if reason := _lost(seen, change) if change.what == "passed" else _dearer(change):
            yield "regressed", reason


def _lost(seen: Seen, change: Change) -> str:
    broke, fixed = sum(pair.broke for pair in seen.pairs), sum(pair.fixed for pair in seen.pairs)
    if broke <= fixed or change.p is None or change.p >= ALPHA:
        return ""
    return f"{cases(broke)} broke and {fixed} got fixed: more than chance (p = {change.p:.3f})."


def _dearer(change: Change) -> str:
    if not change.before or change.after is None or change.low is None:
        return ""
    times = change.after / change.before
    if times <= MOST_UP or change.low <= 0:
        return ""
    return f"{WHAT[change.what]} went up by {times - 1:.0%}, and may by {MOST_UP - 1:.0%}."


def _unknown(seen: Seen) -> Iterator[tuple[Word, str]]:
    for changed, number in seen.stale.most_common():
        why = f"{', '.join(changed)} changed" if changed else "New, or never recorded"
        have = "has" if number == 1 else "have"
        yield "not_re_recorded", f"{why}: {number} of {cases(len(seen.rows))} {have} no recording."
    if MOST_ERRORS * seen.trials < seen.errors < seen.trials:
        share = f"{seen.errors} of {seen.trials} trials ended in an error ({seen.errors / seen.trials:.1%})"
        yield "too_little_data", f"{share}; the first one: {seen.problem}"
    if not seen.rows:
        yield "too_little_data", "No case counts: all of them are drafts, or need a model."


def _share(tallies: Sequence[Tally]) -> Share:
    """Return the mean over cases: one that is played more often counts no more than another."""
    shares = [tally.passes / tally.trials for tally in tallies if tally.trials]
    interval = clustered_interval([[share] for share in shares])
    if interval is None:
        return Share(shares[0] if shares else None, None, None, len(shares))
    mean, low, high = interval
    return Share(mean, max(0.0, low), min(1.0, high), len(shares))


def _pass_hat(tallies: Sequence[Tally]) -> tuple[float | None, ...]:
    known = [(tally.passes, tally.trials) for tally in tallies if tally.trials]
    fewest = min((trials for _, trials in known), default=0)
    return tuple(mean_pass_hat(known, k) for k in range(1, fewest + 1))


def _per(tallies: Sequence[Tally], number: int) -> float | None:
    """Divide what all trials cost by a number of them; None where a cost is unknown."""
    known = [tally for tally in tallies if tally.trials]
    costs = [tally.usd * tally.trials for tally in known if tally.usd is not None]
    return sum(costs) / number if number and len(costs) == len(known) else None
