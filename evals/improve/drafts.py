"""Drafts as files, one a group, which are never overwritten: a person may have begun to label them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from evals.improve.mine import Group
from evals.judge.tables import plain_table
from evals.suite.case_dump import dump_case
from graph.records.files import write_whole

HEAD = """\
# A draft: it is played and shown, and gates nothing. To make a case of it: read it (names of people stay in
# it), say what is right under `expect`, `escalation` and `gold_passages`, put your name under
# `origin.labelled_by`, and take `draft` away.
"""


def write_drafts(groups: Sequence[Group], folder: Path) -> tuple[Group, ...]:
    """Write the draft of each group of which no member has a file there yet; returns those written."""
    there = {path.stem for path in folder.rglob("*.yaml")} if folder.exists() else set()
    written = [group for group in groups if not there & {member.id for member in group.members}]
    for group in written:
        write_whole(folder / f"{group.first.id}.yaml", draft(group))
    return tuple(written)


def draft(group: Group) -> str:
    """Return a draft as YAML, with what the bot said then and where else it was asked as comments."""
    comments = [HEAD.rstrip("\n")]
    for number, turn in enumerate(group.first.turns, 1):
        said = _printable(_line(turn.answer))
        comments.append(f"# Turn {number}: {turn.tier}, {turn.outcome}. The bot said: {said}")
        if turn.review:
            comments.append(
                f"# The draft was {turn.review.how}; it had said: {_printable(_line(turn.review.draft))}"
            )
    if group.first.route:
        comments.append(f"# Why it went there: {_printable(group.first.route)}")
    if others := group.members[1:]:
        comments.append(f"# Nearly the same was asked in {len(others)} more:")
        comments += [f"#   {_printable(other.conversation)}" for other in others]
    return "\n".join(comments) + "\n" + dump_case(group.first.case())


def _line(text: str) -> str:
    return " ".join(text.split()) or "(nothing)"


def print_drafts(console: Console, groups: Sequence[Group], written: Sequence[Group], folder: Path) -> None:
    """Print the groups, largest first, and which of them are new."""
    table = plain_table(f"{len(groups)} questions that went wrong")
    table.add_column("times", justify="right")
    table.add_column("why")
    table.add_column("question", overflow="ellipsis", no_wrap=True, max_width=60)
    table.add_column("draft", no_wrap=True)
    for group in groups:
        why = dict.fromkeys(why for member in group.members for why in member.why)
        new = group.first.id if group in written else "is there already"
        question = " ".join(group.first.question.split())
        table.add_row(str(len(group.members)), ", ".join(why), escape(question), new)
    console.print(table)
    said = f"{len(written)} drafts written to {folder}. `bot forget` does not reach them: they are copies."
    console.print(said, markup=False, highlight=False, soft_wrap=True)


def _printable(text: str) -> str:
    """Return the text without what would end a comment, or could not be written."""
    return "".join(c if c.isprintable() else " " for c in text)
