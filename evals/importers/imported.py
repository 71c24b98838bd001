"""What an import comes to, and how foreign JSON is read: an error names the file and the place in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from evals.suite.case import Case
from evals.suite.trial import Trial
from graph.errors import InputError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something of the file that became neither a case nor part of one."""

    where: str
    """A line, an index or a task."""
    why: str
    """The same words for all that were left out for the same reason."""


@dataclass(frozen=True, slots=True)
class Imported:
    """Cases, the trials that somebody else's agent has played of them, and what is missing."""

    cases: tuple[Case, ...]
    trials: tuple[Trial, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def read_text(file: Path) -> str:
    """Read a file as UTF-8; raises InputError where it cannot be."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{file} is not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}); name the file to import") from None


def read_json(file: Path) -> Any:
    """Read a file of one JSON value; raises InputError with the line where it is not JSON."""
    try:
        return json.loads(read_text(file))
    except json.JSONDecodeError as error:
        raise InputError(f"{file}:{error.lineno}: is not JSON: {error.msg}") from None
    except (ValueError, RecursionError):
        raise InputError(
            f"{file} is not JSON that can be read: a number or its nesting is too long"
        ) from None


def checked(shape: TypeAdapter[T], value: object, file: Path) -> T:
    """Return a value in its shape; raises InputError with the path of the first field that does not fit."""
    try:
        return shape.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"])
        message = first["msg"][0].lower() + first["msg"][1:]
        raise InputError(f"{file}: {path.lstrip('.') or 'the whole file'}: {message}") from None
