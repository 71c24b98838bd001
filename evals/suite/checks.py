"""The checks that need no judge: each expectation of a turn, the escalation label, the limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, assert_never

from evals.suite.case import (
    AsksBack,
    Case,
    CaseTurn,
    Cites,
    Escalates,
    Expectation,
    InLanguage,
    Says,
    SaysNoneOf,
    SaysOneOf,
    SaysUnknown,
)
from evals.suite.checks_escalation import Names, check_escalation, names_of
from evals.suite.checks_limits import check_limits
from evals.suite.trial import Finding, Mode, PlayedTurn
from evals.suite.wording import own_sentences, questions, said, says_unknown, unknown_phrases
from graph.guard import cited
from prompts import PhraseSet

if TYPE_CHECKING:
    from graph.support import Support

CHECKS: dict[type, str] = {
    Cites: "cites",
    Says: "says",
    SaysOneOf: "says_one_of",
    SaysNoneOf: "says_none_of",
    InLanguage: "language",
    AsksBack: "asks_back",
    Escalates: "escalates",
    SaysUnknown: "says_unknown",
}
"""What each expectation is called in a finding."""


@dataclass(frozen=True, slots=True)
class Means:
    """What the checks ask of the prompts and articles in force."""

    language: Callable[[str, str], str]
    """Of a text; the second is the answer where the text is too short to tell."""
    passage: Callable[[str], str]
    """The text of a passage; empty where there is none of this id."""
    unknown: PhraseSet
    names: Names


def make_means(support: Support) -> Means:
    """Return the means that an opened bot has."""
    edition, knowledge = support.services.prompts.edition, support.services.knowledge

    def passage(id: str) -> str:
        found = knowledge.open_to("internal").passage(id)
        return found.text if found else ""

    detect = support.services.languages.detect
    return Means(detect, passage, unknown_phrases(edition.phrases), names_of(edition.escalation))


def check_case(
    case: Case, turns: tuple[PlayedTurn, ...], means: Means, mode: Mode
) -> tuple[tuple[Finding, ...], bool]:
    """Return what is not as the case wants it, and whether it escalated late; of high risk all is hard."""
    pairs = zip(case.turns, turns, strict=True)
    findings = [
        f for n, (wanted, played) in enumerate(pairs, 1) for f in check_turn(wanted, played, n, means)
    ]
    escalation, late = check_escalation(case.escalation, turns, means.names)
    findings += [*escalation, *check_limits(case.limits, turns, mode)]
    if case.risk == "high":
        findings = [replace(finding, hard=True) for finding in findings]
    return tuple(findings), late


def check_turn(wanted: CaseTurn, played: PlayedTurn, number: int, means: Means) -> list[Finding]:
    """Return what of a turn is not as expected."""
    found = ((CHECKS[type(expected)], _wrong(expected, played, means)) for expected in wanted.expect)
    return [Finding(check, says, number) for check, says in found if says]


def _wrong(wanted: Expectation, played: PlayedTurn, means: Means) -> str:
    """Say what is wrong, or nothing."""
    match wanted:
        case Cites():
            return _cites(wanted.articles, played)
        case Says():
            missing = [phrase for phrase in wanted.phrases if not said(played.answer, phrase)]
            return f"It does not say {_quoted(missing)}." if missing else ""
        case SaysOneOf():
            none = not any(said(played.answer, phrase) for phrase in wanted.phrases)
            return f"It says none of {_quoted(wanted.phrases)}." if none else ""
        case SaysNoneOf():
            wrong = [phrase for phrase in wanted.phrases if said(played.answer, phrase)]
            return f"It says {_quoted(wrong)}, which it must not." if wrong else ""
        case InLanguage():
            return _language(wanted.code, played, means)
        case AsksBack():
            asked = questions(_own(played, means))
            if wanted.wanted:
                return "" if asked else "It does not ask the customer anything."
            return f"It asks the customer: {asked[0]}" if asked else ""
        case Escalates():
            return _escalates(played, wanted=wanted.wanted)
        case SaysUnknown():
            unknown = says_unknown(_own(played, means), means.unknown)
            if wanted.wanted:
                return "" if unknown else "It does not say that the articles do not tell."
            return "It says that the articles do not tell." if unknown else ""
    assert_never(wanted)


def _own(played: PlayedTurn, means: Means) -> list[str]:
    return own_sentences(played.answer, map(means.passage, played.passages))


def _cites(articles: Iterable[str], played: PlayedTurn) -> str:
    """Compare articles with the sources, and `article#heading` with the passages that the answer cites."""
    passages = [played.passages[n - 1] for n in cited(played.answer, len(played.passages))]
    found = {bare(name) for name in (*played.sources, *(passages if played.sources else ()))}
    missing = [article for article in articles if bare(article) not in found]
    cites = ", ".join(played.sources) or "nothing"
    return f"It does not cite {', '.join(missing)}; it cites {cites}." if missing else ""


def bare(name: str) -> str:
    """Return an article's or passage's name without the ending of the file, which a case may leave out."""
    article, mark, heading = name.partition("#")
    return article.removesuffix(".md") + mark + heading


def _language(code: str, played: PlayedTurn, means: Means) -> str:
    spoken = means.language(played.answer, "")
    if spoken == code:
        return ""
    return (
        f"It is in `{spoken}`, not in `{code}`."
        if spoken
        else f"It is too short to tell whether it is `{code}`."
    )


def _escalates(played: PlayedTurn, *, wanted: bool) -> str:
    if (played.escalated is not None) == wanted:
        return ""
    if wanted:
        return "It stays with the first tier."
    where = "a person" if played.escalated == "person" else "the large model"
    return f"It goes to {where}: {played.reason}"


def _quoted(phrases: Iterable[str]) -> str:
    return ", ".join(f"“{phrase}”" for phrase in phrases)
