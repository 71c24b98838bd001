"""How the stand-ins behave, and what they remember of each request."""

from __future__ import annotations

from dataclasses import dataclass, field

from evals.sim.script import Body, Reply, Vendor
from evals.sim.usage import LIFETIMES, Tokens

ANTHROPIC_MODELS = (
    "claude-haiku-5-5",
    "claude-haiku-4-5",
    "claude-haiku-4-5-20251001",
    "claude-sonnet-5-5",
    "claude-sonnet-5",
    "claude-sonnet-4-6",
    "claude-sonnet-4-5",
    "claude-opus-5-5",
    "claude-opus-5",
    "claude-opus-4-8",
    "claude-fable-5-2",
    "claude-fable-5-1",
)
OPENAI_MODELS = (
    "gpt-6-astra",
    "gpt-6.2-astra",
    "gpt-6.1-sol",
    "gpt-6.2-sol",
    "gpt-6.1-terra",
    "gpt-6-sol",
    "gpt-6-luna",
    "gpt-5.4-mini",
    "llama-local",
)


@dataclass(frozen=True, slots=True)
class Settings:
    """How the stand-ins behave where no reply says otherwise."""

    host: str = "127.0.0.1"
    port: int = 0
    """0 takes any free one."""
    keys: frozenset[str] = frozenset({"sim-key"})
    anthropic_models: tuple[str, ...] = ANTHROPIC_MODELS
    openai_models: tuple[str, ...] = OPENAI_MODELS
    """Names that do not start with `gpt-` follow the laxer rules of local servers."""
    context_tokens: int = 1_000_000
    cache_min_tokens: int = 1024
    cache_lifetimes: dict[str, float] = field(default_factory=lambda: dict(LIFETIMES))
    """Seconds that a prefix is kept, by the vendor's name for it."""
    ping_s: float = 0.1
    """Between two signs of life in a fault with pings."""
    keep: int = 100_000
    """How many requests are remembered; 0 for long runs."""


@dataclass(slots=True)
class Record:
    """One request to a model, and what became of it; times are of `time.perf_counter`."""

    vendor: Vendor
    path: str
    headers: dict[str, str]
    key: str
    raw: bytes
    """The body as it came."""
    body: Body
    arrived: float
    arrived_epoch: float
    reply: Reply | None = None
    status: int = 200
    used: Tokens | None = None
    words_at: list[float] = field(default_factory=list)
    """When each piece of text was given to the socket."""
    finished: bool = False
    """Whether all that was planned was sent."""
    cancelled: bool = False
    """Whether the client went before that."""
