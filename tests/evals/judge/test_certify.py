"""A judge is measured against labels of people; labels that are not right are named by file and line."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncGenerator
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console

from evals.judge.certificate import wanting
from evals.judge.certify import certify, disagreements, print_certificate
from evals.judge.judge import Judge
from evals.judge.labels import hash_of, read_labels
from evals.judge.prompt import open_judge_prompt
from graph.errors import InputError
from graph.models import Done, Event, Request, Text
from tests.evals.judge.made import CANDIDATE, answer, judge_of


def line(number: int, *, yes: bool) -> dict[str, object]:
    """Return one label as JSON."""
    said = f"{'Sorry, it is late' if yes else 'So what'} ({number})."
    transcript = [{"role": "customer", "text": "Where is it?"}, {"role": "bot", "text": said}]
    return {"transcript": transcript, "rubric": "Is it polite?", "label": yes, "labelled_by": "ada"}


def labels_file(folder: Path, lines: list[dict[str, object]]) -> Path:
    """Write the labels as JSON lines."""
    file = folder / "labels.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    return file


class Reader:
    """A judge's model that says yes where the bot is sorry, except where it is told to err."""

    provider = "scripted"

    def __init__(self, wrong: set[int], mute: set[int]) -> None:
        self.wrong, self.mute = wrong, mute

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Judge one conversation."""
        text = request.messages[0].text
        number = int(text.split("(", 1)[1].split(")")[0])
        right = "Sorry" in text
        said = (
            "pardon?" if number in self.mute else answer("yes" if right != (number in self.wrong) else "no")
        )
        yield Text(said)
        yield Done("end", None)

    async def models(self) -> set[str]:
        """Return no name."""
        return set()

    async def close(self) -> None:
        """Do nothing."""


async def test_the_certificate_counts_what_the_judge_said(tmp_path: Path) -> None:
    labels = read_labels(labels_file(tmp_path, [line(n, yes=n < 30) for n in range(60)]))
    judge = Judge(Reader({0, 1, 30}, {59}), CANDIDATE, open_judge_prompt("judge"))
    certificate, opinions = await certify(judge, labels, date(2026, 11, 26))
    counted = certificate.agreement
    assert (counted.both_yes, counted.only_human, counted.only_judge, counted.both_no) == (28, 2, 1, 28)
    assert (certificate.unreadable, certificate.labels, certificate.labelled_by) == (1, 60, ("ada",))
    assert wanting(certificate) == ()
    assert len(disagreements(labels, opinions)) == 3


async def test_what_it_came_to_is_printed_with_what_is_wanting(tmp_path: Path) -> None:
    labels = read_labels(labels_file(tmp_path, [line(n, yes=True) for n in range(3)]))
    judge, _ = judge_of(answer(), answer(), "nonsense")
    certificate, _ = await certify(judge, labels, date(2026, 11, 26))
    out = io.StringIO()
    print_certificate(Console(file=out, width=200), certificate, "stand-in")
    text = out.getvalue()
    assert "stand-in" in text
    assert "report-only: it rests on 2 labels, and 50 are needed; none of its labels is no" in text


def test_the_hash_of_labels_is_theirs_and_not_their_orders(tmp_path: Path) -> None:
    lines = [line(n, yes=n < 3) for n in range(5)]
    first = read_labels(labels_file(tmp_path, lines))
    assert hash_of(read_labels(labels_file(tmp_path, lines[::-1]))) == hash_of(first)
    lines[0]["label"] = False
    assert hash_of(read_labels(labels_file(tmp_path, lines))) != hash_of(first)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"label": "yes"}, "label"),
        ({"label": 1}, "label"),
        ({"label": None}, "label"),
        ({"labelled_by": ""}, "labelled_by"),
        ({"rubric": ""}, "rubric"),
        ({"transcript": []}, "transcript"),
        ({"transcript": [{"role": "judge", "text": "x"}]}, "transcript.0.role"),
        ({"note": "x"}, "note"),
        ({}, "above"),
    ],
)
def test_a_label_that_is_not_right_is_named_by_its_line(
    tmp_path: Path, change: dict[str, object], says: str
) -> None:
    file = labels_file(tmp_path, [line(1, yes=True), line(1, yes=True) | change])
    with pytest.raises(InputError, match=rf"labels\.jsonl:2: .*{says}"):
        read_labels(file)


@pytest.mark.parametrize("data", [b"", b"\n\n", b"{", b"\xff\xfe", b"[]"])
def test_a_file_without_labels_is_refused(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_bytes(data)
    with pytest.raises(InputError, match="labels"):
        read_labels(file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_labels(tmp_path / "none.jsonl")
