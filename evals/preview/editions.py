"""The prompts before and after: files as they are, against git, against another file, or as shipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evals.preview.git import ask_git, commit_of
from graph.errors import InputError
from prompts import Edition, open_prompts
from prompts.fields import nearest
from prompts.folder import NAMES, SHIPPED, with_text
from prompts.frontmatter import decode, read_text

HEAD = "HEAD"


@dataclass(frozen=True, slots=True)
class Compared:
    """Two editions that differ in the files that were named, if at all."""

    before: Edition
    after: Edition
    files: tuple[str, ...]
    """Names of the files, such as `escalation.md`."""
    against: str
    """What `before` is, in words."""
    commit: str | None = None
    """The commit that all files before are of; None where they are not of one."""

    @property
    def changed(self) -> tuple[str, ...]:
        """Those of the files that say something else than before; a comment does not count."""
        then, now = self.before.versions, self.after.versions
        return tuple(f"{name}.md" for name in NAMES if then[name] != now[name])


@dataclass(frozen=True, slots=True)
class _Before:
    text: str
    place: Path
    """What errors call it."""
    says: str
    commit: str | None = None


def compare(files: Sequence[Path], against: str | None) -> Compared:
    """Read the files as they are, and as they were.

    `against` is a file or a revision in git; None is what was committed last, or, where git knows nothing of
    the file, the shipped one. Raises PromptError for a broken file, with its line, and InputError for what is
    no prompt or no revision.
    """
    folders = {file.parent for file in files}
    if len(folders) != 1:
        raise InputError("Name files of one folder: the others of the prompts are taken from there too.")
    names = [_name(file) for file in files]
    after = before = open_prompts(folders.pop()).edition
    said: dict[str, None] = {}
    commits: set[str | None] = set()
    for name, file in zip(names, files, strict=True):
        read_text(file)  # the shipped one does not stand in for a file that was named
        found = _before(name, file, against)
        before = with_text(before, name, found.text, found.place)
        said[found.says] = None
        commits.add(found.commit)
    commit = commits.pop() if len(commits) == 1 else None
    return Compared(before, after, tuple(f"{name}.md" for name in names), ", ".join(said), commit)


def _name(file: Path) -> str:
    if file.suffix != ".md" or file.stem not in NAMES:
        raise InputError(
            f"{file}: this is no file of the prompts{nearest(file.name, [f'{n}.md' for n in NAMES])}"
        )
    return file.stem


def _before(name: str, file: Path, against: str | None) -> _Before:
    if against and Path(against).is_file():
        return _Before(read_text(Path(against)), Path(against), against)
    if found := _committed(file, against):
        return found
    shipped = SHIPPED / f"{name}.md"
    return _Before(read_text(shipped), shipped, "the shipped one")


def _committed(file: Path, revision: str | None) -> _Before | None:
    """Return the text in git; None where no revision was asked for and git knows nothing of the file."""
    if ask_git(file.parent, "rev-parse", "--is-inside-work-tree") is None:
        if revision:
            raise InputError(f"{file} is not in git, and there is no file `{revision}` to compare it with.")
        return None
    wanted = revision or HEAD
    commit = commit_of(file.parent, wanted)
    if commit is None:
        if revision:
            raise InputError(f"`{revision}` is neither a revision that git knows nor a file.")
        return None
    text = ask_git(file.parent, "show", f"{commit}:./{file.name}")
    if text is None:
        if revision:
            raise InputError(f"{file} was not there in {revision}; give another revision, or a file.")
        return None
    label = commit[:7] if commit.startswith(wanted) else f"{wanted} ({commit[:7]})"
    place = Path(f"{file}@{wanted}")
    return _Before(decode(text, place), place, label, commit)
