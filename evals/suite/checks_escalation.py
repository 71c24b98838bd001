"""The escalation label: whether the conversation went where it belongs, in time, for that reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evals.suite.case import EscalationLabel, To
from evals.suite.trial import Finding, PlayedTurn
from graph.verdict import WHY
from prompts import Escalation

CHECK = "escalation"
PLACES: dict[To, str] = {"large": "the large model", "person": "a person"}


@dataclass(frozen=True, slots=True)
class Names:
    """What escalation.md calls the reasons that routes give in words."""

    of: Mapping[str, str]
    """A reason in words -> the name of its rule, check or model's reason."""
    rules: frozenset[str]
    """The names among them by which a rule decides, before any model is asked."""


def names_of(escalation: Escalation) -> Names:
    """Return the names in force; where two say the same in words, the first one's."""
    rules = {rule.reason: rule.name for rule in reversed(escalation.rules)}
    checks = {check.reason: check.name for check in escalation.checks}
    reasons = {reason.when: reason.name for reason in escalation.reasons}
    why = {words: name for name, words in WHY.items()}
    return Names(why | checks | reasons | rules, frozenset(rules.values()))


def check_escalation(
    label: EscalationLabel, turns: Sequence[PlayedTurn], names: Names
) -> tuple[list[Finding], bool]:
    """Return what is wrong with where the conversation went, and whether it went there late.

    A missed `must` is hard; a late or needless one, and one for another reason, are not.
    """
    if label.verdict == "must_not":
        return [_needless(number, turn) for number, turn in enumerate(turns, 1) if turn.escalated], False
    went = reached(label, turns)
    if label.verdict == "may":
        return [], False
    if went is None:
        return [Finding(CHECK, _missed(label, turns), hard=True)], False
    late = label.by_turn is not None and went > label.by_turn
    findings = []
    if late:
        says = f"It goes to {_place(label)} in turn {went}, which is after turn {label.by_turn}."
        findings.append(Finding(CHECK, says, went))
    if (decided := turns[went - 1].rule) and not _same_reason(label.reason, decided, names):
        says = f"What decided is `{decided}`, not `{label.reason}`."
        findings.append(Finding(CHECK, says, went))
    return findings, late


def reached(label: EscalationLabel, turns: Sequence[PlayedTurn]) -> int | None:
    """Return the first turn, from 1, that went where the label wants it; a person is enough for `large`."""
    enough = {"person"} if label.to == "person" else {"large", "person"}
    return next((number for number, turn in enumerate(turns, 1) if turn.escalated in enough), None)


def _same_reason(wanted: str | None, decided: str, names: Names) -> bool:
    """Compare two names: where a rule decided before the model was asked, the model's reason is not known."""
    if wanted is None or wanted == decided:
        return True
    return decided in names.rules and wanted not in names.rules


def _missed(label: EscalationLabel, turns: Sequence[PlayedTurn]) -> str:
    if any(turn.escalated for turn in turns):
        return "It must go to a person, and went no further than the large model."
    return f"It must go to {_place(label)}, and stayed with the first tier."


def _needless(number: int, turn: PlayedTurn) -> Finding:
    where = PLACES[turn.escalated or "large"]
    return Finding(CHECK, f"It must stay with the first tier, and goes to {where}: {turn.reason}", number)


def _place(label: EscalationLabel) -> str:
    return PLACES[label.to] if label.to else "the large model or a person"
