"""Files are there whole or not at all, and a place that cannot be written to is named by its option."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from graph.errors import InputError
from graph.records.files import check_file, check_folder, write_whole


@pytest.fixture
def little_room() -> Iterator[None]:
    """No file of this process may be larger than 4 kB, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_is_written_with_its_folder(tmp_path: Path) -> None:
    write_whole(tmp_path / "a/b/c.txt", "Grüße\n")
    assert (tmp_path / "a/b/c.txt").read_bytes() == "Grüße\n".encode()
    assert [path.name for path in (tmp_path / "a/b").iterdir()] == ["c.txt"]


def test_half_a_surrogate_pair_becomes_an_escape(tmp_path: Path) -> None:
    write_whole(tmp_path / "c.json", '["\ud800"]')
    assert (tmp_path / "c.json").read_text("utf-8") == '["\\ud800"]'


@pytest.mark.usefixtures("little_room")
def test_a_disk_that_is_full_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    write_whole(tmp_path / "c.txt", "old")
    with pytest.raises(InputError, match=r"c\.txt: cannot be written \(File too large\)"):
        write_whole(tmp_path / "c.txt", "x" * 10_000)
    assert [(path.name, path.read_text("utf-8")) for path in tmp_path.iterdir()] == [("c.txt", "old")]


def test_a_file_in_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file/c.txt", tmp_path / "file/d/c.txt"):
        with pytest.raises(InputError, match=r"c\.txt: cannot be written"):
            write_whole(place, "x")
        with pytest.raises(
            InputError, match=r"^--html .*c\.txt: .*file is a file and would have to be a folder"
        ):
            check_file("--html", place)
        with pytest.raises(InputError, match=r"^--out .* is a file and would have to be a folder"):
            check_folder("--out", place)


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^--html .*: this is a folder; give the name of a file"):
        check_file("--html", tmp_path)


def test_a_name_that_no_disk_takes_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^--out .*: cannot be written"):
        check_folder("--out", tmp_path / ("x" * 300))


def test_a_place_that_can_be_written_to_is_left_as_it_was(tmp_path: Path) -> None:
    check_folder("--out", tmp_path / "a/b")
    check_file("--html", tmp_path / "a/b.html")
    check_file("--html", Path("page.html"))
    assert list(tmp_path.iterdir()) == []
