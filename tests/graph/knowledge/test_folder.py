"""What is read of a folder, and what is said about the rest."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from graph.errors import KnowledgeError
from graph.knowledge import folder as module
from graph.knowledge.folder import fingerprint, read_folder


def write(folder: Path, path: str, text: str | bytes = "# T\n\ntext\n") -> Path:
    """Write a file with the folders above it."""
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def test_reads_folders_below_in_order_and_passes_over_other_and_hidden_files(tmp_path: Path) -> None:
    """Only Markdown counts, whatever the case of its ending; hidden files and folders do not."""
    for path in ("b.md", "a/deep/c.MD", "d.markdown", "notes.txt", ".hidden.md", ".git/x.md"):
        write(tmp_path, path)
    contents = read_folder(tmp_path)
    assert [article.path for article in contents.articles] == ["a/deep/c.MD", "b.md", "d.markdown"]
    assert contents.warnings == ()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.write_text("x"), "is not a folder"),
        (lambda path: path.mkdir(), "holds no .md file"),
        (lambda path: write(path, "a.md", b"\xff\xfe\x00"), "holds no usable article: a.md was left out"),
        (lambda path: write(path, "a.md", ""), "a.md holds no text"),
    ],
)
def test_a_folder_without_anything_to_search_in_is_one_sentence(
    tmp_path: Path, make: Callable[[Path], object], says: str
) -> None:
    """Missing, a file, empty, nothing readable: what, where, what to do."""
    path = tmp_path / "kb"
    make(path)
    with pytest.raises(KnowledgeError, match=says) as caught:
        read_folder(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"x" * 5_000_000, "big.md was left out: it has 5.0 MB"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "big.md was left out: it is not UTF-8 text"),
        ("Grüße".encode("latin-1"), "big.md was left out: it is not UTF-8 text"),
        (b"text \x00 text", "big.md was left out: it is a binary file"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_and_the_rest_is_read(
    tmp_path: Path, data: bytes, says: str
) -> None:
    """Too large, binary, another encoding."""
    write(tmp_path, "good.md")
    write(tmp_path, "big.md", data)
    contents = read_folder(tmp_path)
    assert [article.path for article in contents.articles] == ["good.md"]
    (warning,) = contents.warnings
    assert warning.startswith(says)


def test_a_file_that_vanishes_while_it_is_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between listing and reading a file may go."""
    write(tmp_path, "good.md")
    gone = write(tmp_path, "gone.md")
    listed = fingerprint(tmp_path)
    gone.unlink()
    monkeypatch.setattr(module, "fingerprint", lambda folder: listed)
    contents = read_folder(tmp_path)
    assert [article.path for article in contents.articles] == ["good.md"]
    assert contents.warnings[0].startswith("gone.md was left out: it could not be read (No such file")


def test_links_are_followed_but_a_loop_ends_and_a_dead_link_is_passed_over(tmp_path: Path) -> None:
    """A mounted folder is often made of links."""
    folder = tmp_path / "kb"
    write(tmp_path, "elsewhere/e.md")
    write(folder, "sub/a.md")
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "sub" / "loop").symlink_to(folder)
    (folder / "dead.md").symlink_to(tmp_path / "nowhere.md")
    assert [path for path, _, _ in fingerprint(folder)] == ["linked/e.md", "sub/a.md"]


def test_the_fingerprint_changes_with_content_time_and_name(tmp_path: Path) -> None:
    """Path, time of change and size, each by itself."""
    file = write(tmp_path, "a.md")
    first = fingerprint(tmp_path)
    assert fingerprint(tmp_path) == first
    os.utime(file, ns=(1, 1))
    second = fingerprint(tmp_path)
    file.write_text("longer than before, much longer")
    os.utime(file, ns=(1, 1))
    third = fingerprint(tmp_path)
    file.rename(tmp_path / "b.md")
    assert len({first, second, third, fingerprint(tmp_path)}) == 4


def test_a_byte_order_mark_does_not_hide_the_front_matter(tmp_path: Path) -> None:
    """Some editors write one."""
    write(tmp_path, "a.md", b"\xef\xbb\xbf---\ntitle: T\n---\n\ntext\n")
    (article,) = read_folder(tmp_path).articles
    assert article.title == "T"
