"""What a case must hold beyond its form: numbers that fit each other, names that exist."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from evals.suite.case_model import CaseModel, ExpectModel
from evals.suite.case_problems import Problem
from graph.knowledge.folder import read_folder
from prompts.escalation import Escalation
from prompts.fields import nearest
from prompts.frontmatter import KeyPath
from prompts.matching import is_phrase


def known_passages(folder: Path) -> frozenset[str]:
    """Return what a case may cite from a knowledge folder: `article.md`, `article`, both with `#heading`."""
    articles = read_folder(folder).articles
    names = {passage.id for article in articles for passage in article.passages}
    names |= {article.path for article in articles}
    return frozenset(names) | {name.replace(".md", "", 1) for name in names}


def check_case(
    case: CaseModel, escalation: Escalation | None = None, known: Collection[str] | None = None
) -> Iterator[Problem]:
    """Yield what is wrong with a case of the right form."""
    yield from _numbers(case)
    yield from _label(case, escalation)
    for at, turn in enumerate(case.turns):
        for place, expect in enumerate(turn.expect or ()):
            yield from _expectation(expect, ("turns", at, "expect", place), known)
    yield from _articles(case.gold_passages, ("gold_passages",), known)
    yield from _twice([rubric.id for rubric in case.rubric], ("rubric",))
    yield from _twice(case.tags, ("tags",))


def _numbers(case: CaseModel) -> Iterator[Problem]:
    trials = case.trials
    if trials.need is not None and trials.need > trials.n:
        yield ("trials", "need"), f"`need` is {trials.need}, more than the {trials.n} of `n`; lower it"
    by_turn = case.escalation.by_turn
    if by_turn is not None and by_turn > len(case.turns):
        problem = f"`by_turn` is {by_turn}, but the case has {len(case.turns)} turns; lower it"
        yield ("escalation", "by_turn"), problem
    if case.turns[0].rating:
        yield ("turns", 0, "rating"), "there is no answer before the first turn; move `rating` to a later one"


def _label(case: CaseModel, escalation: Escalation | None) -> Iterator[Problem]:
    label = case.escalation
    if case.origin.labelled_by is None and not case.draft:
        yield ("origin",), "nobody labelled the case; add `labelled_by:` to `origin`, or write `draft: true`"
    if label.verdict == "must_not" and (label.reason or label.by_turn or label.to):
        problem = "`must_not` has no `reason`, `by_turn` or `to`; take them away, or write another verdict"
        yield ("escalation",), problem
    if label.reason and escalation:
        names = [*(known.name for known in escalation.reasons), *(rule.name for rule in escalation.rules)]
        if label.reason not in names:
            problem = f"escalation.md has no reason or rule `{label.reason}`{nearest(label.reason, names)}"
            yield ("escalation", "reason"), problem
    expects = any(turn.expect for turn in case.turns)
    judged = expects or case.rubric or label.verdict != "may" or case.limits.model_fields_set
    if not (judged or case.draft):
        problem = "the case cannot fail; add `expect:` to a turn, `limits:`, `rubric:` or a verdict"
        yield (), f"{problem} other than `may`"


def _expectation(expect: ExpectModel, path: KeyPath, known: Collection[str] | None) -> Iterator[Problem]:
    names = list(expect.model_fields_set)
    if len(names) != 1:
        yield path, "an entry of `expect` has exactly one name; begin another entry with `- ` for each"
        return
    phrases = expect.says or expect.says_one_of or expect.says_none_of or ()
    for place, phrase in enumerate(phrases):
        if not is_phrase(phrase):
            yield (*path, names[0], place), f"`{phrase}` holds no word that could be looked for"
    yield from _articles(expect.cites or (), (*path, "cites"), known)


def _articles(wanted: Collection[str], path: KeyPath, known: Collection[str] | None) -> Iterator[Problem]:
    for place, name in enumerate(wanted):
        if known is not None and name not in known:
            yield (*path, place), f"the knowledge folder has no `{name}`{_like(name, known)}"


def _like(name: str, known: Collection[str]) -> str:
    """Suggest the nearest name; never a list of hundreds."""
    suggestion = nearest(name, known)
    return suggestion if "did you mean" in suggestion else "; give an article's path, or `path#heading`"


def _twice(names: list[str], path: KeyPath) -> Iterator[Problem]:
    for place, name in enumerate(names):
        if name in names[:place]:
            yield (*path, place), f"`{name}` is there twice; keep one"
