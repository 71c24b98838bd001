"""What can go wrong with a call of the Web API, as data, and which call it happens to."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal, TypeAlias, get_args

Kind: TypeAlias = Literal[
    "http",  # an HTTP status with an HTML body
    "ratelimited",  # 429 with Retry-After
    "error",  # `ok` false with any error
    "reset",  # TCP RST instead of an answer
    "slow",  # the answer comes late
    "hang",  # no answer comes, and the connection stays open
]


@dataclass(frozen=True, slots=True)
class SlackFault:
    """What happens to calls of `method`: to the next `times` of them after `skip`, or to a `share` of all.

    `done` says that the call is carried out although the client does not hear so; of a slow one, that it is
    carried out before the wait instead of after it.
    """

    kind: Kind
    method: str = "*"
    times: int | None = 1
    skip: int = 0
    share: float = 1.0
    done: bool = False
    status: int = 503
    error: str = "internal_error"
    retry_after: int = 1
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(
                f"there is no fault of kind `{self.kind}`; there are {', '.join(get_args(Kind))}"
            )
        if self.kind == "slow" and self.seconds <= 0:
            raise ValueError("a fault of kind `slow` needs `seconds`")
        if not 0 < self.share <= 1:
            raise ValueError(f"`share` is {self.share}; it lies above 0 and is at most 1")


@dataclass(slots=True)
class _Planned:
    fault: SlackFault
    skip: int
    left: int | None


class Faults:
    """The faults to come, in the order in which they were planned; a seed always draws the same calls."""

    def __init__(self, seed: int = 0) -> None:
        self._random = Random(seed)
        self._planned: list[_Planned] = []

    def add(self, *faults: SlackFault) -> None:
        """Plan faults."""
        self._planned += [_Planned(fault, fault.skip, fault.times) for fault in faults]

    def clear(self) -> None:
        """Let everything go well from now on."""
        self._planned.clear()

    def draw(self, method: str) -> SlackFault | None:
        """Return what goes wrong with this call, if anything does."""
        for planned in self._planned:
            if planned.fault.method in ("*", method) and self._strikes(planned):
                return planned.fault
        return None

    def _strikes(self, planned: _Planned) -> bool:
        if planned.skip > 0:
            planned.skip -= 1
            return False
        if planned.fault.share < 1 and self._random.random() >= planned.fault.share:
            return False
        if planned.left is not None:
            planned.left -= 1
            if planned.left <= 0:
                self._planned.remove(planned)
        return True
