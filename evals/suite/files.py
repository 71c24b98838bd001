"""Files that are never half-written, and whose faults are named by their line."""

from __future__ import annotations

import os
from pathlib import Path

from graph.errors import InputError
from graph.records.codec import E, RecordError, from_line


def write_whole(path: Path, text: str) -> None:
    """Write a file so that readers see the old one or the new one; makes its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        beside.write_text(text, encoding="utf-8", newline="\n")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def read_record(kind: type[E], path: Path, what: str) -> E:
    """Read a file that holds one record as JSON; raises InputError naming the file and what it should be."""
    try:
        return from_line(kind, path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): it should be {what}") from None
    except RecordError as error:
        raise InputError(f"{path} is not {what}: {error}") from None
