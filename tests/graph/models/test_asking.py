"""A tier asked: candidates, retries, deadlines, escalation, and what is shown meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import pytest

from graph.errors import (
    CutOff,
    ModelError,
    OutOfCredit,
    Overloaded,
    RateLimited,
    Rejected,
    TooLong,
    ToolsUnsupported,
    Unreachable,
)
from graph.guard import Guard, compile_rule
from graph.models import ChatMessage, ChatModel, Done, Event, Request, Text, Thinking, ToolCall, ToolStarted
from graph.models import asking as asking_module
from graph.models.asking import Asked, Asking, Variant
from graph.models.breaker import FAILURES
from graph.models.escalation import ESCALATE, Escalation, escalate_tool
from graph.models.pool import ModelPool
from graph.models.scripted import Reply, ScriptedModel
from graph.speaker import LONGEST_OPENING, Speaker
from graph.tiers import Candidate, Deadlines, Tier
from graph.turn import Chunk, Escalated, Restarted, Route, TextDelta, Usage
from tests.fakes import make_pool

A, B = Candidate("first", "a"), Candidate("second", "b")
QUICK = Deadlines(first_token=0.08, stall=0.08, answer=1.0)
UP = Route("large", "It is passed on.", "model")
CALL = ToolCall(ESCALATE, '{"reason": "dispute", "handover": "Charged twice."}')
DONE_IT = compile_rule("done", r"\bI have cancelled\b", "never", "It says that it is done.")


@dataclass
class PlayedModel:
    """Plays events with pauses between them, and notes when its stream is closed."""

    plays: deque[list[Event | float]]
    provider: str = "first"
    closed: int = 0

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        try:
            for item in self.plays.popleft():
                if isinstance(item, float):
                    await asyncio.sleep(item)
                else:
                    yield item
        finally:
            self.closed += 1

    async def models(self) -> set[str]:
        return set()

    async def close(self) -> None:
        """Do nothing."""


@dataclass
class Scene:
    """One tier asked for one turn, with all that comes of it."""

    pool: ModelPool
    candidates: tuple[Candidate, ...] = (A, B)
    deadlines: Deadlines = QUICK
    first_token: float | None = None
    hold: bool = False
    left_s: float = 2.0
    chunks: list[Chunk] = field(default_factory=list)
    asked: Asked = field(default_factory=Asked)

    def __post_init__(self) -> None:
        self.speaker = Speaker(self.chunks.append)

    async def ask(self) -> Asked:
        asking = Asking(
            tier=Tier("small", self.candidates, first_token=self.first_token),
            models=self.pool,
            deadlines=self.deadlines,
            deadline=time.monotonic() + self.left_s,
            request=self.request,
            guard=lambda: Guard((DONE_IT,), "", 2),
            speaker=None if self.hold else self.speaker,
            on_escalation=lambda: self.speaker.escalate(UP),
            prompt_versions={"answer": "v1"},
            asked=self.asked,
        )
        return await asking.ask()

    @staticmethod
    def request(candidate: Candidate, variant: Variant) -> Request:
        history = (ChatMessage("user", "q"), ChatMessage("assistant", "a")) if variant.history else ()
        return Request(
            model=candidate.model,
            system="",
            messages=(*history, ChatMessage("user", "?")),
            context="",
            question="?",
            passages=(),
            tools=(escalate_tool(["dispute"], "Call it."),) if variant.tools else (),
        )

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        return [(call.provider, call.outcome) for call in self.asked.calls]

    @property
    def escalations(self) -> int:
        return sum(isinstance(chunk, Escalated) for chunk in self.chunks)


def scene(first: ChatModel, second: ChatModel | None = None, **given: object) -> Scene:
    models = {"first": first, **({"second": second} if second else {})}
    candidates = (A, B) if second else (A,)
    return Scene(make_pool(**models), **{"candidates": candidates, **given})  # type: ignore[arg-type]


def scripted(*replies: Reply | str, provider: str = "first") -> ScriptedModel:
    return ScriptedModel.of(*replies, provider=provider)


def failing(error: ModelError, text: str = "") -> Reply:
    return Reply(text, error=error)


def played(*plays: list[Event | float]) -> PlayedModel:
    return PlayedModel(deque(plays))


@pytest.fixture(autouse=True)
def no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking_module, "RETRY_S", 0.001)


async def test_the_first_candidate_answers_and_its_words_are_shown_as_they_come() -> None:
    it = scene(scripted("Free for 30 days."), scripted())
    asked = await it.ask()
    assert (asked.text, asked.stop, asked.reason, asked.broke) == ("Free for 30 days.", "end", "", "")
    assert it.chunks == [TextDelta(word) for word in ("Free", " for", " 30", " days.")]
    (call,) = asked.calls
    assert (call.tier, call.model, call.outcome, call.prompt_versions) == (
        "small",
        "a",
        "ok",
        {"answer": "v1"},
    )
    assert call.usage == Usage(1000, 50)
    assert call.ttft_ms is not None
    assert call.total_ms is not None
    assert call.ttft_ms <= call.total_ms


async def test_held_words_are_returned_and_not_shown() -> None:
    it = scene(scripted("Free."), hold=True)
    assert (await it.ask()).text == "Free."
    assert it.chunks == []


@pytest.mark.parametrize("error", [Overloaded("x"), Unreachable("x"), RateLimited("x", retry_after=0.01)])
async def test_a_passing_fault_costs_one_quick_retry(error: ModelError) -> None:
    it = scene(scripted(failing(error), "Free."), scripted())
    assert (await it.ask()).text == "Free."
    assert it.outcomes == [("first", error.kind), ("first", "ok")]


async def test_a_second_fault_goes_to_the_next_candidate() -> None:
    second = scripted("Free.", provider="second")
    it = scene(scripted(failing(Overloaded("x")), failing(Overloaded("x"))), second)
    asked = await it.ask()
    assert (asked.text, asked.reason) == ("Free.", "")
    assert it.outcomes == [("first", "overloaded"), ("first", "overloaded"), ("second", "ok")]


@pytest.mark.parametrize("error", [CutOff("x"), OutOfCredit("x"), Rejected("x"), RateLimited("x")])
async def test_a_fault_that_lasts_goes_to_the_next_candidate_at_once(error: ModelError) -> None:
    """Also a rate limit that does not say for how long."""
    it = scene(scripted(failing(error)), scripted("Free."))
    assert (await it.ask()).text == "Free."
    assert it.outcomes == [("first", error.kind), ("second", "ok")]


async def test_a_short_retry_after_is_honoured() -> None:
    it = scene(scripted(failing(RateLimited("x", retry_after=0.1)), "Free."))
    started = time.monotonic()
    assert (await it.ask()).text == "Free."
    assert time.monotonic() - started >= 0.1


async def test_a_long_retry_after_is_not_waited_for() -> None:
    it = scene(scripted(failing(RateLimited("x", retry_after=60))), scripted("Free."))
    assert (await asyncio.wait_for(it.ask(), 1)).text == "Free."


async def test_a_retry_that_would_come_too_late_is_not_waited_for() -> None:
    it = scene(scripted(failing(RateLimited("x", retry_after=2))), left_s=0.5)
    assert (await asyncio.wait_for(it.ask(), 0.4)).stop == "fault"


async def test_when_every_candidate_fails_the_last_fault_is_named() -> None:
    it = scene(scripted(failing(OutOfCredit("x"))), scripted(failing(CutOff("x"), "Half an answer")))
    asked = await it.ask()
    assert (asked.text, asked.stop, asked.reason) == ("", "fault", "cut_off")
    assert it.speaker.shown == ""


async def test_after_the_first_words_the_next_candidate_begins_from_the_start() -> None:
    it = scene(scripted(failing(Overloaded("x"), "Free for")), scripted("It is free."))
    asked = await it.ask()
    assert asked.text == it.speaker.shown == "It is free."
    assert it.outcomes == [("first", "overloaded"), ("second", "ok")]
    assert it.chunks.count(Restarted("overloaded")) == 1
    assert it.chunks.index(Restarted("overloaded")) == 2


async def test_held_words_need_no_restart_and_may_be_asked_for_again() -> None:
    it = scene(scripted(failing(Overloaded("x"), "Free for"), "Free."), hold=True)
    assert (await it.ask()).text == "Free."
    assert it.chunks == []


async def test_no_first_token_in_time_goes_to_the_next_candidate() -> None:
    it = scene(scripted(Reply("Late.", delay_s=5)), scripted("Free."))
    assert (await asyncio.wait_for(it.ask(), 1)).text == "Free."
    assert it.outcomes == [("first", "too_slow"), ("second", "ok")]
    assert it.asked.calls[0].ttft_ms is None


async def test_a_stall_between_words_restarts_with_the_next_candidate() -> None:
    it = scene(scripted(Reply("One two", pause_s=5)), scripted("Free."))
    assert (await asyncio.wait_for(it.ask(), 1)).text == it.speaker.shown == "Free."
    assert Restarted("too_slow") in it.chunks


async def test_a_slow_but_steady_answer_is_heard_out() -> None:
    it = scene(scripted(Reply("one two three four five six", pause_s=0.04)))
    assert (await it.ask()).text == "one two three four five six"


async def test_the_whole_answer_has_a_deadline_and_nobody_is_asked_after_it() -> None:
    """The next model would get the blame for the time that the first one took."""
    second = scripted("Free.")
    it = scene(scripted(Reply("a " * 100, pause_s=0.03)), second, left_s=0.15)
    asked = await asyncio.wait_for(it.ask(), 1)
    assert (asked.stop, asked.reason, it.speaker.shown) == ("fault", "too_slow", "")
    assert it.outcomes == [("first", "too_slow")]
    assert second.requests == []


async def test_a_tier_that_thinks_first_may_have_a_longer_first_token() -> None:
    it = scene(scripted(Reply("Free.", delay_s=0.15)), first_token=1.0)
    assert (await it.ask()).text == "Free."


async def test_thinking_does_not_shorten_the_time_to_the_first_word() -> None:
    events: list[Event | float] = [Thinking(), 0.2, Text("Free."), Done("end", None)]
    it = scene(played(events), first_token=1.0)
    asked = await it.ask()
    assert asked.text == "Free."
    assert (asked.calls[0].ttft_ms or 0) >= 190


async def test_a_tool_call_escalates_on_its_name_and_brings_the_handover() -> None:
    seen: list[int] = []
    events: list[Event | float] = [ToolStarted(ESCALATE), 0.02, CALL, Done("tool", Usage(9, 9))]
    it = scene(played(events))
    task = asyncio.create_task(it.ask())
    await asyncio.sleep(0.01)
    seen.append(it.escalations)
    asked = await task
    assert (seen, it.escalations) == ([1], 1)
    assert (asked.stop, asked.escalation, asked.reason) == (
        "escalated",
        Escalation("dispute", "Charged twice."),
        "dispute",
    )
    assert it.outcomes == [("first", "escalated")]
    assert asked.calls[0].usage == Usage(9, 9)


async def test_a_short_opening_stays_when_the_model_escalates() -> None:
    it = scene(scripted(Reply("Let me see.", tool=CALL)))
    assert (await it.ask()).stop == "escalated"
    assert it.speaker.shown == "Let me see."
    assert it.chunks[-1] == Escalated(UP)


async def test_a_long_opening_is_void_when_the_model_escalates() -> None:
    it = scene(scripted(Reply("x" * (LONGEST_OPENING + 1), tool=CALL)))
    await it.ask()
    assert it.speaker.shown == ""
    assert it.chunks[-1] == Restarted(UP.reason)


async def test_a_stream_that_breaks_after_the_tools_name_is_an_escalation_without_handover() -> None:
    for rest in ([], [5.0]):
        events: list[Event | float] = [ToolStarted(ESCALATE), *rest]
        broken = played(events)
        it = scene(broken)
        asked = await it.ask()
        assert (asked.stop, asked.escalation) == ("escalated", Escalation())
        assert it.escalations == 1


@pytest.mark.parametrize("arguments", ['{"reason": "dis', "", "[]"])
async def test_broken_arguments_are_an_escalation_without_handover(arguments: str) -> None:
    it = scene(scripted(Reply(tool=ToolCall(ESCALATE, arguments))))
    asked = await it.ask()
    assert (asked.stop, asked.escalation) == ("escalated", Escalation())


async def test_words_after_the_tools_name_are_not_shown() -> None:
    events: list[Event | float] = [ToolStarted(ESCALATE), CALL, Text("And so"), Done("tool", None)]
    it = scene(played(events))
    assert (await it.ask()).text == ""
    assert it.speaker.shown == ""


async def test_an_opening_that_breaks_a_rule_at_its_end_is_stopped_not_escalated() -> None:
    it = scene(scripted(Reply("I have cancelled", tool=CALL)))
    asked = await it.ask()
    assert (asked.stop, asked.broke, it.speaker.shown, it.escalations) == ("broke", "done", "", 0)


def by_marker(*replies: Reply | str) -> Scene:
    return scene(scripted(*replies), candidates=(Candidate("first", "a", tools=False),))


async def test_a_server_without_tools_escalates_by_the_marker_in_pieces() -> None:
    it = by_marker("ESCALATE: dispute | Charged twice, and [1] bears on it.\nMore.")
    asked = await it.ask()
    assert (asked.stop, asked.reason, asked.text) == ("escalated", "dispute", "")
    assert asked.escalation == Escalation("dispute", "Charged twice, and [1] bears on it.")
    assert it.speaker.shown == ""
    assert it.escalations == 1


@pytest.mark.parametrize("text", ["Escaping is free.", "ESCALATE", "E", "Free. ESCALATE: no"])
async def test_what_is_no_marker_is_an_answer(text: str) -> None:
    it = by_marker(text)
    asked = await it.ask()
    assert (asked.stop, asked.text, it.speaker.shown, it.escalations) == ("end", text, text, 0)


async def test_a_server_that_refuses_tools_is_asked_by_marker_and_this_is_remembered() -> None:
    server = scripted(failing(ToolsUnsupported("x")), "ESCALATE: dispute | Twice.", "Free.")
    it = scene(server)
    assert (await it.ask()).escalation == Escalation("dispute", "Twice.")
    again = Scene(it.pool, (A,))
    assert (await again.ask()).text == "Free."
    assert [bool(request.tools) for request in server.requests] == [True, False, False]
    assert it.outcomes == [("first", "tools_unsupported"), ("first", "escalated")]


async def test_a_prompt_that_is_too_long_is_asked_again_without_history_once() -> None:
    server = scripted(failing(TooLong("x")), "Free.")
    it = scene(server)
    assert (await it.ask()).text == "Free."
    assert [len(request.messages) for request in server.requests] == [3, 1]
    it = scene(scripted(failing(TooLong("x")), failing(TooLong("x"))), scripted("Free."))
    assert (await it.ask()).text == "Free."


async def test_a_broken_rule_stops_the_answer_and_the_stream() -> None:
    model = played([Text("Sure. I"), Text(" have"), Text(" cancelled"), Text(" it."), 5.0, Done("end", None)])
    it = scene(model)
    asked = await asyncio.wait_for(it.ask(), 1)
    assert (asked.stop, asked.broke, asked.reason) == ("broke", "done", DONE_IT.reason)
    assert asked.text == it.speaker.shown == "Sure. "
    assert model.closed == 1
    assert it.outcomes == [("first", "broke")]


async def test_a_rule_broken_by_the_last_words_is_found_at_the_end() -> None:
    it = scene(scripted("Sure. I have cancelled"))
    assert (await it.ask()).stop == "broke"
    assert it.speaker.shown == "Sure. "


@pytest.mark.parametrize("stop", ["length", "refusal"])
async def test_why_the_model_stopped_is_passed_on(stop: str) -> None:
    it = scene(scripted(Reply("Free.", stop=stop)), scripted())  # type: ignore[arg-type]
    assert (await it.ask()).stop == stop
    assert it.outcomes == [("first", stop)]


async def test_a_model_that_fails_again_and_again_is_skipped_without_a_call() -> None:
    replies = [failing(CutOff("x"))] * FAILURES
    first, second = scripted(*replies), scripted(*["Free."] * (FAILURES + 1), provider="second")
    it = scene(first, second)
    for _ in range(FAILURES):
        await Scene(it.pool).ask()
    assert (await it.ask()).text == "Free."
    assert it.outcomes == [("second", "ok")]
    assert len(first.requests) == FAILURES


async def test_when_all_are_skipped_this_is_the_fault() -> None:
    it = scene(scripted(failing(OutOfCredit("x"))))
    await it.ask()
    again = Scene(it.pool, (A,))
    asked = await again.ask()
    assert (asked.stop, asked.reason, asked.calls) == ("fault", "breaker_open", [])


async def test_a_vendor_without_a_key_is_a_fault_like_others() -> None:
    it = Scene(make_pool(second=scripted("Free.")), (Candidate("anthropic", "x"), B))
    assert (await it.ask()).text == "Free."
    assert it.outcomes == [("anthropic", "failed"), ("second", "ok")]


async def test_a_stopped_call_closes_its_stream_and_is_accounted_for() -> None:
    model = played([Text("Free"), 5.0, Done("end", None)], [Text("Free."), Done("end", None)])
    it = scene(model, deadlines=Deadlines())
    task = asyncio.create_task(it.ask())
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert model.closed == 1
    assert it.outcomes == [("first", "stopped")]
    assert it.asked.calls[0].usage is None
    assert it.asked.calls[0].cost_usd is None
    assert (await Scene(it.pool, (A,)).ask()).text == "Free."


async def test_every_stream_is_closed_whatever_becomes_of_it() -> None:
    model = played([5.0], [Text("a"), 5.0], [Text("Free."), Done("end", None)])
    it = scene(model, candidates=(A, A, A))
    assert (await it.ask()).text == "Free."
    assert model.closed == 3
    assert it.outcomes == [("first", "too_slow"), ("first", "too_slow"), ("first", "ok")]
