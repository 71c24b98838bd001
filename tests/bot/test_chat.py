"""`bot chat` as people meet it: on a terminal, in a pipe, and when things go wrong around it."""

from __future__ import annotations

import json
import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evals.sim import DefaultRule, Script, Settings, Sim
from tests.bot.process import run, terminal

SIM = {"ANTHROPIC_API_KEY": "sim-key"}
QUESTION = "How do I return shoes?"


def records(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


async def test_a_sitting_at_the_terminal(tmp_path: Path) -> None:
    """Streams, accounts for each answer, takes ratings, stops at Ctrl-C, goes on, leaves at Ctrl-D."""
    slow = DefaultRule(tokens_per_s=60)
    async with Sim(Settings(), Script(slow)) as sim:
        variables = {**SIM, "ANTHROPIC_BASE_URL": sim.anthropic_url}
        async with terminal(tmp_path, "bot", "chat", **variables) as screen:
            opening = await screen.expect("you> ")
            assert "sample shop Larkfield" in opening
            assert "small (claude-haiku-5-5) → large (claude-sonnet-5-5) → person" in " ".join(
                opening.split()
            )
            screen.type("/why\n")
            await screen.expect("There is no answer yet.")

            screen.type(f"{QUESTION}\n")
            await screen.expect("Case ")
            assert "answered:" not in screen.text, "it comes in pieces, before its end"
            footer = await screen.expect("you> ")
            assert "answered: small (claude-haiku-5-5). " in footer
            assert "first word " in footer
            assert "· total " in footer
            assert "· $0.000" in footer
            screen.type("/why\n")
            laid_out = await screen.expect("you> ")
            for part in (
                "small, by a rule",
                "anthropic claude-haiku-5-5",
                "tokens",
                "voice",
                "escalation",
                " in",
            ):
                assert part in laid_out
            assert max(map(len, laid_out.splitlines())) <= 80
            screen.type("/good\n")
            await screen.expect("Thank you")
            screen.type("/nonsense\n")
            await screen.expect("There is no command /nonsense; /help lists them.")

            screen.type("And again?\n")
            await screen.expect("Case ")
            screen.type("\x03")
            await screen.expect("stopped: small")
            await screen.expect("you> ")
            screen.type("/person\n")
            await screen.expect("handed off: person")
            screen.type("\x04")
            assert await screen.end() == 0
    exported = records((await run(tmp_path, "bot", "export")).out)
    assert [turn["outcome"] for turn in exported] == ["answered", "stopped", "handed_off"]
    assert [len(turn["ratings"]) for turn in exported] == [1, 0, 0]
    assert exported[0]["calls"][0]["usage"]["output_tokens"] == 85
    assert len({turn["conversation"] for turn in exported}) == 1


async def test_ctrl_c_twice_leaves_with_130_and_no_color_is_heeded(tmp_path: Path) -> None:
    async with terminal(tmp_path, "bot", "chat", NO_COLOR="1") as screen:
        await screen.expect("you> ")
        screen.type("\x03")
        await screen.expect("Ctrl-C once more leaves.")
        screen.type("\x03")
        assert await screen.end() == 130
        assert "\x1b[3" not in screen.raw
        assert "Traceback" not in screen.text


async def test_a_pipe_gets_answers_and_nothing_else(tmp_path: Path) -> None:
    """Notices and the log go to standard error; there is no escape code in either."""
    said = f"{QUESTION}\n/help\n/why\n/new\nWhat about my violin?".encode()
    ran = await run(tmp_path, "bot", "chat", input=said)
    assert ran.code == 0
    assert ran.out.count("first word") == 2
    assert "sample shop" not in ran.out
    assert "/help" not in ran.out
    assert "you>" not in ran.out + ran.err
    assert "sample shop Larkfield" in ran.err
    assert "\x1b" not in ran.out + ran.err
    finished = [line for line in ran.err.splitlines() if '"turn.finished"' in line]
    assert len(finished) == 2
    assert "violin" not in ran.err
    assert len({json.loads(line)["conversation"] for line in finished}) == 2


ODD = [
    b"",
    "\U0001f600\U0001f680".encode(),
    "كيف أعيد الحذاء؟".encode(),
    b"\xff\xfe\x80 shoes",
    b"nul \x00\x01\x1b[31m here",
    b"x" * 40_000,
    b"shoes " * 200_000,
    QUESTION.encode() + b"\r",
    b"/etc/hosts is broken",
]


async def test_json_is_one_record_a_line_whatever_is_said(tmp_path: Path) -> None:
    file = tmp_path / "said.txt"
    file.write_bytes(b"\n".join(ODD) + b"\n")
    ran = await run(tmp_path, "bot", "chat", "--json", script=f'exec "$@" < {file}')
    assert (ran.code, len(records(ran.out))) == (0, len(ODD))
    assert {record["outcome"] for record in records(ran.out)} <= {"answered", "handed_off"}
    assert "Traceback" not in ran.err
    exported = records((await run(tmp_path, "bot", "export")).out)
    assert [turn["turn_id"] for turn in exported] == [record["turn_id"] for record in records(ran.out)]


@pytest.mark.parametrize("script", ['"$@" <&- >&- 2>&-', '"$@" | head -c 1 >/dev/null'])
async def test_a_closed_stream_is_no_fault(tmp_path: Path, script: str) -> None:
    said = f"{QUESTION}\n".encode() * 40
    ran = await run(tmp_path, "bot", "chat", input=said, script=script)
    assert ran.code == 0
    assert "Traceback" not in ran.err
    assert "rror" not in ran.err


@pytest.mark.parametrize(
    ("variables", "kind"),
    [
        ({"ANTHROPIC_API_KEY": "wrong"}, "unauthorized"),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}, "unreachable"),
    ],
)
async def test_a_vendor_that_fails_is_told_to_the_operator_and_not_to_the_customer(
    tmp_path: Path, variables: dict[str, str], kind: str
) -> None:
    async with Sim() as sim:
        address = {"ANTHROPIC_BASE_URL": sim.anthropic_url}
        ran = await run(tmp_path, "bot", "chat", input=f"{QUESTION}\n".encode(), env=address | variables)
    failed = [json.loads(line) for line in ran.err.splitlines() if '"model.failed"' in line]
    assert {line["kind"] for line in failed} == {kind}
    answer, _, _ = ran.out.partition("first word")
    assert answer.strip()
    for internal in ("401", kind, "127.0.0.1", "Traceback", "claude", "gpt"):
        assert internal not in answer


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that is nearly full where this user may mount one, else a limit on the size of files."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(place)]
    mounted = subprocess.run(mount, capture_output=True, check=False)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    if mounted.returncode:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, limits[1]))
    yield place
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    if not mounted.returncode:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


