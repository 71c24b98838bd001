"""What can go wrong with a vendor, as data: one `Fault` a case, all of them by name in `FAULTS`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    "status",  # an HTTP error with the vendor's body
    "stall",  # nothing more comes, and the connection stays open
    "reset",  # TCP RST
    "cut",  # TCP FIN before the end of the response
    "eof",  # the response ends properly, without the vendor's last events
    "event",  # an error event within the stream
    "malformed",  # an event whose JSON is broken; the stream goes on
    "delay",  # the stream is silent for a while and goes on
    "length",  # the token limit ends the answer
    "refusal",  # the model refuses to go on
    "empty",  # an answer without content that ends as if all were well
]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, once, with one request."""

    kind: Kind
    after: int | None = None
    """None: before the headers; 0: after them, before the first words; n: after n pieces of text."""
    status: int = 0
    """The HTTP status where `kind` is `status`."""
    code: str = ""
    """Tells cases of one status apart: `too_long`, `spend_limit`, `no_credit`, `tools_unsupported`."""
    retry_after: float | None = None
    """Seconds, sent as the header `retry-after`."""
    pings: bool = False
    """Whether the vendor sends signs of life while it says nothing."""
    seconds: float = 0.0
    """How long a `delay` lasts."""

    def __post_init__(self) -> None:
        early = self.after is None
        if self.kind == "status" and not (early and self.status):
            raise ValueError("a fault of kind `status` needs a `status`, and takes no `after`")
        if early and self.kind not in ("status", "stall", "reset", "cut"):
            raise ValueError(f"a fault of kind `{self.kind}` needs a response: set `after` to 0 or more")


MID_STREAM = 3
"""After how many pieces of text the faults of `FAULTS` named `*_mid_stream` come."""

_STATUSES = {f"http_{status}": Fault("status", status=status) for status in (400, 401, 402, 403, 404, 413)}
_STATUSES |= {f"http_{status}": Fault("status", status=status) for status in (429, 500, 502, 503, 504, 529)}
_STATUSES |= {
    "http_429_retry_after": Fault("status", status=429, retry_after=1),
    "http_429_retry_after_long": Fault("status", status=429, retry_after=3600),
    "http_429_spend_limit": Fault("status", status=429, code="spend_limit"),
    "http_400_no_credit": Fault("status", status=400, code="no_credit"),
    "http_400_too_long": Fault("status", status=400, code="too_long"),
    "http_400_tools_unsupported": Fault("status", status=400, code="tools_unsupported"),
}

_BEFORE_HEADERS = {"stall": Fault("stall"), "reset": Fault("reset"), "cut": Fault("cut")}
_IN_STREAM = {
    "stall": Fault("stall", 0),
    "stall_with_pings": Fault("stall", 0, pings=True),
    "reset": Fault("reset", 0),
    "cut": Fault("cut", 0),
    "eof": Fault("eof", 0),
    "event": Fault("event", 0),
    "malformed": Fault("malformed", 0),
    "delay": Fault("delay", 0, seconds=0.4),
    "delay_with_pings": Fault("delay", 0, seconds=0.4, pings=True),
    "refusal": Fault("refusal", 0),
}

FAULTS: dict[str, Fault] = {
    **_STATUSES,
    **{f"{name}_before_headers": fault for name, fault in _BEFORE_HEADERS.items()},
    **{f"{name}_before_words": fault for name, fault in _IN_STREAM.items()},
    **{f"{name}_mid_stream": replace(fault, after=MID_STREAM) for name, fault in _IN_STREAM.items()},
    "length_mid_stream": Fault("length", MID_STREAM),
    "empty": Fault("empty", 0),
}
"""Every fault by name, for tests that walk over all of them."""
