"""Files that are never half-written, places that can be written to, and faults named by their line."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

from graph.errors import InputError
from graph.records.codec import E, RecordError, from_line


def write_whole(path: Path, text: str) -> None:
    """Write a file so that readers see the old one or the new one; makes its folder.

    Raises InputError where that is not possible, and leaves nothing behind then.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Half a surrogate pair, which a model can write, becomes the JSON escape of itself.
        beside.write_bytes(text.encode("utf-8", "backslashreplace"))
        beside.replace(path)
    except OSError as error:
        raise InputError(unwritable(path, error)) from None
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def check_file(option: str, path: Path) -> None:
    """Raise InputError, naming the option, where no file can be written at a path; makes nothing."""
    if path.is_dir():
        raise InputError(f"{option} {path}: this is a folder; give the name of a file")
    _try(option, path, path.parent)


def check_folder(option: str, path: Path) -> None:
    """Raise InputError, naming the option, where no file can be written into a folder; makes nothing."""
    _try(option, path, path)


def _try(option: str, path: Path, folder: Path) -> None:
    try:
        nearest = next(place for place in (folder, *folder.resolve().parents) if place.exists())
        if not nearest.is_dir():
            raise InputError(f"{option} {path}: {nearest} is a file and would have to be a folder")
        # Asking for permissions says nothing of a disk that is full or read-only.
        with TemporaryFile(dir=nearest) as file:
            file.write(b"?")
    except OSError as error:
        raise InputError(f"{option} {unwritable(path, error)}") from None


def unwritable(path: Path, error: OSError) -> str:
    """Say that a path could not be written, and why."""
    why = error.strerror or error
    return f"{path}: cannot be written ({why}); see whether the disk is full or something is in the way"


def read_record(kind: type[E], path: Path, what: str) -> E:
    """Read a file that holds one record as JSON; raises InputError naming the file and what it should be."""
    try:
        return from_line(kind, path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): it should be {what}") from None
    except RecordError as error:
        raise InputError(f"{path} is not {what}: {error}") from None
