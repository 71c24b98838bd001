"""What both vendors' formats have in common: refusals over HTTP, and a rendered answer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Protocol

from evals.sim.faults import Fault
from evals.sim.script import Body, Reply, ToolUse
from evals.sim.usage import Tokens

# Raw UTF-8 and no spaces, as the vendors send it; for a string, encode() is one call into C.
encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

HTML_502 = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>502 Bad Gateway</body>\r\n</html>\r\n"
)


class Refused(Exception):
    """The vendor answers with an HTTP error."""

    def __init__(self, status: int, message: str, *, code: str = "", param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer in a vendor's format, ready to be sent; each part is whole server-sent events."""

    opening: bytes
    """Goes out with the headers."""
    thought: bytes
    """Ends the thinking; empty where the model does not think."""
    pieces: list[bytes]
    """One a token."""
    words: list[bool]
    """Which of the pieces are text, rather than part of a tool call."""
    closing: bytes
    ping: bytes
    error: bytes
    broken: bytes
    """An event whose JSON is broken."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say to one request, before it is put into a format."""

    id: str
    body: Body
    reply: Reply
    used: Tokens
    created: int
    thinks: bool = False
    pieces: list[str] = field(default_factory=list)
    tools: tuple[ToolUse, ...] = ()


class Format(Protocol):
    """One vendor's wire format."""

    def check(self, body: Body, headers: dict[str, str], models: tuple[str, ...], /) -> None:
        """Raise Refused where the vendor would not take the request."""
        ...

    def thinks(self, body: Body) -> bool:
        """Tell whether the model thinks before it answers this request."""
        ...

    def stream(self, answer: Answer) -> Rendered:
        """Render an answer as server-sent events."""
        ...

    def whole(self, answer: Answer) -> bytes:
        """Render an answer as one JSON document."""
        ...

    def error(self, refused: Refused, request_id: str, /) -> bytes:
        """Render an HTTP error's body."""
        ...

    def models(self, names: tuple[str, ...]) -> bytes:
        """Render the list of models."""
        ...


MESSAGES = {
    400: "The request could not be read.",
    401: "The key is not valid.",
    402: "There is a problem with the payment for this account.",
    403: "This key may not use that.",
    404: "That does not exist.",
    413: "The request is larger than the most that is allowed.",
    429: "Too many requests; slow down.",
    500: "Internal server error",
    503: "The service is not available right now.",
    504: "The request took too long.",
    529: "Overloaded",
}


def refused(fault: Fault, model: str) -> Refused:
    """Turn a fault of kind `status` into the vendor's answer."""
    words = {
        "too_long": "prompt is too long: 1234567 tokens > 1000000 maximum",
        "spend_limit": "You have reached your spend limit for this month.",
        "no_credit": "Your credit balance is too low to use this API.",
        "tools_unsupported": f"{model} does not support tools",
    }
    result = Refused(
        fault.status, words.get(fault.code, MESSAGES.get(fault.status, "Error")), code=fault.code
    )
    result.retry_after = fault.retry_after
    return result
