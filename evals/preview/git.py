"""What git knows of a folder: texts of a revision, and whole folders of it."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

from graph.errors import InputError


def ask_git(folder: Path, *words: str) -> bytes | None:
    """Ask git in a folder; None where it says no, or is not there."""
    git = shutil.which("git")
    if git is None or not folder.is_dir():
        return None
    command = [git, "-C", str(folder.absolute()), *words]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  # words of our own
    return done.stdout if done.returncode == 0 else None


def commit_of(folder: Path, revision: str) -> str | None:
    """Return the commit that a revision names; None where git knows none."""
    found = ask_git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    return found.decode().strip() if found else None


def unpack(folder: Path, commit: str, into: Path) -> None:
    """Write a folder as it was in a commit; nothing where it was not there."""
    if packed := ask_git(folder, "archive", "--format=tar", commit):
        try:
            with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
                archive.extractall(into, filter="data")
        except tarfile.TarError as error:
            raise InputError(f"{folder} as it was in {commit[:7]} cannot be unpacked: {error}") from None
