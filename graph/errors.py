"""Every error that Firstline raises on purpose.

FirstlineError                  says what is wrong, where, and what to do
|-- InputError                  somebody's file, flag or variable is not as it must be (exit code 2)
|   |-- SettingsError           the environment
|   |-- PromptError             a prompt or phrase file
|   |-- TiersError              tiers.toml
|   `-- KnowledgeError          the knowledge folder
|-- StateError                  the conversation state or the ledger could not be read or written
|   `-- StateAway               Redis does not answer: it may in a moment
|-- Superseded                  another process has the conversation: leave it alone
`-- ModelError                  a model call that came to nothing; has a kind, which the ledger names
    |-- Unreachable             no connection                                       retry, then next
    |-- Overloaded              500, 502, 503, 529 and their events in a stream      retry, then next
    |-- RateLimited             429                                                 retry if soon, else next
    |-- TooSlow                 no first token, a stall, or the whole answer too late    next
    |-- CutOff                  the stream ended without a stop reason, or broke        next
    |-- OutOfCredit             402, or a 429 that no waiting ends                 alarm, next
    |-- Unauthorized            401, 403                                            alarm, next
    |-- UnknownModel            404                                                 alarm, next
    |-- Rejected                400, 413, 422                                       alarm, next
    |   |-- ToolsUnsupported    the server takes no tools                           again by marker
    |   `-- TooLong             the prompt is over the model's window               trim, again
    `-- BreakerOpen             not even tried: this model failed too often just now    next
"""

from __future__ import annotations

from prompts.errors import FirstlineError, InputError, PromptError

__all__ = [
    "BreakerOpen",
    "CutOff",
    "FirstlineError",
    "InputError",
    "KnowledgeError",
    "ModelError",
    "OutOfCredit",
    "Overloaded",
    "PromptError",
    "RateLimited",
    "Rejected",
    "SettingsError",
    "StateAway",
    "StateError",
    "Superseded",
    "TiersError",
    "TooLong",
    "TooSlow",
    "ToolsUnsupported",
    "Unauthorized",
    "UnknownModel",
    "Unreachable",
]


class SettingsError(InputError):
    """The environment is not as it must be."""


class TiersError(InputError):
    """tiers.toml cannot be used."""


class KnowledgeError(InputError):
    """The knowledge folder cannot be used."""


class StateError(FirstlineError):
    """The conversation state or the ledger could not be read or written."""


class StateAway(StateError):
    """Redis does not answer; the same may work in a moment."""


class Superseded(FirstlineError):
    """Another process has taken the conversation over; what was to be written was not."""


class ModelError(FirstlineError):
    """A model call came to nothing; `kind` is what the ledger calls it."""

    kind = "failed"
    retry_same = False
    """Whether one quick second try with the same model makes sense."""
    alarm = False
    """Whether somebody must change something before it can work."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unreachable(ModelError):
    """No connection to the vendor."""

    kind = "unreachable"
    retry_same = True


class Overloaded(ModelError):
    """The vendor has a fault or too much to do."""

    kind = "overloaded"
    retry_same = True


class RateLimited(ModelError):
    """Too many requests; `retry_after` says for how many seconds, where the vendor does."""

    kind = "rate_limited"
    retry_same = True


class TooSlow(ModelError):
    """A deadline passed: first token, gap between tokens, or the whole answer."""

    kind = "too_slow"


class CutOff(ModelError):
    """The stream ended without a stop reason, or broke."""

    kind = "cut_off"


class OutOfCredit(ModelError):
    """The account has no credit, or its spend limit is reached."""

    kind = "out_of_credit"
    alarm = True


class Unauthorized(ModelError):
    """The key is wrong, or may not use this model."""

    kind = "unauthorized"
    alarm = True


class UnknownModel(ModelError):
    """The vendor does not know the model."""

    kind = "unknown_model"
    alarm = True


class Rejected(ModelError):
    """The vendor refused the request as malformed."""

    kind = "rejected"
    alarm = True


class ToolsUnsupported(Rejected):
    """The server takes no tools; escalation goes by the first-line marker instead."""

    kind = "tools_unsupported"
    alarm = False


class TooLong(Rejected):
    """The prompt does not fit the model's window."""

    kind = "too_long"
    alarm = False


class BreakerOpen(ModelError):
    """The model was not tried: it failed too often just now."""

    kind = "breaker_open"
