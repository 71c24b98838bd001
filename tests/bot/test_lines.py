"""Lines come whole, one for each time they are asked for, whatever the input is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.lines import AT_ONCE, LONGEST, Lines


async def all_lines(data: bytes, folder: Path) -> list[str]:
    file = folder / "input"
    file.write_bytes(data)
    descriptor = os.open(file, os.O_RDONLY)
    try:
        lines = Lines(descriptor)
        found = []
        while (line := await lines.next()) is not None:
            found.append(line)
        return found
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"a\nb", ["a", "b"]),
        (b"a\r\n\nb\r\n", ["a", "", "b"]),
        (b"a\xff\x00b\n", ["a\ufffd\x00b"]),
        ("a\u2028b\x85\n".encode(), ["a\u2028b\x85"]),
        (b"x" * (AT_ONCE + 1) + b"\ny", ["x" * (AT_ONCE + 1), "y"]),
    ],
)
async def test_lines_end_at_line_breaks_alone(tmp_path: Path, data: bytes, lines: list[str]) -> None:
    assert await all_lines(data, tmp_path) == lines


async def test_a_line_without_end_is_cut_and_the_next_is_whole(tmp_path: Path) -> None:
    found = await all_lines(b"x" * (LONGEST + 3 * AT_ONCE) + b"\nnext\n", tmp_path)
    assert (len(found[0]), found[1:]) == (LONGEST, ["next"])


async def test_nothing_is_read_ahead_of_who_asks() -> None:
    """So that an endless input does not fill the memory: the pipe stays full meanwhile."""
    out, into = os.pipe()
    try:
        os.set_blocking(into, False)
        lines = Lines(out)
        written = 0
        for _ in range(3):
            try:
                while True:
                    written += os.write(into, b"line\n" * 1000)
            except BlockingIOError:
                assert await lines.next() == "line"
        assert written <= 4 * AT_ONCE
    finally:
        os.close(into)
