"""Cases from YAML files: strict, and every error names the file and the line."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evals.suite import case as made
from evals.suite.case_checks import check_case
from evals.suite.case_dump import dump_case, dump_cases
from evals.suite.case_model import EXPECTATIONS, CaseModel, ExpectModel, TurnModel
from evals.suite.case_problems import Problem, blanks, problems_of
from graph.errors import InputError, PromptError
from prompts.escalation import Escalation
from prompts.frontmatter import KeyPath, Lines, parse_yaml

__all__ = ["dump_case", "dump_cases", "load_cases", "read_cases"]

ENDINGS = (".yaml", ".yml")


def load_cases(
    folder: Path, *, escalation: Escalation | None = None, known: Collection[str] | None = None
) -> tuple[made.Case, ...]:
    """Read every case of a folder and the folders in it, or of one file, in order of paths and lines.

    With `escalation`, reasons must be in it; with `known` (see `known_passages`), articles too. Raises
    InputError with all that is wrong in a file, a line each.
    """
    cases: dict[str, made.Case] = {}
    for file in _files(folder):
        for case in read_cases(file, escalation=escalation, known=known):
            if case.id in cases:
                there = cases[case.id].where
                raise InputError(f"{case.where}: the id `{case.id}` is at {there} too; rename one of them")
            cases[case.id] = case
    if not cases:
        raise InputError(f"{folder} holds no cases; put one into it, such as cases/first.yaml")
    return tuple(cases.values())


def read_cases(
    file: Path, *, escalation: Escalation | None = None, known: Collection[str] | None = None
) -> tuple[made.Case, ...]:
    """Read the cases of one file, which holds one mapping or a list of them; raises as `load_cases` does."""
    try:
        value, lines = parse_yaml(_read(file), file)
    except PromptError as error:
        raise InputError(str(error)) from None
    listed = isinstance(value, list)
    if not (listed or isinstance(value, dict)):
        raise InputError(f"{file}:1: must hold a case, or a list of cases: each begins with `- id:`")
    cases: list[made.Case] = []
    wrong: list[str] = []
    for place, written in enumerate(value if listed else [value]):
        path: KeyPath = (place,) if listed else ()
        line = _line(lines, path) if listed else min(lines.values(), default=1)
        try:
            cases.append(_make(_checked(written, escalation, known), f"{file}:{line}"))
        except _Wrong as error:
            wrong += [f"{file}:{_line(lines, (*path, *at))}: {problem}" for at, problem in error.problems]
    if wrong:
        raise InputError("\n".join(wrong))
    return tuple(cases)


class _Wrong(Exception):
    """A case has problems."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems)
        self.problems = problems


def _files(folder: Path) -> list[Path]:
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        raise InputError(f"{folder} does not exist; give a folder with cases as .yaml files")
    return sorted(path for path in folder.rglob("*") if path.suffix in ENDINGS and path.is_file())


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError(f"{file}:{line}: is not UTF-8 text; save it as UTF-8") from None


def _line(lines: Lines, path: KeyPath) -> int:
    """Return the line of a key, or of the nearest one around it."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _checked(written: Any, escalation: Escalation | None, known: Collection[str] | None) -> CaseModel:
    if problems := list(blanks(written)):
        raise _Wrong(problems)
    try:
        case = CaseModel.model_validate(written)
    except ValidationError as error:
        raise _Wrong(list(problems_of(error))) from None
    if problems := list(check_case(case, escalation, known)):
        raise _Wrong(problems)
    return case


def _make(case: CaseModel, where: str) -> made.Case:
    n, need = case.trials.n, case.trials.need
    return made.Case(
        id=case.id,
        origin=made.Origin(**case.origin.model_dump()),
        turns=tuple(_turn(turn) for turn in case.turns),
        escalation=made.EscalationLabel(**case.escalation.model_dump()),
        tags=tuple(case.tags),
        gold_passages=tuple(case.gold_passages),
        rubric=tuple(made.Rubric(**rubric.model_dump()) for rubric in case.rubric),
        limits=made.Limits(**case.limits.model_dump()),
        trials=made.Trials(n, n if need is None else need),
        risk=case.risk,
        draft=case.draft,
        where=where,
        audience=case.audience,
        needs=case.needs,
    )


def _turn(turn: TurnModel) -> made.CaseTurn:
    expect = tuple(_expectation(entry) for entry in turn.expect or ())
    return made.CaseTurn(turn.user, expect, turn.rating)


def _expectation(entry: ExpectModel) -> made.Expectation:
    ((name, value),) = entry.model_dump(exclude_unset=True).items()
    expectation: made.Expectation = EXPECTATIONS[name](tuple(value) if isinstance(value, list) else value)
    return expectation
