"""What is wrong with a case as written, in sentences that say what to write instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from evals.suite import case_model as model
from prompts.fields import nearest
from prompts.frontmatter import KeyPath

Problem: TypeAlias = tuple[KeyPath, str]
"""Where in the case, and a sentence."""

_MODELS: Mapping[str, type[model.Model]] = {
    "origin": model.OriginModel,
    "turns": model.TurnModel,
    "expect": model.ExpectModel,
    "escalation": model.EscalationModel,
    "rubric": model.RubricModel,
    "limits": model.LimitsModel,
    "trials": model.TrialsModel,
}
_PATTERNS = {
    model.ID: "must be small letters and digits joined by hyphens, such as `lost-parcel-2`",
    model.TAG: "must be small letters, digits, `.`, `_`, `-` and `:`; the risk has its own `risk: high`",
    model.LANGUAGE: "must be a language's two letters, such as `de`",
    model.DATE: "must be a date such as 2026-11-26",
    model.RULE: "must be a name from escalation.md",
    r"\S": "must not be empty",
}
_TYPES = {
    "string_type": "must be a text; put it in quotes",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "list_type": "must be a list: [a, b], or lines that begin with `- `",
    "model_type": "must be a mapping: lines of `name: value`",
    "too_short": "must not be empty",
}


def problems_of(error: ValidationError) -> Iterator[Problem]:
    """Yield what pydantic found, in the order of the file's names."""
    for detail in error.errors(include_url=False):
        yield tuple(detail["loc"]), _sentence(detail)


def blanks(value: Any, path: KeyPath = ()) -> Iterator[Problem]:
    """Yield the names and items that have no value."""
    if value is None:
        yield path, f"{name_of(path)} has no value; give it one or take it away"
    elif isinstance(value, dict):
        for key, below in value.items():
            yield from blanks(below, (*path, key))
    elif isinstance(value, list):
        for place, below in enumerate(value):
            yield from blanks(below, (*path, place))


def name_of(path: KeyPath) -> str:
    """Return what people call a place: its name, or its list's name for an item."""
    names = [step for step in path if isinstance(step, str)]
    if not names:
        return "the case"
    return f"`{names[-1]}`" if isinstance(path[-1], str) else f"an entry of `{names[-1]}`"


def _sentence(detail: ErrorDetails) -> str:
    path, kind, context = detail["loc"], detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return f"`{path[-1]}` is not a setting here{nearest(str(path[-1]), _known(path[:-1]))}"
    if kind == "missing":
        return f"`{path[-1]}:` is missing"
    if kind == "literal_error":
        return f"{name_of(path)} must be {context['expected'].replace(chr(39), '`')}, not `{detail['input']}`"
    if kind == "string_pattern_mismatch":
        return f"{name_of(path)} {_PATTERNS[context['pattern']]}, not `{detail['input']}`"
    if kind in _TYPES:
        return f"{name_of(path)} {_TYPES[kind]}"
    return f"{name_of(path)}: {detail['msg'][0].lower()}{detail['msg'][1:]}, not `{detail['input']}`"


def _known(path: KeyPath) -> list[str]:
    names = [step for step in path if isinstance(step, str)]
    return list((_MODELS[names[-1]] if names else model.CaseModel).model_fields)
