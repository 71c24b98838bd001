"""What the files as they are compare with: git, another file, or the shipped ones."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from evals.preview.editions import compare
from graph.errors import InputError, PromptError
from prompts import open_prompts
from tests.evals.preview.changes import MONEY, commit_all, edit, git, prompts_folder, with_money_rule

SHIPPED = open_prompts().edition.versions


def test_outside_of_git_the_shipped_one_is_before(tmp_path: Path) -> None:
    found = compare([with_money_rule(tmp_path)], None)
    assert (found.changed, found.against, found.commit) == (("escalation.md",), "the shipped one", None)
    assert found.before.versions == SHIPPED
    assert "money" in [rule.name for rule in found.after.escalation.rules]


def test_in_git_the_last_commit_is_before_or_the_one_that_is_named(tmp_path: Path) -> None:
    file = with_money_rule(tmp_path)
    first = commit_all(tmp_path)
    assert compare([file], None).changed == ()
    edit(file, "money back]", "money back, cash]")
    second = commit_all(tmp_path)
    edit(file, "cash]", "cash, coins]")
    against_head, against_first = compare([file], None), compare([file], "HEAD~1")
    assert against_head.against == f"HEAD ({second[:7]})"
    assert (against_first.against, against_first.commit) == (f"HEAD~1 ({first[:7]})", first)
    assert compare([file], first[:10]).against == first[:7]
    assert against_head.before.versions != against_first.before.versions


def test_a_comment_changes_nothing(tmp_path: Path) -> None:
    file = prompts_folder(tmp_path, "escalation.md") / "escalation.md"
    edit(file, "description: When a question", "# for the autumn\ndescription: When a question")
    assert compare([file], None).changed == ()


def test_another_file_can_be_before(tmp_path: Path) -> None:
    file = with_money_rule(tmp_path)
    other = tmp_path / "draft.md"
    shutil.copy(file, other)
    edit(other, MONEY, "")
    found = compare([file], str(other))
    assert (found.changed, found.against) == (("escalation.md",), str(other))


def test_several_files_are_taken_together_and_the_rest_is_the_folders(tmp_path: Path) -> None:
    folder = prompts_folder(tmp_path, "answer.md", "voice.md", "context.md")
    for name in ("answer.md", "voice.md", "context.md"):
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write("\nOne more line.\n")
    found = compare([folder / "answer.md", folder / "voice.md"], None)
    assert found.changed == ("voice.md", "answer.md")
    # What was not named is the same on both sides, although it differs from the shipped one.
    assert found.before.versions["context"] == found.after.versions["context"] != SHIPPED["context"]


def test_a_file_that_was_not_committed_is_compared_with_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("x", encoding="utf-8")
    commit_all(tmp_path)
    assert compare([with_money_rule(tmp_path)], None).against == "the shipped one"


def test_a_broken_file_is_named_with_its_line_on_either_side(tmp_path: Path) -> None:
    file = prompts_folder(tmp_path, "voice.md") / "voice.md"
    good = file.read_text(encoding="utf-8")
    file.write_text("---\ndescription: x\n---\nHi {{ nobody }}\n", encoding="utf-8")
    with pytest.raises(PromptError, match=r"prompts/voice\.md:4: "):
        compare([file], None)
    commit_all(tmp_path)
    file.write_text(good, encoding="utf-8")
    with pytest.raises(PromptError, match=r"voice\.md@HEAD:4: "):
        compare([file], None)


@pytest.mark.parametrize(
    ("name", "against", "says"),
    [
        ("answr.md", None, r"answr\.md: this is no file of the prompts; did you mean `answer\.md`"),
        ("answer.txt", None, "no file of the prompts"),
        ("voice.md", None, r"voice\.md: cannot be read"),
        ("answer.md", "nope", "neither a revision that git knows nor a file"),
        ("answer.md", "--output=x", "neither a revision that git knows nor a file"),
        ("answer.md", "HEAD~1", r"answer\.md was not there in HEAD~1"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(
    tmp_path: Path, name: str, against: str | None, says: str
) -> None:
    (tmp_path / "README.md").write_text("x", encoding="utf-8")
    commit_all(tmp_path)
    folder = prompts_folder(tmp_path, "answer.md")
    commit_all(tmp_path)
    with pytest.raises(InputError, match=says):
        compare([folder / name], against)
    assert git(tmp_path, "status", "--porcelain") == ""


def test_a_revision_needs_git(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not in git"):
        compare([with_money_rule(tmp_path)], "HEAD")
