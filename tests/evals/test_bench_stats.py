"""`evals bench stats`: each figure computed a second time, from the JSON alone and by other formulas."""

from __future__ import annotations

import json
from itertools import combinations
from math import isclose, sqrt
from pathlib import Path
from typing import Any

import pytest

from evals.bench.stats import Stats, measure_stats
from evals.commands import app
from evals.importers.imported import Imported
from evals.importers.tau import import_tau
from tests.cli import invoke
from tests.shared_data import shared_data

T_24, T_99, T_1 = 2.0638985616, 1.9842169516, 12.7062047362
"""97.5 % quantiles of Student's t, from a table."""
TRANSFER = "transfer_to_human_agents"


@pytest.fixture(scope="module")
def runs() -> list[dict[str, Any]]:
    text = shared_data("tau_airline/gpt4o_transcripts_dev.json").read_text(encoding="utf-8")
    value: list[dict[str, Any]] = json.loads(text)
    return value


@pytest.fixture(scope="module")
def stats() -> Stats:
    return measure_stats(import_tau(shared_data("tau_airline/gpt4o_transcripts_dev.json")))


def by_task(runs: list[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    return {task: [r for r in runs if r["task_id"] == task] for task in {r["task_id"] for r in runs}}


def gold(run: dict[str, Any]) -> bool:
    return TRANSFER in [action["name"] for action in run["info"]["task"]["actions"]]


def transferred(run: dict[str, Any]) -> bool:
    return any(m["role"] == "tool" and m["name"] == TRANSFER for m in run["traj"])


def wilson_by_search(part: int, whole: int) -> tuple[float, float]:
    """Find the shares from which the observed one is 1.96 standard errors away."""

    def far(share: float) -> bool:
        return abs(part / whole - share) > 1.959963984540054 * sqrt(share * (1 - share) / whole)

    inside = [share / 100_000 for share in range(1, 100_000) if not far(share / 100_000)]
    return inside[0], inside[-1]


def jackknife(groups: list[list[float]]) -> float:
    """Return the standard error of the mean from leaving out one group of equal size at a time."""
    means = []
    for left_out in range(len(groups)):
        rest = [value for at, group in enumerate(groups) if at != left_out for value in group]
        means.append(sum(rest) / len(rest))
    centre = sum(means) / len(means)
    return sqrt((len(groups) - 1) / len(groups) * sum((mean - centre) ** 2 for mean in means))


def test_the_transcripts_are_25_tasks_with_4_trials_each(stats: Stats, runs: list[dict[str, Any]]) -> None:
    assert (stats.tasks, stats.trials, stats.unknown) == (25, 100, 0) == (len(by_task(runs)), len(runs), 0)
    assert {len(trials) for trials in by_task(runs).values()} == {4}
    assert stats.passed == sum(r["reward"] > 0.5 for r in runs)


def test_pass_hat_is_the_share_of_all_draws_of_trials_that_all_passed(
    stats: Stats, runs: list[dict[str, Any]]
) -> None:
    expected = []
    for k in (1, 2, 3, 4):
        shares = []
        for trials in by_task(runs).values():
            draws = [all(r["reward"] > 0.5 for r in draw) for draw in combinations(trials, k)]
            shares.append(sum(draws) / len(draws))
        expected.append(sum(shares) / len(shares))
    assert stats.pass_hat == pytest.approx(tuple(expected), abs=1e-12)


def test_the_naive_interval_takes_each_trial_for_itself(stats: Stats, runs: list[dict[str, Any]]) -> None:
    mean = sum(r["reward"] for r in runs) / len(runs)
    error = sqrt(mean * (1 - mean) / (len(runs) - 1))
    assert stats.naive == pytest.approx((mean, mean - T_99 * error, mean + T_99 * error), abs=1e-9)


def test_the_clustered_interval_is_that_of_the_jackknife_over_tasks(
    stats: Stats, runs: list[dict[str, Any]]
) -> None:
    groups = [[float(r["reward"]) for r in trials] for trials in by_task(runs).values()]
    mean = sum(r["reward"] for r in runs) / len(runs)
    margin = T_24 * jackknife(groups)
    assert stats.clustered == pytest.approx((mean, mean - margin, mean + margin), abs=1e-9)


def test_the_confusion_is_that_of_a_loop_over_the_file(stats: Stats, runs: list[dict[str, Any]]) -> None:
    counts = {(must, did): 0 for must in (True, False) for did in (True, False)}
    for run in runs:
        counts[gold(run), transferred(run)] += 1
    matrix = stats.escalation
    assert (matrix.hit, matrix.missed) == (counts[True, True], counts[True, False])
    assert (matrix.needless, matrix.right) == (counts[False, True], counts[False, False])
    assert (matrix.precision, matrix.recall) == (
        counts[True, True] / (counts[True, True] + counts[False, True]),
        counts[True, True] / (counts[True, True] + counts[True, False]),
    )
    assert min(counts.values()) > 0


def test_the_bounds_of_precision_and_recall_are_found_by_a_search(
    stats: Stats, runs: list[dict[str, Any]]
) -> None:
    hits = sum(gold(run) and transferred(run) for run in runs)
    all_did, all_must = sum(map(transferred, runs)), sum(map(gold, runs))
    assert stats.escalation.precision_interval == pytest.approx(wilson_by_search(hits, all_did), abs=2e-5)
    assert stats.escalation.recall_interval == pytest.approx(wilson_by_search(hits, all_must), abs=2e-5)


def test_recall_over_its_few_tasks_is_hardly_known(stats: Stats, runs: list[dict[str, Any]]) -> None:
    groups = [[float(transferred(r)) for r in t] for t in by_task(runs).values() if gold(t[0])]
    mean, margin = sum(map(sum, groups)) / 8, T_1 * jackknife(groups)
    assert stats.must == len(groups) == 2
    assert stats.recall == pytest.approx((mean, max(0.0, mean - margin), min(1.0, mean + margin)), abs=1e-9)


def test_the_reward_does_not_see_escalation(stats: Stats, runs: list[dict[str, Any]]) -> None:
    missed = [r for r in runs if gold(r) and not transferred(r)]
    needless = [r for r in runs if not gold(r) and transferred(r)]
    assert stats.missed_rewarded == len([r for r in missed if isclose(r["reward"], 1.0)])
    assert stats.needless_rewarded == len([r for r in needless if isclose(r["reward"], 1.0)])


def test_the_command_prints_the_figures_aligned(tmp_path: Path, stats: Stats) -> None:
    file = shared_data("tau_airline/gpt4o_transcripts_dev.json")
    ran = invoke(app, tmp_path, "bench", "stats", "--data", str(file))
    assert ran.exit_code == 0
    assert ran.stdout.startswith(f"100 transcripts of 25 tasks, {stats.passed} with full reward")
    assert stats.clustered is not None
    rows = [line for line in ran.stdout.splitlines() if line.startswith("│")]
    assert len({len(row) for row in rows}) == 1
    (clustered,) = (row for row in rows if "passed, clustered" in row)
    assert f"{stats.clustered[1]:.3f} to {stats.clustered[2]:.3f}" in clustered


def test_without_the_file_it_says_so(tmp_path: Path) -> None:
    ran = invoke(app, tmp_path, "bench", "stats")
    assert ran.exit_code == 2
    assert "is not there; give tau-bench's transcripts with --data FILE" in ran.stderr


def test_a_run_that_broke_off_counts_nowhere_and_is_said(tmp_path: Path, runs: list[dict[str, Any]]) -> None:
    broken = {**runs[0], "info": {**runs[0]["info"], "error": "429"}}
    (tmp_path / "runs.json").write_text(json.dumps([broken, *runs[1:]]), encoding="utf-8")
    ran = invoke(app, tmp_path, "bench", "stats", "--data", "runs.json")
    assert ran.stdout.startswith("99 transcripts of 25 tasks")
    assert "1 more broke off" in ran.stdout
    assert "pass^4" not in ran.stdout


def test_nothing_known_prints_unknown() -> None:
    stats = measure_stats(Imported(()))
    assert (stats.tasks, stats.pass_hat, stats.clustered, stats.escalation.recall) == (0, (), None, None)
