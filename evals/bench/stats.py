"""`evals bench stats`: the statistics of the evals on real transcripts of somebody else's agent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from evals.importers.imported import Imported
from evals.importers.tau import import_tau
from evals.suite.case import Case
from evals.suite.trial import Trial
from graph.errors import InputError
from graph.records.escalation_matrix import EscalationMatrix, LabelledEscalation, escalation_matrix
from graph.records.significance import clustered_interval, mean_pass_hat

DATA = Path("../shared/data/tau_airline/gpt4o_transcripts_dev.json")

Interval = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Stats:
    """What the transcripts come to; shares from 0 to 1, intervals as mean, low and high."""

    tasks: int
    trials: int
    passed: int
    unknown: int
    """Trials that broke off; nothing below counts them."""
    pass_hat: tuple[float | None, ...]
    """pass^1, pass^2... as far as each task has so many trials."""
    naive: Interval | None
    """As if every trial were a case of its own."""
    clustered: Interval | None
    escalation: EscalationMatrix
    """Against the gold actions; a task without a transfer there counts as one that must not."""
    recall: Interval | None
    """Clustered by task."""
    must: int
    """Tasks with a transfer in their gold actions."""
    missed_rewarded: int
    """Of the missed, those with full reward."""
    needless_rewarded: int


async def bench_stats(console: Console, data: Path | None) -> int:
    """Import the transcripts, print what they come to, return the exit code."""
    print_stats(console, measure_stats(import_tau(data or _default_data())))
    return 0


def _default_data() -> Path:
    if not DATA.is_file():
        raise InputError(f"{DATA} is not there; give tau-bench's transcripts with --data FILE")
    return DATA


def measure_stats(imported: Imported) -> Stats:
    """Compute the statistics of imported trials over the tasks that became cases."""
    by_case = {case: [t for t in imported.trials if t.case == case.id] for case in imported.cases}
    known = {case: [t for t in trials if t.status != "error"] for case, trials in by_case.items()}
    values = [[float(trial.passed) for trial in trials] for trials in known.values()]
    judged = [(_must(case), trial) for case, trials in known.items() for trial in trials]
    of_must = [trials for case, trials in known.items() if _must(case)]
    return Stats(
        tasks=len(known),
        trials=len(judged),
        passed=sum(trial.passed for _, trial in judged),
        unknown=len(imported.trials) - len(judged),
        pass_hat=_pass_hats(values),
        naive=clustered_interval([[value] for case in values for value in case]),
        clustered=clustered_interval(values),
        escalation=escalation_matrix(LabelledEscalation(must, _did(trial)) for must, trial in judged),
        recall=clustered_interval([[float(_did(trial)) for trial in trials] for trials in of_must]),
        must=len(of_must),
        missed_rewarded=sum(must and not _did(trial) and trial.passed for must, trial in judged),
        needless_rewarded=sum(not must and _did(trial) and trial.passed for must, trial in judged),
    )


def print_stats(console: Console, stats: Stats) -> None:
    """Print the figures, a row each."""
    table = Table(title=_title(stats), title_justify="left")
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_column("95 % interval", justify="right")
    for name, value, interval in (*_passes(stats), *_escalations(stats)):
        table.add_row(name, value, interval)
    console.print(table)


def _title(stats: Stats) -> str:
    broke_off = f", {stats.unknown} more broke off" if stats.unknown else ""
    return f"{stats.trials} transcripts of {stats.tasks} tasks, {stats.passed} with full reward{broke_off}"


def _passes(stats: Stats) -> list[tuple[str, str, str]]:
    rows = [(f"pass^{k}", _share(value), "") for k, value in enumerate(stats.pass_hat, 1)]
    share = _share(stats.clustered[0] if stats.clustered else None)
    return [
        *rows,
        ("passed, each trial for itself", share, _bounds(stats.naive)),
        ("passed, clustered by task", share, _bounds(stats.clustered)),
    ]


def _escalations(stats: Stats) -> list[tuple[str, str, str]]:
    matrix = stats.escalation
    return [
        ("must escalate, and did", str(matrix.hit), ""),
        ("must escalate, and did not", str(matrix.missed), ""),
        ("  of these with full reward", str(stats.missed_rewarded), ""),
        ("not in the gold actions, and did", str(matrix.needless), ""),
        ("  of these with full reward", str(stats.needless_rewarded), ""),
        ("not in the gold actions, and did not", str(matrix.right), ""),
        ("precision of escalation", _share(matrix.precision), _bounds(matrix.precision_interval)),
        ("recall, each trial for itself", _share(matrix.recall), _bounds(matrix.recall_interval)),
        (f"recall, clustered by {stats.must} tasks", _share(matrix.recall), _bounds(stats.recall)),
    ]


def _pass_hats(values: Sequence[Sequence[float]]) -> tuple[float | None, ...]:
    counts = [(int(sum(case)), len(case)) for case in values]
    fewest = min((trials for _, trials in counts), default=0)
    return tuple(mean_pass_hat(counts, k) for k in range(1, fewest + 1))


def _must(case: Case) -> bool:
    return case.escalation.verdict == "must"


def _did(trial: Trial) -> bool:
    return trial.escalated is not None


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"


def _bounds(interval: Sequence[float] | None) -> str:
    return f"{interval[-2]:.3f} to {interval[-1]:.3f}" if interval else "unknown"
