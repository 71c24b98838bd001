"""`evals bench suite`: what cases take in bulk, the shipped ones without a key, and a preview of a rule."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import Progress

from evals.bench.figures import Figure, figures_table
from evals.bench.serving import clean_environment
from evals.bench.suite_overhead import Overhead, many_cases, measure_overhead
from evals.suite.case_file import load_cases
from evals.suite.suites import SHIPPED
from graph.command_line import FINE, FOUND_WANTING
from graph.errors import InputError
from prompts.folder import SHIPPED as PROMPTS

OVERHEAD_MS, GROWTH_MB, KEYLESS_S, PREVIEW_S = 3.0, 10.0, 60.0, 5.0
EDIT = ("at_least: 2 ", "at_least: 1 ")
"""Of a rule in escalation.md: a single signal of a complex question is enough."""


async def bench_suite(console: Console, *, cases: int, trials: int) -> int:
    """Print the figures; returns 1 where one is over its limit."""
    shipped = load_cases(SHIPPED)
    with (
        TemporaryDirectory(prefix="suite-") as made,
        Progress(console=Console(stderr=True), transient=True) as progress,
    ):
        folder = Path(made)
        task = progress.add_task("all shipped cases without a key, and a preview", total=2)
        figures: list[Figure] = []
        for measure in (keyless, preview):
            figures += measure(folder, len(shipped))
            progress.advance(task)
        many = many_cases(shipped, cases, trials)
        task = progress.add_task(f"{cases:,} cases, bare and as a run", total=2 * cases * trials)
        figures += in_bulk(await measure_overhead(many, folder, partial(progress.advance, task)))
    console.print(figures_table(f"{cases:,} cases x {trials} trials against a stand-in", figures))
    return FINE if all(figure.fine for figure in figures) else FOUND_WANTING


def in_bulk(found: Overhead) -> list[Figure]:
    """Return the figures of the trials that were played both ways."""
    early, late = found.early, found.rounds[-1]
    rows = (
        ("bare loop: CPU a trial, median of rounds", found.bare_ms, "ms", None),
        ("playing, checking, writing: beside it, median of differences", found.beside_ms, "ms", None),
        ("judging the run, writing its reports: CPU a trial", found.report_ms, "ms", None),
        ("the harness in all: CPU a trial", found.beside_ms + found.report_ms, "ms", OVERHEAD_MS),
        (f"memory after {early.played:,} trials of a run", early.rss_mb, "MB", None),
        (f"memory that {late.played - early.played:,} more add", late.rss_mb - early.rss_mb, "MB", GROWTH_MB),
        ("trials that ended in an error", found.void, "", 0),
    )
    return [Figure(*row) for row in rows]


def keyless(folder: Path, cases: int) -> list[Figure]:
    """Time `evals run`, whatever its gate says."""
    name = f"evals run, {cases} shipped cases without a key"
    return _timed(name, KEYLESS_S, folder, "run", "--out", str(folder / "keyless"))


def preview(folder: Path, cases: int) -> list[Figure]:
    """Time `evals preview` of a changed rule; raises InputError where it changes nothing."""
    before, after = PROMPTS / "escalation.md", folder / "escalation.md"
    after.write_text(before.read_text(encoding="utf-8").replace(*EDIT), encoding="utf-8")
    words = ("preview", str(after), "--against", str(before), "--check")
    return _timed(f"evals preview of a rule, {cases} cases", PREVIEW_S, folder, *words, fine=(FOUND_WANTING,))


def _timed(
    name: str, at_most_s: float, folder: Path, *words: str, fine: tuple[int, ...] = (FINE, FOUND_WANTING)
) -> list[Figure]:
    """Run a command with nobody's settings; its CPU tells whether it is slow, or only had to wait."""
    command = [sys.executable, "-m", "evals", *words]
    cpu, began = _cpu_of_children_s(), time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=clean_environment(), capture_output=True, text=True, check=False
    )
    took, cpu = time.perf_counter() - began, _cpu_of_children_s() - cpu
    if done.returncode not in fine:
        said = (done.stderr or done.stdout).strip()
        raise InputError(
            f"evals {words[0]} ended with {done.returncode}, so it was not timed; it said: {said}"
        )
    return [Figure(f"{name}: start to end", took, "s", at_most_s), Figure(f"{name}: CPU", cpu, "s")]


def _cpu_of_children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
