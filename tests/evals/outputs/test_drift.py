"""Drift is found where it was planted, and hardly ever where it was not; only what is alike is compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evals.outputs.drift import ALPHA, find_drift
from evals.outputs.drift_words import issue, render, says
from evals.outputs.history import Night, add_nights, nights_of, read_history
from evals.suite.run_info import RunInfo
from graph.command_line import make_console
from graph.errors import InputError
from graph.knowledge.live import FolderKnowledge
from graph.settings import GraphSettings
from graph.support import SAMPLE_SHOP, open_articles
from tests.evals.outputs.reports import report

MODELS = {"small": "claude-haiku-5-5", "large": "claude-sonnet-5-5"}
TRIALS = 3


def history(
    nights: int, cases: int, seed: int, *, lost: float = 0.0, since: int | None = None, cost: float = 1.0
) -> list[Night]:
    """Draw nights in which each case passes with a chance of its own, less `lost` from night `since` on."""
    draw = np.random.default_rng(seed)
    chances = draw.beta(4, 1, cases)
    since = nights - 1 if since is None else since
    return [
        night(
            at,
            case,
            int(draw.binomial(TRIALS, max(0.0, chances[case] - (lost if at >= since else 0.0)))),
            escalated=int(draw.binomial(TRIALS, 0.15)),
            usd=float(0.002 * draw.lognormal(0, 0.1) * (cost if at >= since else 1.0)),
        )
        for at in range(nights)
        for case in range(cases)
    ]


def night(at: int, case: int, passes: int, *, escalated: int = 0, usd: float | None = 0.002) -> Night:
    return Night(
        run=f"run-{at:03d}",
        at=f"2026-11-{at + 1:03d}T03:15:00Z",
        case=f"case-{case}",
        like="abc",
        models=MODELS,
        source="live",
        trials=TRIALS,
        passes=passes,
        escalated=escalated,
        usd=usd,
        first_words_ms=400.0,
    )


def test_false_alarms_stay_within_what_is_said() -> None:
    alarms = sum(find_drift(history(12, 20, seed)).drifted for seed in range(200))
    # Twice the stated two of 200, and some: at one of a hundred, more than 6 are drawn in 1 of 200 tries.
    assert alarms <= 6


def test_false_alarms_over_a_month_stay_within_what_is_said() -> None:
    assert sum(find_drift(history(36, 20, seed)).drifted for seed in range(30)) <= 2


def test_a_model_that_got_worse_overnight_is_found() -> None:
    found = [find_drift(history(9, 60, seed, lost=0.25)) for seed in range(20)]
    drifted = [{s.measure for s in drift.shifts if s.drifted} for drift in found]
    assert sum("passed" in measures for measures in drifted) >= 19
    assert sum(len(measures - {"passed"}) for measures in drifted) <= 2


def test_a_model_that_creeps_is_found_in_its_week() -> None:
    found = [find_drift(history(36, 60, seed, lost=0.08, since=29)) for seed in range(4)]
    assert sum(drift.drifted for drift in found) >= 3
    assert any(shift.window.recent == 7 for shift in found[0].shifts if shift.drifted)


def test_a_model_that_got_dearer_is_found() -> None:
    drift = find_drift(history(9, 60, 1, cost=1.1))
    assert [shift.measure for shift in drift.shifts if shift.drifted] == ["usd"]


def test_the_same_history_gives_the_same_p() -> None:
    nights = history(9, 30, 3)
    assert find_drift(nights) == find_drift(nights)


def test_p_is_exact_where_it_can_be_counted() -> None:
    """Five cases that pass in three nights and fail in the fourth: 1 of 4 deals each, all at once."""
    nights = [night(at, case, 0 if at == 3 else 3) for at in range(4) for case in range(5)]
    shift = next(s for s in find_drift(nights).shifts if s.measure == "passed")
    assert (shift.before, shift.recent) == (1.0, 0.0)
    assert shift.p == pytest.approx(1 / 4**5, abs=6e-4)


@pytest.mark.parametrize(
    "other",
    [
        {"like": "def"},
        {"source": "stand-in"},
        {"models": {"small": "claude-haiku-5-6"}},
        {"models": {}},
        {"trials": 0, "passes": 0},
    ],
)
def test_what_is_not_alike_is_not_compared(other: dict[str, object]) -> None:
    nights = history(9, 30, 1)
    last = [n for n in nights if n.run == "run-008"]
    before = [replace(n, **other) for n in nights if n.run != "run-008"]  # type: ignore[arg-type]
    drift = find_drift([*before, *last])
    assert drift.shifts == ()
    assert says(drift).startswith("Too little data: 9 nights so far")


def test_a_tier_that_was_not_asked_changes_no_model() -> None:
    nights = history(9, 30, 1)
    small = [replace(n, models={"small": MODELS["small"]}) if n.run == "run-008" else n for n in nights]
    assert find_drift(small).shifts


def test_an_empty_history_is_too_little() -> None:
    assert says(find_drift([])).startswith("Too little data")


def test_the_terminal_and_the_issue_name_model_cases_and_figures() -> None:
    drift = find_drift(history(9, 60, 1, lost=0.3))
    console = make_console()
    with console.capture() as captured:
        console.print(render(drift))
    told = captured.get()
    assert (
        "Drift: claude-sonnet-5-5 (large), claude-haiku-5-5 (small) no longer answers as before"
        in " ".join(told.split())
    )
    title, body = issue(drift, "evals", "https://x.example/1")
    assert title == "Evals: claude-haiku-5-5, claude-sonnet-5-5 answers otherwise than before"
    assert body.startswith("<!-- firstline-evals:drift-evals -->\n")
    assert f"at most {ALPHA:.0%} of nights" in body
    assert drift.shifts[0].moved[0].case in body
    assert len(body) < 65_000


def info() -> RunInfo:
    return RunInfo(
        id="20261126-031500-live",
        mode="live",
        source="live",
        suite="cases",
        folder="cases",
        only=(),
        times=None,
        cases="",
        bot="",
        started="2026-11-26T03:15:00Z",
        finished=True,
    )


def articles() -> FolderKnowledge:
    return open_articles(GraphSettings(_env_file=None), SAMPLE_SHOP)  # type: ignore[call-arg]


def test_a_run_becomes_lines_and_is_added_once(tmp_path: Path) -> None:
    file = tmp_path / "history" / "evals.jsonl"
    nights = nights_of(info(), report().results, articles())
    assert [n.case for n in nights] == ["greeting", "late-refund", "shoes", "window", "a-draft"]
    shoes = nights[2]
    assert (shoes.trials, shoes.passes, shoes.escalated) == (3, 1, 0)
    assert shoes.models == {"small": "claude-haiku-5-5", "person": "claude-haiku-5-5"}
    assert add_nights(file, nights) is True
    assert add_nights(file, nights) is False
    assert read_history(file) == (nights, "")


def test_another_prompt_or_case_or_passage_is_not_alike() -> None:
    (first, *_) = report().results
    [plain] = nights_of(info(), [first], articles())
    turn = first.trials[0].turns[0]
    call = replace(turn.record.calls[0], prompt_versions={"answer": "ffff"})
    other_prompt = replace(turn, record=replace(turn.record, calls=(call,)))
    other_passages = replace(turn, passages=("returns/exchanges.md#shoes",))
    likes = {plain.like}
    for played in (other_prompt, other_passages):
        changed = replace(first, trials=(replace(first.trials[0], turns=(played,)),))
        likes.add(nights_of(info(), [changed], articles())[0].like)
    edited = replace(first, case=replace(first.case, risk="high"))
    likes.add(nights_of(info(), [edited], articles())[0].like)
    assert len(likes) == 4


def test_a_torn_line_is_said_and_taken_away(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    nights = history(2, 1, 1)
    add_nights(file, nights[:1])
    with file.open("a", encoding="utf-8") as torn:
        torn.write('{"run": "x')
    found, note = read_history(file)
    assert found == nights[:1]
    assert note == f"{file}:2: the last line was cut off and is skipped."
    add_nights(file, nights[1:])
    assert read_history(file) == (nights, "")


def test_a_line_that_is_none_is_named(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    file.write_text("{}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"history\.jsonl:1: this is no line of a history: run is missing"):
        read_history(file)
