"""`evals bench turn` measures what it says: its parts run, its sums are right. No figure is judged here."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.progress import Progress

from evals.bench.figures import Figure, figures_table
from evals.bench.turn import Bench, _imports, _one_at_a_time, _sample
from evals.bench.vendor import Seen


def test_each_piece_is_timed_from_its_writing_to_the_delta_that_holds_its_end() -> None:
    seen = Seen(arrived=10.004, words_at=[10.010, 10.020, 10.030])
    deltas = [(10.011, 3), (10.0215, 8), (10.033, 12)]
    sample = _sample((10.0, deltas, 7.5), seen)
    assert sample.before_ms == pytest.approx(4)
    assert sample.out_ms == pytest.approx([11.5, 1.5, 3])
    assert sample.cpu_ms == 7.5


def test_a_figure_over_its_limit_is_said_to_be_over() -> None:
    out = io.StringIO()
    Console(file=out, width=100).print(figures_table("t", [Figure("a", 1, "ms", 2), Figure("b", 3, "ms", 2)]))
    rows = [line for line in out.getvalue().splitlines() if line.startswith("│ ")]
    assert "ok" in rows[0]
    assert "over" in rows[1]


@pytest.mark.parametrize("provider", ["anthropic", "openai"])
async def test_a_turn_is_measured_through_the_real_adapter_in_front_of_a_stand_in_process(
    provider: str,
) -> None:
    with Progress(disable=True) as progress:
        bench = Bench(2, progress)
        await _one_at_a_time(bench, provider)
    assert [figure.unit for figure in bench.figures] == ["ms"] * 4
    assert all(0 < figure.value < 60_000 for figure in bench.figures)


def test_what_is_not_needed_is_not_imported() -> None:
    with Progress(disable=True) as progress:
        bench = Bench(2, progress)
        _imports(bench)  # fails where an SDK is imported without its key
    assert [figure.unit for figure in bench.figures] == ["ms", "MB"]
