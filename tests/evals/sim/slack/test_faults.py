"""Which calls a fault is drawn for."""

from __future__ import annotations

from typing import Any

import pytest

from evals.sim.slack import SlackFault
from evals.sim.slack.faults import Faults


def drawn(faults: Faults, calls: int, method: str = "chat.update") -> str:
    return "".join("x" if faults.draw(method) else "." for _ in range(calls))


def test_the_next_calls_after_some_are_struck() -> None:
    faults = Faults()
    faults.add(SlackFault("http", "chat.update", times=2, skip=1))
    assert drawn(faults, 1, "auth.test") == "."
    assert drawn(faults, 5) == ".xx.."


def test_a_share_is_drawn_from_the_seed() -> None:
    def strikes(seed: int) -> str:
        faults = Faults(seed)
        faults.add(SlackFault("reset", times=None, share=0.3))
        return drawn(faults, 200)

    assert strikes(1) == strikes(1) != strikes(2)
    assert 30 <= strikes(1).count("x") <= 90


def test_all_is_well_after_clearing() -> None:
    faults = Faults()
    faults.add(SlackFault("hang", times=None))
    faults.clear()
    assert drawn(faults, 3) == "..."


@pytest.mark.parametrize("wrong", [{"kind": "quake"}, {"kind": "slow"}, {"kind": "http", "share": 0}])
def test_a_fault_that_there_is_not_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"kind|share"):
        SlackFault(**wrong)
