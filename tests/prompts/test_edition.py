"""Editions made of texts, and the one version of all their files."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompts import FixedPrompts, PromptError, edition_of, open_prompts, read_texts
from prompts.folder import NAMES, with_text


def test_the_texts_of_a_folder_make_its_edition(tmp_path: Path) -> None:
    (tmp_path / "voice.md").write_bytes("\ufeff---\ndescription: x\n---\nBe brief.\n".encode())
    made, opened = edition_of(read_texts(tmp_path)), open_prompts(tmp_path).edition
    assert made.versions == opened.versions
    assert made.voice.render() == "Be brief."
    assert made.system() == opened.system()


def test_the_version_changes_with_any_file_and_not_with_a_comment() -> None:
    texts = read_texts()
    base = edition_of(texts).version
    commented = texts["escalation"].replace("description:", "# a comment\ndescription:", 1)
    assert commented != texts["escalation"]
    assert edition_of(texts | {"escalation": commented}).version == base
    longer = {name: edition_of(texts | {name: _longer(name, text)}).version for name, text in texts.items()}
    assert len({base, *longer.values()}) == len(NAMES) + 1


def _longer(name: str, text: str) -> str:
    """Say more: one line of text, or in a file of phrases one more language of the last phrase."""
    return text.rstrip() + ("\n- xx: one more\n" if name == "phrases" else "\n  more of it\n")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"voice": "Hi"}, r"^voice\.md:1: must begin with front matter"),
        ({"voice": "---\ndescription: x\n---\n{{ nobody }}"}, r"^voice\.md:4: "),
        ({"phrases": "---\ndescription: x\n---\n"}, r"^phrases\.md: the phrase"),
    ],
)
def test_a_broken_text_is_named_by_its_file_and_line(change: dict[str, str], says: str) -> None:
    with pytest.raises(PromptError, match=says):
        edition_of(read_texts() | change)


def test_a_missing_text_is_named() -> None:
    texts = read_texts()
    del texts["handoff"]
    with pytest.raises(PromptError, match=r"handoff\.md: the text of this prompt is missing"):
        edition_of(texts)


def test_an_edition_with_another_text_keeps_the_rest() -> None:
    before = open_prompts().edition
    after = with_text(before, "voice", "---\ndescription: x\n---\nBe brief.", Path("mine.md"))
    assert after.voice.render() == "Be brief."
    assert after.escalation is before.escalation


def test_fixed_prompts_are_changed_by_nothing() -> None:
    edition = open_prompts().edition
    fixed = FixedPrompts(edition)
    assert not fixed.refresh()
    assert (fixed.edition, fixed.problems, fixed.versions) == (edition, (), edition.versions)
