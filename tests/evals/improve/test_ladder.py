"""Every rung is played through the bot's own door, and the smallest that works is found."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from evals.improve.end_to_end import LADDER
from evals.improve.ladder import climb
from evals.improve.ladder_terminal import STAND_INS, in_words, print_climb
from evals.improve.planted import planted_case
from evals.suite.case import CaseTurn, EscalationLabel
from graph.errors import InputError
from graph.tiers import FLOOR, Tiers
from tests.evals.improve.made import EFFORT, LARGE, RIGHT, SMALL, WRONG, ground

HARD = "What if the lamp with the code b{n} breaks, but only if I keep it instead of the code b{n} of before?"
PLANTED = {
    ("small off", "a"): RIGHT,
    ("small low", "a"): RIGHT,
    ("large low", "a"): RIGHT,
    ("small off", "b"): WRONG,
    ("small low", "b"): WRONG,
    ("large low", "b"): RIGHT,
}
EASY = [planted_case(f"a{n}", tags=("easy",)) for n in range(24)]
TOUGH = [
    replace(case, turns=(CaseTurn(HARD.format(n=n), case.turns[0].expect),))
    for n, case in ((n, planted_case(f"b{n}", tags=("tough",))) for n in range(24))
]


async def test_each_slice_gets_the_smallest_rung_that_works_and_its_routes_are_counted() -> None:
    result = await climb([*EASY, *TOUGH], LADDER, ground(PLANTED), margin=0.2)
    chosen = {
        part.name: part.choice.rung for part in result.slices if part.choice and part.choice.word == "chosen"
    }
    assert chosen == {"all": LARGE, "easy": SMALL, "tough": LARGE, "rule: complex wording": LARGE}
    passed = {row.rung: row.passed for part in result.slices if part.name == "tough" for row in part.rows}
    assert passed == {"extractive": 0.0, SMALL: 0.0, EFFORT: 0.0, LARGE: 1.0}
    routes = {routes.slice: (routes.stay, routes.rise) for routes in result.routes}
    assert routes == {"all": (0, 24), "easy": (0, 0), "tough": (0, 0), "rule: complex wording": (0, 0)}
    assert (result.source, result.exit_code) == ("stand-in", 0)


async def test_hard_turns_that_the_small_model_answers_as_well_would_stay_with_it() -> None:
    planted = dict.fromkeys(PLANTED, RIGHT)
    result = await climb(TOUGH[:14], LADDER, ground(planted), margin=0.3)
    routes = {routes.slice: routes.stay for routes in result.routes}
    assert routes["rule: complex wording"] == 14


async def test_more_effort_is_a_rung_of_its_own() -> None:
    planted = PLANTED | {("small off", "a"): WRONG}
    result = await climb(EASY[:14], LADDER, ground(planted), margin=0.3)
    everything = result.on("all")
    assert everything is not None
    assert everything.choice is not None
    assert everything.choice.rung == EFFORT


async def test_few_cases_are_undecided_and_say_so_by_the_exit_code() -> None:
    result = await climb(EASY[:5], LADDER, ground(PLANTED), margin=0.05)
    everything = result.on("all")
    assert everything is not None
    assert "undecided from extractive up, about" in in_words(everything)
    assert result.exit_code == 4


async def test_nothing_of_money_or_time_is_told_of_stand_ins() -> None:
    result = await climb(EASY[:14], LADDER, ground(PLANTED), margin=0.3)
    models = [row for part in result.slices for row in part.rows if row.rung != "extractive"]
    assert {(row.usd, row.p95_ms) for row in models} == {(None, None)}
    out = io.StringIO()
    print_climb(Console(file=out, width=120), result, None, "tag")
    assert STAND_INS in out.getvalue()


async def test_one_rung_alone_decides_nothing() -> None:
    result = await climb(EASY[:14], Tiers((FLOOR,)), ground({}), margin=0.3)
    assert result.exit_code == 4
    assert [part.choice for part in result.slices] == [None, None]
    out = io.StringIO()
    print_climb(Console(file=out, width=200), result, None, "tag")
    assert "one rung only" in out.getvalue()


async def test_a_trial_that_comes_to_nothing_takes_its_case_out_on_every_rung() -> None:
    planted = {key: value for key, value in PLANTED.items() if key[0] != "large low"}
    odd = ground(planted | {("large low", "a"): RIGHT})
    result = await climb([*EASY[:14], *TOUGH[:1]], LADDER, odd, margin=0.3)
    everything = result.on("all")
    assert everything is not None
    assert (len(everything.cases), everything.unknown) == (14, 1)
    assert result.errors == 2
    assert result.problems


async def test_cases_that_say_nothing_of_answers_are_left_out() -> None:
    bare = replace(EASY[0], id="bare", turns=(CaseTurn("Hello?"),), escalation=EscalationLabel("must_not"))
    result = await climb([*EASY[:14], bare], LADDER, ground(PLANTED), margin=0.3)
    assert result.left_out == 1
    with pytest.raises(InputError, match="no case can tell"):
        await climb([bare], LADDER, ground(PLANTED))
