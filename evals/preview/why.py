"""Why a rule applies, in words: the phrase, the share of words, the rating."""

from __future__ import annotations

from typing import assert_never

from graph.routing.decide import Decision
from graph.routing.rules import Facts
from prompts import Complex, Covered, LongerThan, Rated, Repeat, Says


def matched(decision: Decision, facts: Facts) -> str:
    """Say what of a turn met the rule that decided; empty where none did."""
    if decision.rule is None:
        return ""
    on = decision.rule.on
    match on:
        case Says():
            return f"says {_quoted(on.phrases.found(facts.text))}"
        case Repeat():
            return f"{facts.repeat:.0%} of the words were asked before, {on.overlap:.0%} are enough"
        case Rated():
            return f"the answer before got a thumbs-{on.thumb}"
        case Complex():
            signals = _quoted(on.signals.found(facts.text))
            asks = f"{facts.text.count('?')} question marks" if _asks(on, facts.text) else ""
            found = " and ".join(part for part in (signals, asks) if part)
            count = on.count(facts.text)
            enough = "1 is" if on.at_least == 1 else f"{on.at_least} are"
            return f"{count} signal{'' if count == 1 else 's'} ({found}), {enough} enough"
        case Covered():
            return "articles cover it" if on.value else "no article covers it"
        case LongerThan():
            return f"{len(facts.text):,} characters, more than {on.characters:,}"
    assert_never(on)


def _asks(on: Complex, text: str) -> bool:
    return on.count(text) > len(on.signals.found(text))


def _quoted(phrases: list[str]) -> str:
    return ", ".join(f"“{phrase}”" for phrase in phrases)
