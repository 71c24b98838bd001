"""Ask a tier: its candidates in order, within the deadlines, until one gives a whole answer.

Before the first visible word a fault costs one quick retry at most, then the next candidate is asked. After
it, the answer is restarted whole by the next candidate; two models' words are never spliced.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import assert_never

import structlog

from graph.errors import BreakerOpen, ModelError, TooLong, ToolsUnsupported, TooSlow
from graph.guard import Guard
from graph.models import Done, Event, Request, Text, Thinking, ToolCall, ToolStarted
from graph.models.breaker import SOON_S
from graph.models.escalation import Escalation, MarkerReader, parse_arguments
from graph.models.pool import ModelPool
from graph.models.prices import UNBILLED, cost_usd
from graph.speaker import Speaker
from graph.tiers import Candidate, Deadlines, Tier
from graph.turn import Call, Usage

log = structlog.get_logger()

RETRY_S = 0.25


@dataclass(frozen=True, slots=True)
class Variant:
    """How a request differs from the usual one, after a fault that asks for it."""

    tools: bool
    history: bool = True


@dataclass(slots=True)
class Asked:
    """What a tier made of the turn."""

    text: str = ""
    stop: str = "fault"
    """`end`, `length`, `refusal`, `escalated`, `broke` or `fault`."""
    escalation: Escalation = Escalation()
    broke: str = ""
    reason: str = ""
    calls: list[Call] = field(default_factory=list)


@dataclass(slots=True)
class Asking:
    """One tier asked for one turn."""

    tier: Tier
    models: ModelPool
    deadlines: Deadlines
    deadline: float
    """`time.monotonic()` by which the whole answer must be there."""
    request: Callable[[Candidate, Variant], Request]
    guard: Callable[[], Guard]
    speaker: Speaker | None
    """None holds the words back: they are checked as a whole first."""
    on_escalation: Callable[[], None]
    prompt_versions: dict[str, str]
    asked: Asked = field(default_factory=Asked)

    async def ask(self) -> Asked:
        """Return the first whole answer; `stop` is `fault` when no candidate gave one."""
        for candidate in self.tier.candidates:
            if self._late(0):
                break  # a call without time to answer would count as the next model's fault
            if await self._ask_candidate(candidate):
                return self.asked
        self.asked.stop, self.asked.text = "fault", ""
        return self.asked

    async def _ask_candidate(self, candidate: Candidate) -> bool:
        variant = Variant(tools=self.models.takes_tools(candidate))
        retried = False
        while True:
            try:
                await self._call(candidate, variant)
                return True
            except ModelError as error:
                self.asked.reason = error.kind
                visible = bool(self.asked.text) and self.speaker is not None
                if self.speaker is not None and visible:
                    self.speaker.restart(error.kind)
                other = self._variant_after(error, candidate, variant)
                if other is not None:
                    variant = other
                elif retried or visible or not _soon(error) or self._late(error.retry_after or 0):
                    return False
                else:
                    retried = True
                    await asyncio.sleep(error.retry_after or random.uniform(0, RETRY_S))

    def _variant_after(self, error: ModelError, candidate: Candidate, variant: Variant) -> Variant | None:
        if isinstance(error, ToolsUnsupported) and variant.tools:
            self.models.learned_toolless(candidate)
            return Variant(tools=False, history=variant.history)
        if isinstance(error, TooLong) and variant.history:
            return Variant(tools=variant.tools, history=False)
        return None

    def _late(self, pause: float) -> bool:
        return time.monotonic() + pause >= self.deadline

    async def _call(self, candidate: Candidate, variant: Variant) -> None:
        breaker = self.models.breaker(candidate)
        try:
            breaker.admit()
        except BreakerOpen as error:
            log.info("model.skipped", provider=candidate.provider, model=candidate.model, kind=error.kind)
            raise
        hearing = _Hearing(self, variant, self.guard(), MarkerReader())
        self.asked.text, self.asked.stop, self.asked.reason = "", "fault", ""
        self.asked.escalation = Escalation()
        outcome = "stopped"
        try:
            await hearing.listen(candidate)
            outcome = (
                self.asked.stop if self.asked.stop in ("escalated", "refusal", "length", "broke") else "ok"
            )
            breaker.succeeded()
        except ModelError as error:
            outcome = error.kind
            breaker.failed(error)
            level = log.error if error.alarm else log.warning
            level(
                "model.failed",
                provider=candidate.provider,
                model=candidate.model,
                kind=error.kind,
                why=str(error),
            )
            raise
        finally:
            if outcome == "stopped":
                breaker.abandoned()
            self.asked.calls.append(hearing.call(candidate, outcome))


def _move(timer: asyncio.Timeout, due: float, stall: float) -> None:
    """Move a deadline, forward in steps: at every token it would cost more than reading the token."""
    now_due = timer.when() or 0.0
    if due < now_due or due > now_due + stall / 20:
        timer.reschedule(due)


def _soon(error: ModelError) -> bool:
    return error.retry_same and (error.retry_after or 0) <= SOON_S and not _rate_limited_for_long(error)


def _rate_limited_for_long(error: ModelError) -> bool:
    # A 429 that does not say for how long is a limit that a quick retry only makes worse.
    return error.kind == "rate_limited" and error.retry_after is None


@dataclass(slots=True)
class _Hearing:
    """Listens to one call."""

    asking: Asking
    variant: Variant
    guard: Guard
    marker: MarkerReader
    started: float = field(default_factory=time.monotonic)
    first_at: float | None = None
    """When the first words came, or the name of the tool."""
    usage: Usage | None = None
    escalating: bool = False

    async def listen(self, candidate: Candidate) -> None:
        """Hear the stream out; raises a ModelError unless it came to an end of its own or of ours."""
        asking = self.asking
        request = asking.request(candidate, self.variant)
        # Before the clock starts: loading its SDK takes seconds on a busy machine, and is not its fault.
        model = await asking.models.opened(candidate.provider)
        loop = asyncio.get_running_loop()
        offset = loop.time() - time.monotonic()
        first_token = loop.time() + (asking.tier.first_token or asking.deadlines.first_token)
        last = asking.deadline + offset
        try:
            async with asyncio.timeout_at(min(first_token, last)) as timer:
                async with aclosing(model.stream(request)) as events:
                    async for event in events:
                        due = loop.time() + asking.deadlines.stall
                        if isinstance(event, Thinking):
                            due = max(due, first_token)
                        _move(timer, min(due, last), asking.deadlines.stall)
                        self._hear(event)
                        if asking.asked.stop == "broke":
                            return
        except (TimeoutError, ModelError) as error:
            if not self.escalating:
                raise self._fault(error) from error
            # It said that it escalates before the stream broke: that is an answer, if without handover.
        self._end()

    def _fault(self, error: TimeoutError | ModelError) -> ModelError:
        if isinstance(error, ModelError):
            return error
        waited = time.monotonic() - self.started
        what = "no first token" if self.first_at is None else "the answer was not whole"
        return TooSlow(f"{what} after {waited:.1f} s")

    def _hear(self, event: Event) -> None:
        if self.first_at is None and isinstance(event, Text | ToolStarted):
            self.first_at = time.monotonic()
        if isinstance(event, Text):
            self._words(event.text)
        elif isinstance(event, ToolStarted):
            self._escalates()
        elif isinstance(event, ToolCall):
            if not self.asking.asked.escalation.reason:
                self.asking.asked.escalation = parse_arguments(event.arguments)
        elif isinstance(event, Done):
            self.usage = event.usage
            if event.stop != "tool":
                self.asking.asked.stop = event.stop
        elif isinstance(event, Thinking):
            pass
        else:
            assert_never(event)

    def _words(self, text: str) -> None:
        if self.escalating and not self.marker.found:
            return
        if self.marking:
            text = self.marker.feed(text)
            if self.marker.found:
                self._escalates()
                return
        self._show(self.guard.feed(text))

    @property
    def marking(self) -> bool:
        return not self.variant.tools

    def _show(self, safe: str) -> None:
        asked = self.asking.asked
        asked.text += safe
        if self.asking.speaker is not None:
            self.asking.speaker.say(safe)
        if self.guard.broke:
            asked.stop, asked.broke, asked.reason = "broke", self.guard.broke.name, self.guard.broke.reason

    def _escalates(self) -> None:
        if self.escalating:
            return
        self._show(self.guard.finish())
        if self.guard.broke is None:
            self.escalating = True
            self.asking.on_escalation()

    def _end(self) -> None:
        asked = self.asking.asked
        if self.escalating:
            asked.stop = "escalated"
            if self.marker.found:
                asked.escalation = self.marker.escalation
            asked.reason = asked.escalation.reason
        else:
            if self.marking:
                self._show(self.guard.feed(self.marker.finish()))
            self._show(self.guard.finish())

    def call(self, candidate: Candidate, outcome: str) -> Call:
        """Account for the call, whatever became of it."""
        now = time.monotonic()
        refused = outcome in UNBILLED and self.first_at is None
        return Call(
            tier=self.asking.tier.name,
            provider=candidate.provider,
            model=candidate.model,
            outcome=outcome,
            prompt_versions=self.asking.prompt_versions,
            usage=self.usage,
            cost_usd=0.0 if refused else cost_usd(candidate.provider, candidate.model, self.usage),
            ttft_ms=None if self.first_at is None else round((self.first_at - self.started) * 1000, 1),
            total_ms=round((now - self.started) * 1000, 1),
        )
