"""What people say about conversations: the labels that a judge is measured against."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError

from evals.judge.prompt import Said
from graph.errors import InputError

SHAPE = '{"transcript": [{"role": "customer", "text": "..."}, {"role": "bot", "text": "..."}], ...}'


@dataclass(frozen=True, slots=True)
class Label:
    """A person's answer to a rubric about one conversation."""

    talk: tuple[Said, ...]
    rubric: str
    yes: bool
    labelled_by: str


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Message(_Strict):
    role: Literal["customer", "bot"]
    text: str


class _Line(_Strict):
    transcript: list[_Message] = Field(min_length=1)
    rubric: str = Field(min_length=1)
    label: StrictBool
    labelled_by: str = Field(min_length=1)


def read_labels(file: Path) -> tuple[Label, ...]:
    """Read JSON lines of transcript, rubric, label and labelled_by; raises InputError with file and line.

    The same conversation and rubric may be there once only: agreement on copies would count twice.
    """
    try:
        lines = file.read_bytes().decode("utf-8-sig").split("\n")
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}); give JSON lines of labels") from None
    except UnicodeDecodeError:
        raise InputError(f"{file} is not UTF-8 text; save it as UTF-8") from None
    found: dict[tuple[tuple[Said, ...], str], Label] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        label = _label(line, f"{file}:{number}")
        if (label.talk, label.rubric) in found:
            raise InputError(f"{file}:{number}: this transcript has a label for this rubric above; keep one")
        found[label.talk, label.rubric] = label
    if not found:
        raise InputError(f"{file} holds no labels; each line must be {SHAPE}")
    return tuple(found.values())


def hash_of(labels: tuple[Label, ...]) -> str:
    """Return 12 hex digits that change with what the labels say, and not with their order."""
    lines = sorted(json.dumps([label.rubric, label.yes, _plain(label.talk)]) for label in labels)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


def _plain(talk: tuple[Said, ...]) -> list[list[str]]:
    return [[said.who, said.text] for said in talk]


def _label(line: str, where: str) -> Label:
    try:
        parsed: Any = json.loads(line)
        read = _Line.model_validate(parsed)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{where}: {key or 'the line'}: {first['msg']}; it must be {SHAPE}") from None
    except (ValueError, RecursionError):
        raise InputError(f"{where}: is not JSON; it must be {SHAPE}") from None
    talk = tuple(Said(message.role, message.text) for message in read.transcript)
    return Label(talk, read.rubric, read.label, read.labelled_by)
