"""Reports for the outputs' tests: small ones with one of everything, and a large one."""

from __future__ import annotations

import random
from dataclasses import replace

from evals.suite.case import (
    Case,
    CaseTurn,
    EscalationLabel,
    Origin,
    Rubric,
    To,
    Trials,
)
from evals.suite.report import CaseResult, Change, Flip, Gate, Report, Share
from evals.suite.trial import Finding, Judged, PlayedTurn, Source, Status, Trial
from graph.records.escalation_matrix import EscalationMatrix
from graph.turn import Call, Route, TurnRecord, Usage

ANSWER = (
    "You can send it back within 30 days. Print the label from your account, put the parcel together and "
    "take it to any shop. The money is back within five working days after it has reached us."
)
OTHER = (
    "You can send it back within 14 days. Print the label from your account and take the parcel to any "
    "shop of ours. The money is back within ten working days."
)


def record(tier: str = "small", model: str = "claude-haiku-5-5", *, usd: float = 0.0021) -> TurnRecord:
    call = Call(tier, "anthropic", model, "ok", {"answer": "a1b2"}, Usage(900, 80), usd, 410.0, 1200.0)
    return TurnRecord(
        turn_id="t1",
        messages=("m1",),
        attempt=1,
        conversation="c1",
        customer="u1",
        received_at=1.0,
        route=Route(tier, "No rule applies."),
        calls=(call,),
        sources=(),
        outcome="answered",
        language="en",
        total_ms=1250.0,
        first_words_ms=430.0,
        cost_usd=usd,
    )


def turn(
    asked: str = "How do I return shoes?",
    answer: str = ANSWER,
    *,
    escalated: To | None = None,
    rule: str = "",
    reason: str = "No rule applies.",
) -> PlayedTurn:
    tier = {None: "small", "large": "large", "person": "person"}[escalated]
    return PlayedTurn(
        asked=asked,
        answer=answer,
        outcome="handed_off" if escalated == "person" else "answered",
        escalated=escalated,
        reason=reason,
        rule=rule,
        passages=("returns/return-window.md#how", "returns/exchanges.md#shoes"),
        sources=("returns/return-window.md",),
        record=record(tier),
        summary="The customer wants a refund." if escalated == "person" else "",
    )


def trial(
    case: str,
    status: Status = "passed",
    *turns: PlayedTurn,
    number: int = 1,
    source: Source = "live",
    says: str = "",
    changed: tuple[str, ...] = (),
) -> Trial:
    problem = "there is no recording of turn 1" if status == "stale" else ""
    return Trial(
        case=case,
        number=number,
        mode="replay",
        status=status,
        turns=turns or ((turn(),) if status in ("passed", "failed") else ()),
        findings=(Finding("cites", says or "returns/exchanges.md is not cited", 1, hard=True),)
        if status == "failed"
        else (),
        problem="the vendor answered 500" if status == "error" else problem,
        changed=changed,
        source=source,
        usd=0.0021,
    )


def case(name: str, *tags: str, need: int = 1, n: int = 1, where: str = "") -> Case:
    return Case(
        id=name,
        origin=Origin("written", labelled_by="ada"),
        turns=(CaseTurn("How do I return shoes?"),),
        escalation=EscalationLabel("must_not"),
        tags=tags or ("returns",),
        trials=Trials(n, need),
        where=where or f"evals/cases/returns.yaml:{len(name)}",
    )


def result(name: str, *statuses: Status, tags: tuple[str, ...] = ("returns",)) -> CaseResult:
    trials = [
        trial(name, status, number=number, changed=("escalation.md",) if status == "stale" else ())
        for number, status in enumerate(statuses, 1)
    ]
    return CaseResult(case(name, *tags, n=len(statuses), need=max(1, len(statuses) - 1)), tuple(trials))


def escalating() -> tuple[CaseResult, Flip]:
    """A case that was answered and now goes to a person."""
    asked = "I want my money back, I bought it in November"
    before = trial("late-refund", "passed", turn(asked))
    gone = turn(asked, OTHER, escalated="person", rule="refund outside the window", reason="Money.")
    after = trial("late-refund", "failed", gone, says="it went to a person and must not")
    says = "The small model answered it; now a person has to."
    flip = Flip("late-refund", "now_escalates", says, before, after, hard=True)
    return CaseResult(case("late-refund", "refunds", "prompt:escalation"), (after,)), flip


