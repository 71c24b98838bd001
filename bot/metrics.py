"""The process's numbers for Prometheus, and the pages that say whether it is well."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from graph.errors import StateError
from graph.turn import Call, TurnRecord

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_ACK_S = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 1.5, 3.0)
_WAIT_S = (0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0)
_ANSWER_S = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
_TOKENS = (16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144)
_MODEL = ("gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model")
_NOBODY = "none"
"""The provider of a turn for which no model was called."""


class Backlog(Protocol):
    """How full the inbox is; `Stats` of bot.inbox is one."""

    @property
    def waiting(self) -> int: ...
    @property
    def ready(self) -> int: ...
    @property
    def leased(self) -> int: ...
    @property
    def delayed(self) -> int: ...
    @property
    def dead(self) -> int: ...
    @property
    def oldest_waiting_s(self) -> float: ...


class Metrics:
    """Counts what happens, in a registry of its own; labels never name a person, a channel or a thread."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry(auto_describe=False)

        def count(name: str, says: str, *labels: str) -> Counter:
            return Counter(name, says, labels, registry=registry)

        def times(name: str, says: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(name, says, labels, registry=registry, buckets=buckets)

        self._ack = times("bot_ack_seconds", "From an event's arrival to its acknowledgement.", _ACK_S)
        self._wait = times("bot_queue_wait_seconds", "From a message's arrival to its turn.", _WAIT_S)
        self._first = times(
            "bot_first_words_seconds", "From a message to the first words in Slack.", _ANSWER_S, "tier"
        )
        self._turns = count("bot_turns", "Finished turns.", "tier", "outcome", "provider")
        self._calls = count("bot_slack_calls", "Calls of Slack's Web API.", "method", "outcome")
        self._shown = count("bot_shown", "Answers by how they were shown.", "how")
        self._redeliveries = count("bot_redeliveries", "Events that had been taken before.")
        self._adopted = count("bot_adopted", "Messages of a dead process that another one finished.")
        self._dead = count("bot_dead", "Messages given up after too many tries.")
        self._lost = count("bot_leases_lost", "Threads that another process took over.")
        self._cost = count("bot_cost_usd", "US dollars spent on models, as far as known.")
        self._inbox = Gauge(
            "bot_inbox", "Inbox: waiting items, threads by state, dead items.", ("state",), registry=registry
        )
        self._handoffs_of: dict[str, tuple[int, int, int]] = {}
        self._handoffs = Gauge(
            "bot_handoffs", "Conversations that wait for a person, have one, or wait without a card.",
            ("state",), registry=registry,
        )  # fmt: skip
        self._oldest = Gauge(
            "bot_oldest_waiting_seconds", "How long the oldest item has waited.", registry=registry
        )
        self._model_time = times(
            "gen_ai_client_operation_duration_seconds",
            "A whole model call.",
            _ANSWER_S,
            *_MODEL,
            "error_type",
        )
        self._model_first = times(
            "gen_ai_client_operation_time_to_first_chunk_seconds", "To the first token.", _ANSWER_S, *_MODEL
        )
        self._tokens = times(
            "gen_ai_client_token_usage", "Tokens of a model call.", _TOKENS, *_MODEL, "gen_ai_token_type"
        )

    def ack(self, seconds: float) -> None:
        """Note that an event was acknowledged so long after it had arrived."""
        self._ack.observe(seconds)

    def slack_call(self, method: str, outcome: str) -> None:
        """Note a call of Slack's Web API and what came of it: `ok` or the name of the fault."""
        self._calls.labels(method, outcome).inc()

    def shown(self, how: str) -> None:
        """Note how an answer was shown: `stream`, `edit` or `whole`."""
        self._shown.labels(how).inc()

    def redelivered(self) -> None:
        """Note an event that had been taken before."""
        self._redeliveries.inc()

    def adopted(self) -> None:
        """Note a message of a dead process that this one goes on with."""
        self._adopted.inc()

    def dead(self) -> None:
        """Note a message that is given up."""
        self._dead.inc()

    def lease_lost(self) -> None:
        """Note a thread that another process took over."""
        self._lost.inc()

    def turn(self, record: TurnRecord) -> None:
        """Note a finished turn: tier, times, cost and its model calls."""
        tier = record.route.tier
        provider = record.calls[-1].provider if record.calls else _NOBODY
        self._turns.labels(tier, record.outcome, provider).inc()
        if record.first_words_ms is not None:
            self._first.labels(tier).observe(record.first_words_ms / 1000)
        if record.queue_ms is not None:
            self._wait.observe(record.queue_ms / 1000)
        for call in record.calls:
            self._call(call)

    def backlog(self, backlog: Backlog | None) -> None:
        """Set the inbox's gauges; None is what nobody knows, as while Redis is away."""
        unknown = float("nan")
        for state in ("waiting", "ready", "leased", "delayed", "dead"):
            self._inbox.labels(state).set(unknown if backlog is None else getattr(backlog, state))
        self._oldest.set(unknown if backlog is None else backlog.oldest_waiting_s)

    def handoffs(self, waiting: int, claimed: int, without_card: int, tenant: str = "") -> None:
        """Set how many conversations wait for a person, have one, and wait without the team's seeing it."""
        self._handoffs_of[tenant] = (waiting, claimed, without_card)
        counts = map(sum, zip(*self._handoffs_of.values(), strict=True))
        for state, count in zip(("open", "claimed", "without_card"), counts, strict=True):
            self._handoffs.labels(state).set(count)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)

    def _call(self, call: Call) -> None:
        model = ("chat", call.provider, call.model)
        if call.total_ms is not None:
            fault = "" if call.outcome in ("ok", "escalated") else call.outcome
            self._model_time.labels(*model, fault).observe(call.total_ms / 1000)
        if call.ttft_ms is not None:
            self._model_first.labels(*model).observe(call.ttft_ms / 1000)
        if call.usage is not None:
            self._tokens.labels(*model, "input").observe(call.usage.input_tokens)
            self._tokens.labels(*model, "output").observe(call.usage.output_tokens)
        self._cost.inc(call.cost_usd or 0.0)


def health_app(ready: Callable[[], str | None], client_max_size: int = 1 << 20) -> web.Application:
    """Make the application with /healthz, which is fine while the loop turns, and /readyz.

    `ready` returns None, or why nothing should be sent here, in words; routes for events may be added.
    """

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def readyz(_: web.Request) -> web.Response:
        why = ready()
        return web.Response(text=f"{why or 'ready'}\n", status=503 if why else 200)

    app = web.Application(client_max_size=client_max_size)
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz)])
    return app


def metrics_app(metrics: Metrics, backlog: Callable[[], Awaitable[Backlog]] | None = None) -> web.Application:
    """Make the application with /metrics; `backlog` is asked at each scrape, such as `Inbox.stats`."""

    async def scrape(_: web.Request) -> web.Response:
        if backlog is not None:
            try:
                metrics.backlog(await backlog())
            except StateError:
                # The other numbers are wanted most when Redis is away.
                metrics.backlog(None)
        return web.Response(body=metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    app = web.Application()
    app.add_routes([web.get("/metrics", scrape)])
    return app
