"""A certificate is written whole, read back, and named where it is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from graph.errors import InputError
from graph.records.certificate import Certificate, read_certificate, write_certificate

FINE = Certificate("0123456789ab", "evals/cases", "replay", "live", 0.974, "fine", 1_790_000_000.0, "r1")


def test_it_comes_back_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "runs" / "r1" / "certificate.json"
    write_certificate(file, FINE)
    assert read_certificate(file) == FINE
    assert [path.name for path in file.parent.iterdir()] == ["certificate.json"]


def test_it_says_what_was_played() -> None:
    assert FINE.says() == "replay, live words: 97% passed, fine"
    keyless = Certificate("x", "s", "keyless", "none", None, "too_little_data", 0.0)
    assert (keyless.says(), keyless.fine) == ("keyless: nothing judged, too little data", False)


@pytest.mark.parametrize(
    ("mode", "source", "says"),
    [
        ("keyless", "none", "no model's answer"),
        ("replay", "stand-in", "a stand-in's words"),
        ("live", "live", ""),
    ],
)
def test_it_says_what_its_run_cannot_have_seen(mode: str, source: str, says: str) -> None:
    weakness = replace(FINE, mode=mode, source=source).weakness
    assert says in weakness
    assert bool(weakness) == bool(says)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"edition": 3}', '{"edition": "x", "word": "fine"}'])
def test_what_is_none_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "certificate.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"certificate\.json: this is no certificate"):
        read_certificate(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_certificate(tmp_path / "certificate.json")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be written"):
        write_certificate(tmp_path / "runs" / "certificate.json", FINE)