def broken() -> tuple[CaseResult, Flip]:
    """A case with three trials that passed and now fails two of them, judged by a rubric."""
    before = trial("shoes", "passed", turn(answer=ANSWER), turn("And how long does the money take?", ANSWER))
    judged = (Judged("tone", passed=False, why="It sounds impatient.", gates=False),)
    turns = (turn(answer=OTHER), turn("And how long does the money take?", OTHER))
    statuses: tuple[Status, ...] = ("failed", "failed", "passed")
    trials = [
        replace(trial("shoes", status, *turns, number=number), judged=judged)
        for number, status in enumerate(statuses, 1)
    ]
    flip = Flip("shoes", "broke", "It named the article; now it does not.", before, trials[0])
    rubric = (Rubric("tone", "Is the answer friendly?"),)
    return CaseResult(replace(case("shoes", n=3, need=2), rubric=rubric), tuple(trials)), flip


def report() -> Report:
    """One of everything: passed, failed, stale, in error, a draft, two flips."""
    escalated, now_escalates = escalating()
    shoes, broke = broken()
    draft = CaseResult(
        replace(case("a-draft"), draft=True), (trial("a-draft", "failed", says="it says too much"),)
    )
    results = (
        result("greeting", "passed", tags=("small-talk",)),
        escalated,
        shoes,
        result("exchange", "stale", tags=("returns",)),
        result("window", "stale", "passed", "passed"),
        result("outage", "error", tags=("delivery",)),
        draft,
    )
    return Report(
        name="20261123-101500-replay",
        mode="replay",
        source="live",
        results=results,
        gate=Gate(
            "regressed",
            ("late-refund must not escalate and does: high risk", "shoes passed and fails"),
            ("1 case is a draft and does not count",),
        ),
        flips=(now_escalates, broke),
        passed=Share(0.85, 0.791, 0.909, 120),
        pass_hat=(0.85, 0.8, 0.76),
        confusion=EscalationMatrix(31, 2, 5, 82, 3),
        confusion_before=EscalationMatrix(30, 3, 2, 85, 1),
        changes=(
            Change("passed", 0.87, 0.85, -0.02, -0.05, 0.01, 0.38),
            Change("usd", 0.002, 0.0021, 0.0001, -0.0001, 0.0003, None),
            Change("first_words_ms", 410.0, 430.0, 20.0, -12.0, 55.0, None),
        ),
        smallest_visible=0.05,
        usd_per_conversation=0.0021,
        usd_per_resolved=0.0029,
        usd_per_resolved_assumed=0.0024,
        baseline="accepted by Ada on 2026-11-20: the new returns policy",
    )


def with_words(words: str) -> Report:
    """A report in which everything that anybody can write is these words."""
    says = Finding(words, words, 1)
    played = replace(turn(words, words, rule=words, reason=words), passages=(words,), sources=(words,))
    before = replace(trial(words, "passed", played), case=words)
    after = replace(trial(words, "failed", played), findings=(says,), problem=words, changed=(words,))
    stale = replace(trial(words, "stale"), problem=words, changed=(words,))
    odd = replace(case(words, words), where=words, escalation=EscalationLabel("must", words))
    return replace(
        report(),
        name=words,
        results=(CaseResult(odd, (after,)), CaseResult(replace(odd, id=f"{words} 2"), (stale,))),
        flips=(
            Flip(words, "broke", words, before, after),
            Flip(words, "now_escalates", words, before, after),
        ),
        gate=Gate("regressed", (words,), (words,)),
        baseline=words,
    )


def many(cases: int, trials: int, seed: int = 1) -> Report:
    """A large report: every tenth case fails, and every twentieth flipped."""
    rng = random.Random(seed)
    words = (ANSWER + " " + OTHER).split()
    results, flips = [], []
    for number in range(cases):
        name = f"case-{number:04d}"
        status: Status = "failed" if number % 10 == 0 else "passed"
        played = [
            trial(
                name,
                status,
                turn(" ".join(rng.sample(words, 14)), " ".join(rng.choices(words, k=90))),
                turn(" ".join(rng.sample(words, 14)), " ".join(rng.choices(words, k=90))),
                number=at,
            )
            for at in range(1, trials + 1)
        ]
        tags = (f"topic-{number % 40}", "risk:high" if number % 7 == 0 else "everyday")
        results.append(CaseResult(case(name, *tags, n=trials), tuple(played)))
        if number % 20 == 0:
            before = trial(name, "passed", turn(), turn())
            flips.append(Flip(name, "broke", f"{name} passed; now it fails.", before, played[0]))
    return replace(report(), results=tuple(results), flips=tuple(flips))
