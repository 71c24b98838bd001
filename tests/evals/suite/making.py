"""Cases, played turns and trials as the tests of the suite want them."""

from __future__ import annotations

from collections.abc import Iterable

from evals.suite.case import (
    Case,
    CaseTurn,
    EscalationLabel,
    Expectation,
    Limits,
    Origin,
    Risk,
    To,
    Trials,
)
from evals.suite.checks import Means, make_means
from evals.suite.report import CaseResult
from evals.suite.trial import Finding, Mode, PlayedTurn, Source, Status, Trial
from graph.routing.language import LanguageDetector
from graph.turn import Call, Outcome, Route, TurnRecord, Usage
from tests.fakes import shipped_prompts

ORIGIN = Origin("written", labelled_by="a test")


def make_case(
    id: str = "a",
    *turns: CaseTurn | str,
    expect: Iterable[Expectation] = (),
    escalation: EscalationLabel = EscalationLabel("may"),  # noqa: B008  # frozen
    trials: Trials = Trials(),  # noqa: B008  # frozen
    limits: Limits = Limits(),  # noqa: B008  # frozen
    risk: Risk = "normal",
    draft: bool = False,
    needs_model: bool = False,
    tags: tuple[str, ...] = (),
) -> Case:
    """Make a case; `expect` is of its only turn."""
    given = turns or (CaseTurn("How long do I have to send shoes back?", tuple(expect)),)
    return Case(
        id=id,
        origin=ORIGIN,
        turns=tuple(CaseTurn(turn) if isinstance(turn, str) else turn for turn in given),
        escalation=escalation,
        tags=tags,
        limits=limits,
        trials=trials,
        risk=risk,
        draft=draft,
        needs="model" if needs_model else "any",
    )


def make_played(
    answer: str = "Within 30 days [1].",
    *,
    escalated: To | None = None,
    rule: str = "",
    reason: str = "The smallest model answers first.",
    passages: tuple[str, ...] = ("returns/window.md#how-long",),
    sources: tuple[str, ...] = ("returns/window.md",),
    calls: int = 1,
    usd: float | None = 0.01,
    total_ms: float = 900.0,
    first_words_ms: float | None = 300.0,
) -> PlayedTurn:
    """Make a turn as it was played."""
    outcome: Outcome = "handed_off" if escalated == "person" else "answered"
    call = Call("small", "anthropic", "claude-haiku-5-5", "ok", {}, Usage(1000, 50), usd)
    record = TurnRecord(
        turn_id="t",
        messages=("m",),
        attempt=1,
        conversation="c",
        customer="evals",
        received_at=1.0,
        route=Route(escalated or "small", reason),
        calls=(call,) * calls,
        sources=(),
        outcome=outcome,
        language="en",
        total_ms=total_ms,
        first_words_ms=first_words_ms,
        cost_usd=usd,
    )
    return PlayedTurn(
        asked="How long?",
        answer=answer,
        outcome=outcome,
        escalated=escalated,
        reason=reason,
        rule=rule,
        passages=passages,
        sources=sources if outcome == "answered" else (),
        record=record,
    )


def make_trial(
    case: str = "a",
    status: Status = "passed",
    *turns: PlayedTurn,
    number: int = 1,
    mode: Mode = "keyless",
    source: Source = "none",
    check: str = "says",
    hard: bool = False,
    changed: tuple[str, ...] = (),
    usd: float | None = 0.0,
    late: bool = False,
) -> Trial:
    """Make a trial; one that failed has a finding of a check."""
    findings = (Finding(check, "It does not say “30 days”.", 1, hard=hard),) if status == "failed" else ()
    problem = "it was never recorded" if status == "stale" else "no model" if status == "error" else ""
    return Trial(
        case=case,
        number=number,
        mode=mode,
        status=status,
        turns=turns or (make_played(),),
        findings=findings,
        problem=problem,
        changed=changed,
        source=source,
        usd=usd,
        late=late,
    )


def make_result(case: Case, *trials: Trial) -> CaseResult:
    """Make the result of a case."""
    return CaseResult(case, trials)


def shipped_means(passages: dict[str, str] | None = None) -> Means:
    """Make means of the shipped prompts, and of passages by id."""
    means = make_means(_Support())  # type: ignore[arg-type]  # what the checks ask of one
    texts = passages or {}
    return Means(means.language, lambda name: texts.get(name, ""), means.unknown, means.names)


class _Support:
    """As much of a support as the means are made of."""

    def __init__(self) -> None:
        self.services = self
        self.prompts = shipped_prompts()
        self.languages = LanguageDetector()
        self.knowledge = None
