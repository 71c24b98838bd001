"""The commands of `evals`: JSON lines in and out, and wrong lines named by their number."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

import pytest

from evals.commands import app
from tests.bot.process import ROOT, command, environment, run
from tests.cli import invoke

MESSAGE = json.dumps({"id": "a", "messages": [{"role": "user", "text": "I want to talk to a person"}]})
QUERY = json.dumps({"id": "q", "query": "How do I return shoes?"})


def test_route_says_where_a_message_goes_and_why(tmp_path: Path) -> None:
    ran = invoke(app, tmp_path, "route", input=f"{MESSAGE}\n\n{MESSAGE}\n")
    first, _ = map(json.loads, ran.stdout.splitlines())
    assert set(first) == {"id", "tier", "by", "reason", "confidence", "ms"}
    assert (first["id"], first["tier"], first["by"]) == ("a", "person", "rule")


def test_retrieve_finds_as_many_passages_as_asked_for(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(f"\ufeff{QUERY}\n", encoding="utf-8")
    ran = invoke(app, tmp_path, "retrieve", "-k", "3", "in.jsonl")
    (line,) = map(json.loads, ran.stdout.splitlines())
    assert (line["id"], len(line["passages"])) == ("q", 3)
    assert set(line["passages"][0]) == {"article", "passage", "score"}


def test_a_file_and_standard_input_are_answered_alike(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(QUERY, encoding="utf-8")
    from_file = invoke(app, tmp_path, "retrieve", "in.jsonl").stdout
    assert from_file == invoke(app, tmp_path, "retrieve", input=QUERY).stdout


def test_a_line_separator_within_a_text_ends_no_line(tmp_path: Path) -> None:
    odd = json.dumps({"id": "q", "query": "return\u2028shoes \ud800"}, ensure_ascii=False)
    data = f"{odd}\n{QUERY}".encode("utf-8", "replace")
    assert len(invoke(app, tmp_path, "retrieve", input=data).stdout.splitlines()) == 2


@pytest.mark.parametrize("name", ["route", "retrieve"])
@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (b"nope", "line 2"),
        (b"[]", "line 2"),
        (b'{"id": "x"}', "line 2"),
        (b"\xff\xfe", "line 2 is not UTF-8"),
        (b'{"id": "x", "messages": []}', "line 2"),
    ],
)
def test_a_bad_line_is_named_by_its_number(tmp_path: Path, name: str, bad: bytes, says: str) -> None:
    good = MESSAGE if name == "route" else QUERY
    ran = invoke(app, tmp_path, name, input=good.encode() + b"\n" + bad + b"\n")
    assert ran.exit_code == 2
    assert len(ran.stdout.splitlines()) == 1, "what came before is answered"
    assert says in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("name", ["route", "retrieve"])
@pytest.mark.parametrize("file", ["nowhere.jsonl", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, file: str) -> None:
    ran = invoke(app, tmp_path, name, file)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert f"{file} cannot be read" in ran.stderr


def test_articles_that_are_left_out_are_said_beside_the_results(tmp_path: Path) -> None:
    (tmp_path / "help").mkdir()
    (tmp_path / "help/good.md").write_text("# Returns\n\nReturn shoes within 30 days.\n", encoding="utf-8")
    (tmp_path / "help/bad.md").write_bytes(b"\xff\x00")
    ran = invoke(app, tmp_path, "retrieve", "--knowledge", "help", input=QUERY)
    assert len(ran.stdout.splitlines()) == 1
    assert json.loads(ran.stderr)["event"] == "knowledge.warning"


@pytest.mark.parametrize(
    "words", [("route",), ("retrieve",), ("sim",), ("bench", "turn"), ("bench", "retrieve")]
)
def test_help_has_an_example_on_a_line_of_its_own(tmp_path: Path, words: tuple[str, ...]) -> None:
    lines = [line.strip() for line in invoke(app, tmp_path, *words, "--help").stdout.splitlines()]
    assert any(line.startswith(f"Example: evals {' '.join(words)}") for line in lines)
    assert max(map(len, lines)) <= 80


async def test_nobody_has_to_read_to_the_end(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(f"{QUERY}\n" * 200, encoding="utf-8")
    ran = await run(tmp_path, "evals", "retrieve", "in.jsonl", script='"$@" | head -1')
    assert (len(ran.out.splitlines()), ran.err) == (1, "")


async def test_the_stand_in_says_where_it_listens_and_leaves_when_told(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *command("evals", "sim"),
        cwd=tmp_path,
        env={**environment(tmp_path, {}), "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    urls = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
    assert urls["openai"] == f"{urls['anthropic']}/v1"
    process.send_signal(signal.SIGINT)
    _, errors = await asyncio.wait_for(process.communicate(), 5)
    assert (process.returncode, errors) == (0, b"")
