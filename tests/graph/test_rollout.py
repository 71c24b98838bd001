"""What may be promoted over what, and what is left when it is taken back."""

from __future__ import annotations

import pytest

from graph.errors import InputError
from graph.records.certificate import Certificate
from graph.records.codec import from_line, to_line
from graph.rollout import Rollout, Step, promote, roll_back

FINE = Certificate("a", "cases", "keyless", "none", 1.0, "fine", 1.0)


def step(version: str, percent: int, certificate: Certificate | None = FINE) -> Step:
    return Step(version, percent, "ada", "because", 2.0, certificate)


def steps(rollout: Rollout) -> list[tuple[str, int]]:
    return [(step.version, step.percent) for step in rollout.steps]


GIT = Rollout("git")
CANARY = promote(GIT, step("a", 5))
ALL = promote(CANARY, step("a", 100))
SECOND = promote(ALL, step("b", 20))


def test_a_version_goes_from_a_share_to_everybody_and_another_over_it() -> None:
    assert steps(CANARY) == [("a", 5)]
    assert steps(ALL) == [("a", 100)]
    assert steps(SECOND) == [("a", 100), ("b", 20)]
    assert [found.version for found in SECOND.in_force] == ["b", "a"]
    assert [found.version for found in promote(SECOND, step("b", 100)).in_force] == ["b"]


def test_a_changed_share_keeps_the_certificate() -> None:
    assert promote(CANARY, step("a", 50, None)).steps[0].certificate == FINE


@pytest.mark.parametrize(
    ("rollout", "version", "percent", "says"),
    [
        (CANARY, "a", 5, "in force for 5 % already"),
        (CANARY, "b", 5, "a is under way with 5 %"),
        (GIT, "git", 5, "what all conversations go by already"),
        (ALL, "git", 5, "rollback --to git"),
        (promote(SECOND, step("b", 100)), "a", 5, "rollback --to a"),
    ],
)
def test_what_makes_no_sense_is_refused(rollout: Rollout, version: str, percent: int, says: str) -> None:
    with pytest.raises(InputError, match=says):
        promote(rollout, step(version, percent))


def test_taking_back_withdraws_the_newest_or_all_after_a_version() -> None:
    assert steps(roll_back(SECOND, None)) == [("a", 100)]
    assert steps(roll_back(SECOND, "a")) == [("a", 100)]
    assert steps(roll_back(SECOND, "git")) == []


@pytest.mark.parametrize(
    ("rollout", "to", "says"),
    [
        (GIT, None, "Nothing is promoted"),
        (SECOND, "b", "newest version"),
        (SECOND, "x", "can be gone back to is: git, a"),
    ],
)
def test_there_must_be_something_to_take_back(rollout: Rollout, to: str | None, says: str) -> None:
    with pytest.raises(InputError, match=says):
        roll_back(rollout, to)


def test_it_is_written_and_read() -> None:
    assert from_line(Rollout, to_line(promote(ALL, step("b", 20, None)))) == promote(ALL, step("b", 20, None))
