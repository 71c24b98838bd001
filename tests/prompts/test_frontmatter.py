"""Front matter: what is read, which line is named, and what changes a version."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompts.errors import InputError, PromptError
from prompts.frontmatter import Document, parse_document, read_document

FILE = Path("some.md")


def parse(text: str) -> Document:
    return parse_document(text, FILE)


def problem(text: str) -> PromptError:
    with pytest.raises(PromptError) as caught:
        parse(text)
    return caught.value


def test_front_matter_and_body_are_split() -> None:
    document = parse("---\na: 1\nb: [x, y]\n---\n\nHello\nthere\n")
    assert document.front == {"a": 1, "b": ["x", "y"]}
    assert document.body == "Hello\nthere"
    assert document.body_line == 6


def test_on_off_yes_and_no_are_words_and_true_is_a_truth_value() -> None:
    """YAML 1.1 would read the key `on` as true, and the language `no` as false."""
    assert parse("---\non: yes\noff: true\nno: off\n---\n").front == {"on": "yes", "off": True, "no": "off"}


def test_a_date_stays_a_text() -> None:
    assert parse("---\nadded: 2026-02-17\n---\n").front == {"added": "2026-02-17"}


def test_every_key_and_item_has_its_line() -> None:
    document = parse(
        "---\n# a comment\nrules:\n  - name: one\n\n  - name: two\n    on: {says: [x]}\n---\nbody"
    )
    assert document.line("rules") == 3
    assert document.line("rules", 1) == 6
    assert document.line("rules", 1, "on", "says") == 7
    assert document.line("rules", 1, "not there") == 6


def test_a_comment_does_not_change_the_version() -> None:
    plain = parse("---\na: 1\nb: two\n---\nbody\n")
    commented = parse("---\n# why\na: 1 # one\n\nb:   'two'\n---\n\nbody\n")
    assert plain.version == commented.version


def test_trailing_space_and_windows_line_ends_do_not_change_the_version() -> None:
    assert parse("---\na: 1\n---\nx\ny").version == parse("---\r\na: 1\r\n---\r\nx  \r\ny \r\n\r\n").version


@pytest.mark.parametrize(
    "changed", ["---\na: 1\n---\nBody", "---\na: 2\n---\nbody", "---\na: 1\nb: 1\n---\nbody"]
)
def test_a_changed_body_or_value_changes_the_version(changed: str) -> None:
    assert parse("---\na: 1\n---\nbody").version != parse(changed).version


def test_the_order_of_keys_does_not_change_the_version() -> None:
    assert parse("---\na: 1\nb: 2\n---\n").version == parse("---\nb: 2\na: 1\n---\n").version


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("no front matter", 1, "must begin with front matter"),
        ("---\na: 1\n", 1, "has no end"),
        ("---\na: 1\nb: [x\n---\n", 4, "not valid YAML"),
        ("---\na: 1\n  b: 2\n---\n", 3, "check the indentation"),
        ("---\na: 1\nb: 2\na: 3\n---\n", 4, "twice, first on line 2"),
        ("---\n- a\n---\n", 2, "`name: value`"),
        ("---\na: 1\n2: x\n---\n", 3, 'write it as "2"'),
        ("---\na: &x [1]\nb: *x\n---\n", 2, "references"),
    ],
)
def test_an_error_names_the_file_the_line_and_what_to_do(text: str, line: int, says: str) -> None:
    error = problem(text)
    assert (error.file, error.line) == ("some.md", line)
    assert says in error.problem
    assert str(error).startswith(f"some.md:{line}: ")


def test_a_prompt_error_is_an_input_error() -> None:
    assert isinstance(problem(""), InputError)


def test_a_file_that_is_not_utf8_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "x.md"
    file.write_bytes(b"---\na: 1\n---\nGr\xfc\xdfe\n")
    with pytest.raises(PromptError, match="not UTF-8") as caught:
        read_document(file)
    assert caught.value.line == 4


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "x.md"
    file.write_bytes(b"\xef\xbb\xbf---\na: 1\n---\nbody")
    assert read_document(file).front == {"a": 1}


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match="cannot be read"):
        read_document(tmp_path / "gone.md")
