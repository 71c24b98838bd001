"""Play a case: its turns one after the other through the bot's own door, and judge what came of them."""

from __future__ import annotations

import time
import uuid
from contextlib import aclosing
from dataclasses import replace

from evals.recording.played import playing, timed
from evals.suite.case import Case, CaseTurn, To
from evals.suite.checks import Means, check_case, make_means
from evals.suite.checks_limits import usd
from evals.suite.settling import settle
from evals.suite.trial import Mode, PlayedTurn, Source, Status, Trial
from graph.run import Rated, remember, run_turn
from graph.support import Support
from graph.turn import (
    PERSON,
    Audience,
    Escalated,
    Finished,
    HandedOff,
    Message,
    Restarted,
    TextDelta,
    Turn,
    TurnRecord,
)
from graph.verdict import WHY

FAILED = "The program failed in turn {turn}; the log says where."
FAULT = "No model could be reached in turn {turn} ({kinds})."
STOPPED = "The answer of turn {turn} was stopped before its end."


async def play(case: Case, number: int, support: Support, *, mode: Mode, source: Source = "none") -> Trial:
    """Play a case once in a conversation of its own, which is forgotten afterwards.

    A turn that fails, or in which no model could be reached, ends the trial as an error: it says nothing
    about what the bot would have answered; what models that replay or keep a budget could not play ends it as
    well. Raises StateError where the conversation cannot be kept.
    """
    conversation = f"evals:{case.id}:{number}:{uuid.uuid4().hex[:12]}"
    means = make_means(support)
    turns: list[PlayedTurn] = []
    problem = ""
    with playing(case.id, number) as played:
        try:
            for place, turn in enumerate(case.turns, 1):
                turns.append(
                    await _play_turn(turn, place, conversation, support, means, audience=case.audience)
                )
                problem = _problem(turns[-1].record, place)
                if problem or played.over:
                    break
        finally:
            await support.saver.adelete_thread(conversation)
    trial = Trial(case.id, number, mode, "passed", tuple(turns), source=source)
    if not problem and len(turns) < len(case.turns):
        problem = f"It ended after turn {len(turns)}."
    return settle(judged(case, trial, means, problem), played)


def judged(case: Case, trial: Trial, means: Means, problem: str = "") -> Trial:
    """Return a played trial with its findings, cost and status; calls nothing, so it can be done again."""
    cost = usd(trial.turns)
    if problem:
        return replace(trial, status="error", problem=problem, usd=cost)
    findings, late = check_case(case, trial.turns, means, trial.mode)
    status: Status = "failed" if findings else "passed"
    return replace(trial, status=status, findings=findings, late=late, usd=cost)


async def _play_turn(
    scripted: CaseTurn,
    place: int,
    conversation: str,
    support: Support,
    means: Means,
    *,
    audience: Audience,
) -> PlayedTurn:
    if scripted.rating:
        await remember(support, conversation, Rated(scripted.rating))
    name = f"{conversation}:{place}"
    messages = (Message(name, scripted.user),)
    turn = Turn(name, conversation, "evals", messages, time.time(), audience=audience)
    answer, summary = "", ""
    announced: set[str] = set()
    record: TurnRecord | None = None
    passages: tuple[str, ...] = ()
    async with aclosing(run_turn(support, turn)) as chunks:
        async for chunk in chunks:
            match chunk:
                case TextDelta():
                    answer += chunk.text
                case Restarted():
                    answer = ""
                case Escalated():
                    announced.add(chunk.route.tier)
                case HandedOff():
                    summary = chunk.summary
                case Finished():
                    record, passages = chunk.record, chunk.passages
    assert record is not None
    record = timed(record)
    return PlayedTurn(
        asked=scripted.user,
        answer=answer.strip(),
        outcome=record.outcome,
        escalated=_escalated(record, announced, [tier.name for tier in support.services.tiers.ladder]),
        reason=record.route.reason,
        rule=means.names.of.get(record.route.reason, ""),
        passages=passages,
        sources=tuple(source.article for source in record.sources),
        record=record,
        summary=summary,
    )


def _escalated(record: TurnRecord, announced: set[str], ladder: list[str]) -> To | None:
    """Return how high a turn went; a tier below the first, such as a quotation in need, is no escalation."""
    if record.outcome == "handed_off":
        return "person"
    above = {*ladder[1:], PERSON}
    return "large" if above & {record.route.tier, *announced} else None


def _problem(record: TurnRecord, place: int) -> str:
    if record.outcome == "failed":
        return FAILED.format(turn=place)
    if record.outcome == "stopped":
        return STOPPED.format(turn=place)
    if record.route.reason == WHY["fault"]:
        kinds = dict.fromkeys(
            call.outcome for call in record.calls if call.outcome not in ("ok", "escalated")
        )
        return FAULT.format(turn=place, kinds=", ".join(kinds) or "none answered")
    return ""