async def test_a_full_disk_stops_no_answer_and_loses_no_record(tmp_path: Path, small_disk: Path) -> None:
    """One sentence says what and where; what is not in the ledger is printed at the end; exit code 2."""
    turns = 30
    said = f"{QUESTION}\n".encode() * turns
    ran = await run(tmp_path, "bot", "chat", input=said, env={"BOT_DATA": str(small_disk)})
    assert (ran.code, ran.out.count("first word")) == (2, turns)
    sentences = [line for line in ran.err.splitlines() if line.startswith("The ledger ")]
    assert sentences
    assert f"{small_disk}/" in sentences[0]
    assert "set BOT_DATA" in sentences[0]
    _, _, end = ran.err.rpartition("is not in the ledger; keep it:\n")
    printed = {entry["turn_id"] for entry in records(end) if "outcome" in entry and "calls" in entry}
    ledger = small_disk / "turns.jsonl"
    kept = {entry["turn_id"] for entry in records(ledger.read_text())} if ledger.exists() else set()
    assert len(printed | kept) == turns
    assert "Traceback" not in ran.err


async def test_a_ledger_that_cannot_be_written_at_all(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = await run(
        tmp_path, "bot", "chat", "--json", input=f"{QUESTION}\n".encode(), env={"BOT_DATA": "file/in"}
    )
    assert ran.code == 2
    (record,) = records(ran.out)
    assert f'"turn_id": "{record["turn_id"]}"' in ran.err
    assert os.fspath(Path("file/in/turns.jsonl")) in ran.err


async def test_ctrl_c_twice_leaves_an_answer_that_is_being_written(tmp_path: Path) -> None:
    async with Sim(Settings(), Script(DefaultRule(tokens_per_s=5))) as sim:
        variables = {**SIM, "ANTHROPIC_BASE_URL": sim.anthropic_url}
        async with terminal(tmp_path, "bot", "chat", **variables) as screen:
            await screen.expect("you> ")
            screen.type(f"{QUESTION}\n")
            await screen.expect("Case ")
            screen.type("\x03")
            await screen.expect("stopped: small")
            screen.type("\x03")
            assert await screen.end() == 130
