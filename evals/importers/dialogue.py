"""A transcript of somebody else's agent as turns: what the customer said, and what came back.

Nothing is made up. What the transcript does not tell stays empty: no route, no calls, no cost, language
`und`; the times, which a TurnRecord has to have, are 0 and mean nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from evals.suite.bare_turn import bare_turn
from evals.suite.case import Case, CaseTurn, EscalationLabel, Origin, Rubric
from evals.suite.trial import PlayedTurn, Status, Trial
from graph.turn import Outcome, Route

TRANSFER = "transfer_to_human_agents"
"""The tool with which agents of tau-bench and tau2-bench hand over to a person."""

_END = re.compile(r"###(?:STOP|TRANSFER|OUT-OF-SCOPE)###")
_ROUTE = Route("unknown", "somebody else's agent played this; its routing is not known", by="model")


@dataclass(frozen=True, slots=True)
class Said:
    """One message, as far as it matters here."""

    role: Literal["user", "assistant"]
    text: str
    transfers: bool = False
    """The agent handed over to a person with it."""


@dataclass(slots=True)
class Exchange:
    """What a customer said until the agent spoke, and what came back until the customer spoke again."""

    asked: str
    answer: str = ""
    transferred: bool = False

    @property
    def outcome(self) -> Outcome:
        """`stopped` where the transcript ends before an answer."""
        return "handed_off" if self.transferred else "answered" if self.answer else "stopped"


def exchanges(messages: Iterable[Said]) -> tuple[list[Exchange], str]:
    """Return a conversation's exchanges, and the closing words with which a simulated customer ended it.

    Nobody answered the closing words. What the agent said before the customer spoke is no answer either.
    """
    found: list[Exchange] = []
    for message in messages:
        text = _END.sub("", message.text).strip()
        if message.role == "assistant":
            if found:
                _answer(found[-1], text, transfers=message.transfers)
        elif _END.search(message.text):
            return found, text
        elif text and found and found[-1].outcome == "stopped":
            found[-1].asked += f"\n{text}"
        elif text:
            found.append(Exchange(text))
    return found, ""


def case_turns(conversation: Iterable[Exchange]) -> tuple[CaseTurn, ...]:
    """Return the customer's side as a script."""
    return tuple(CaseTurn(exchange.asked) for exchange in conversation)


def draft(
    id: str,
    bench: str,
    task: str,
    script: Iterable[Exchange],
    *,
    labelled: bool,
    must: bool,
    gold: tuple[str, ...] = (),
    rubric: tuple[Rubric, ...] = (),
) -> Case:
    """Return a benchmark's task as a draft; `labelled` tells that it has gold actions, `must` a transfer.

    Gold actions without a transfer do not say that a transfer is wrong.
    """
    by = f"{bench}, gold actions" if labelled else None
    return Case(
        id=id,
        origin=Origin("public", ref=f"{bench}, {task}", licence="MIT", labelled_by=by),
        turns=case_turns(script),
        escalation=EscalationLabel("must", to="person") if must else EscalationLabel("may"),
        tags=(bench,),
        gold_passages=gold,
        rubric=rubric,
        draft=True,
    )


def rewarded(reward: float) -> bool:
    """Tell whether a benchmark's reward is the whole one."""
    return abs(reward - 1) < 1e-6


def played(
    case: str,
    number: int,
    conversation: Sequence[Exchange],
    *,
    status: Status,
    problem: str = "",
    usd: float | None = None,
) -> Trial:
    """Return a conversation as a trial; `number` counts from 1."""
    turns = (_turn(case, number, at, exchange) for at, exchange in enumerate(conversation, 1))
    return Trial(case, number, "live", status, tuple(turns), problem=problem, source="live", usd=usd)


def _answer(exchange: Exchange, text: str, *, transfers: bool) -> None:
    exchange.answer = "\n".join(filter(None, (exchange.answer, text)))
    exchange.transferred |= transfers


def _turn(case: str, number: int, at: int, exchange: Exchange) -> PlayedTurn:
    conversation = f"{case}:{number}"
    return bare_turn(
        exchange.asked,
        exchange.answer,
        exchange.outcome,
        _ROUTE,
        escalated="person" if exchange.transferred else None,
        reason=TRANSFER if exchange.transferred else "",
        name=f"{conversation}:{at}",
        conversation=conversation,
        language="und",
    )
