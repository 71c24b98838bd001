"""`bot init`: the one folder that an adopter owns."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from graph.errors import InputError
from graph.tiers import SHIPPED as TIERS
from prompts.folder import SHIPPED as PROMPTS

TEMPLATE = Path(__file__).with_name("template")
PLACES = {
    "README.md": "README.md",
    "channels.toml": "channels.toml",
    "hours.toml": "hours.toml",
    "asks-for-person.yaml": "cases/asks-for-person.yaml",
    "small-talk.yaml": "cases/small-talk.yaml",
    "promises-nothing.yaml": "cases/promises-nothing.yaml",
    "route.jsonl": "cases/route.jsonl",
    "retrieve.jsonl": "cases/retrieve.jsonl",
    "evals.yml": ".github/workflows/evals.yml",
}
"""File of the template -> where it goes."""
KEEP = "knowledge/.gitkeep"
"""An empty file, without which git forgets an empty folder."""


def make_home(target: Path) -> list[Path]:
    """Make the adopter's folder and return its files, sorted; raises InputError and leaves nothing behind.

    The folder may exist already, but none of the files may.
    """
    target = target.absolute()
    sources = _sources()
    _refuse(target, sources)
    staging = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        _fill(staging, sources)
        if target.exists():
            _merge(staging, target, sources)
        else:
            staging.rename(target)
    except OSError as error:
        problem = f"{target}: cannot be written: {error.strerror or error}; nothing was left there"
        raise InputError(problem) from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return sorted(target / place for place in sources)


def _sources() -> dict[str, Path | None]:
    """Return each file's place in the folder and what it is copied from; None for an empty file."""
    sources: dict[str, Path | None] = {f"prompts/{file.name}": file for file in PROMPTS.glob("*.md")}
    sources |= {place: TEMPLATE / name for name, place in PLACES.items()}
    return {**sources, "tiers.toml": TIERS, KEEP: None}


def _refuse(target: Path, sources: dict[str, Path | None]) -> None:
    if target.exists() and not target.is_dir():
        raise InputError(f"{target}: this is a file; name a folder")
    taken = sorted(place for place in sources if (target / place).exists())
    if taken:
        more = f" and {len(taken) - 1} more" if len(taken) > 1 else ""
        raise InputError(
            f"{target}: there is already {taken[0]}{more}; choose another folder, or move them away"
        )


def _fill(staging: Path, sources: dict[str, Path | None]) -> None:
    for place, source in sources.items():
        file = staging / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(source.read_bytes() if source else b"")


def _merge(staging: Path, target: Path, sources: dict[str, Path | None]) -> None:
    """Move the files into a folder that is there, and out again if one of them cannot be moved."""
    moved: list[Path] = []
    made: list[Path] = []
    try:
        for place in sources:
            file = target / place
            made += _make_folders(file.parent)
            (staging / place).rename(file)
            moved.append(file)
    except OSError:
        for file in moved:
            file.unlink(missing_ok=True)
        for folder in reversed(made):
            folder.rmdir()
        raise


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it; return the ones that were not there, the outermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir()
    return missing[::-1]
