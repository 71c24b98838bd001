"""Changed prompts for previews, in folders of their own, in git or not."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import typer

from evals.preview.commands import add
from graph.command_line import make_app
from prompts.folder import SHIPPED

ANCHOR = "  - name: thumbs down\n"
MONEY = """  - name: money
    on: { says: [money back] }
    to: person
    hold: true
    reason: The customer wants money.
"""


def app() -> typer.Typer:
    """Make `evals` with the one command."""
    made = make_app("evals", "Tests.")
    made.callback()(lambda: None)
    add(made)
    return made


def prompts_folder(folder: Path, *names: str) -> Path:
    """Copy shipped files into a folder of prompts."""
    place = folder / "prompts"
    place.mkdir(parents=True)
    for name in names:
        shutil.copy(SHIPPED / name, place / name)
    return place


def edit(file: Path, old: str, new: str) -> None:
    """Replace a text that stands there once."""
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    file.write_text(text.replace(old, new), encoding="utf-8")


def with_money_rule(folder: Path) -> Path:
    """Make an escalation.md that sends to a person who wants money back."""
    file = prompts_folder(folder, "escalation.md") / "escalation.md"
    edit(file, ANCHOR, MONEY + ANCHOR)
    return file


def git(folder: Path, *words: str) -> str:
    """Run git with a name of its own."""
    me = ("-c", "user.name=ada", "-c", "user.email=ada@example.invalid", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *me, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit_all(folder: Path) -> str:
    """Make a repository of a folder, where it is none, commit everything, and return the commit."""
    if not (folder / ".git").exists():
        git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "x")
    return git(folder, "rev-parse", "HEAD")
