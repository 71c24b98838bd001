"""The README says what is so: its commands exist, its diagram is the graph, its output is what comes out."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from bot.commands import app as bot_app
from evals.commands import app as evals_app
from graph.build import studio

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_diagram_is_the_graph() -> None:
    drawn = studio().get_graph().draw_mermaid(with_styles=False)
    assert drawn.strip() == README.split("```mermaid\n")[1].split("```")[0].strip()


def commands(name: str) -> set[str]:
    group = get_command({"bot": bot_app, "evals": evals_app}[name])
    found = set()
    for command, below in group.commands.items():  # type: ignore[attr-defined]
        inner = getattr(below, "commands", None)
        found |= {f"{name} {command} {sub}" for sub in inner} if inner else {f"{name} {command}"}
    return found


@pytest.mark.parametrize("name", ["bot", "evals"])
def test_the_table_of_commands_is_complete(name: str) -> None:
    table = set(re.findall(rf"^\| `({name} [a-z]+(?: [a-z-]+)?)", README, re.MULTILINE))
    assert commands(name) == {entry.removesuffix(" DIR") for entry in table}


def calls() -> list[tuple[str, list[str], bool]]:
    """Return each command that is shown: its program, its words, and whether it is to be typed."""
    typed = re.findall(r"^\$ (?:.*&& )?(?:\w+=\S+ )*uv run ((?:bot|evals) .*)$", README, re.MULTILINE)
    inline = re.findall(r"`((?:bot|evals) [a-z][^`]*)`", README)
    shown = [(line, True) for line in typed] + [(line, False) for line in inline]
    return [(words[0], words[1:], whole) for line, whole in shown if (words := shlex.split(line))]


@pytest.mark.parametrize(("name", "words", "whole"), calls(), ids=lambda value: str(value)[:60])
def test_commands_take_the_options_that_are_shown_and_need_no_others(
    name: str, words: list[str], whole: bool
) -> None:
    command = get_command({"bot": bot_app, "evals": evals_app}[name])
    rest = list(words)
    while rest and rest[0] in getattr(command, "commands", {}):
        command = command.commands[rest.pop(0)]  # type: ignore[attr-defined]
    known = {flag: option for option in command.params for flag in option.opts + option.secondary_opts}
    given = [word for word in rest if word.startswith("--")]
    assert set(given) <= known.keys()
    if whole:
        needed = {option.opts[0] for option in command.params if option.required and option.opts[0][0] == "-"}
        assert needed <= set(given)


def test_every_file_in_the_table_of_changes_exists() -> None:
    rows = README.split("| I want to change | Where |")[1].split("\n\n")[0]
    for path in re.findall(r"`([\w/]+\.(?:md|py|toml))`", rows):
        there = any((ROOT / folder / path).exists() for folder in (".", "graph", "bot/template"))
        assert there, f"README.md names {path}, which is not there"


def test_the_conversation_shown_is_what_comes_out(tmp_path: Path) -> None:
    shown = README.split("```console\n")[1].split("```")[0]
    question = re.search(r"you> (.*)\n", shown)
    assert question is not None
    answer = shown.split(question[0])[1]
    environment = {"PATH": os.environ["PATH"], "BOT_DATA": str(tmp_path), "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "bot", "chat"],
        input=question[1] + "\n",
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=environment,
    )
    assert without_times(answer) == without_times(done.stdout)
    notices = shown.split("you>")[0].split("\n", 1)[1]
    assert all(line in done.stderr for line in notices.strip().splitlines())


def without_times(text: str) -> list[str]:
    return [re.sub(r"[\d.]+ m?s\b", "…", line).rstrip() for line in text.strip().splitlines()]
