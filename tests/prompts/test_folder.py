"""The prompts in force: the adopter's over the shipped ones, re-read, never replaced by a broken one."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from prompts import folder as module
from prompts.errors import PromptError
from prompts.folder import SHIPPED, Prompts, open_prompts

VOICE = "---\ndescription: x\nvariables: []\n---\nBe {how}.\n"


@pytest.fixture(autouse=True)
def _look_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHECK_EVERY", 0.0)


@pytest.fixture
def logged() -> Iterator[list[EventDict]]:
    with capture_logs() as events:
        yield events


def write(folder: Path, how: str, name: str = "voice") -> Path:
    file = folder / f"{name}.md"
    file.write_text(VOICE.replace("{how}", how), encoding="utf-8")
    return file


def voice(prompts: Prompts) -> str:
    return prompts.get("voice").render()


def test_the_shipped_prompts_open_alone() -> None:
    assert "Larkfield" in voice(open_prompts())


def test_the_adopters_file_wins_and_missing_ones_are_the_shipped_ones(tmp_path: Path) -> None:
    write(tmp_path, "brief")
    prompts = open_prompts(tmp_path)
    assert voice(prompts) == "Be brief."
    assert prompts.versions["answer"] == open_prompts().versions["answer"]
    assert prompts.versions["voice"] != open_prompts().versions["voice"]


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match="no such folder"):
        open_prompts(tmp_path / "nowhere")


def test_a_broken_file_at_the_start_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "{{ undeclared }}")
    with pytest.raises(PromptError, match=r"voice\.md:5: .*not declared"):
        open_prompts(tmp_path)


def test_a_changed_file_is_taken_over(tmp_path: Path, logged: list[EventDict]) -> None:
    write(tmp_path, "brief")
    prompts = open_prompts(tmp_path)
    before = prompts.edition
    write(tmp_path, "very brief")
    assert prompts.refresh()
    assert voice(prompts) == "Be very brief."
    assert before.get("voice").render() == "Be brief."
    assert [event["event"] for event in logged] == ["prompts.changed"]
    assert not prompts.refresh()


def test_a_broken_version_is_logged_once_and_the_last_good_one_stays(
    tmp_path: Path, logged: list[EventDict]
) -> None:
    file = write(tmp_path, "brief")
    prompts = open_prompts(tmp_path)
    file.write_text("---\ndescription: x\nvariables: [\n---\n", encoding="utf-8")
    for _ in range(3):
        assert not prompts.refresh()
    assert voice(prompts) == "Be brief."
    assert [(event["event"], event["line"]) for event in logged] == [("prompts.broken", 4)]
    assert logged[0]["file"] == str(file)
    assert [problem.line for problem in prompts.problems] == [4]


def test_a_mended_file_is_taken_over(tmp_path: Path) -> None:
    write(tmp_path, "brief")
    prompts = open_prompts(tmp_path)
    write(tmp_path, "{{ broken")
    prompts.refresh()
    write(tmp_path, "mended")
    assert prompts.refresh()
    assert voice(prompts) == "Be mended."
    assert prompts.problems == ()


def test_a_second_broken_version_is_logged_again(tmp_path: Path, logged: list[EventDict]) -> None:
    write(tmp_path, "brief")
    prompts = open_prompts(tmp_path)
    for broken in ("{{ one", "{{ another"):
        write(tmp_path, broken)
        prompts.refresh()
    assert [event["event"] for event in logged] == ["prompts.broken"] * 2
    assert len(prompts.problems) == 1


def test_one_broken_file_does_not_hold_up_another(tmp_path: Path) -> None:
    prompts = open_prompts(tmp_path)
    write(tmp_path, "{{ broken", "answer")
    write(tmp_path, "brief")
    assert prompts.refresh()
    assert voice(prompts) == "Be brief."
    assert len(prompts.problems) == 1


def test_a_file_that_vanishes_leaves_its_last_version_until_it_is_back(tmp_path: Path) -> None:
    """Editors that save by renaming leave a moment without a file."""
    file = write(tmp_path, "brief")
    prompts = open_prompts(tmp_path)
    kept = file.rename(tmp_path / "kept")
    prompts.refresh()
    assert voice(prompts) == "Be brief."
    assert [problem.file for problem in prompts.problems] == [str(file)]
    kept.rename(file)
    prompts.refresh()
    assert prompts.problems == ()


def test_broken_rules_leave_the_rules_in_force(tmp_path: Path) -> None:
    shutil.copy(SHIPPED / "escalation.md", tmp_path)
    prompts = open_prompts(tmp_path)
    rules = prompts.escalation.rules
    file = tmp_path / "escalation.md"
    file.write_text(
        file.read_text(encoding="utf-8").replace("repeat: 0.8 }", "repeet: 0.8 }"), encoding="utf-8"
    )
    prompts.refresh()
    assert prompts.escalation.rules is rules
    assert "did you mean `repeat`?" in prompts.problems[0].problem


def test_looking_is_cheap_when_nothing_changed(tmp_path: Path) -> None:
    """The best of many, since the machine has other work, too."""
    write(tmp_path, "brief")
    prompts = open_prompts(tmp_path)

    def seconds() -> float:
        start = time.perf_counter()
        prompts.refresh()
        return time.perf_counter() - start

    assert min(seconds() for _ in range(50)) < 50e-6


def test_between_two_looks_nothing_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHECK_EVERY", 60.0)
    write(tmp_path, "brief")
    prompts = open_prompts(tmp_path)
    prompts.refresh()
    write(tmp_path, "very brief")
    assert not prompts.refresh()
    assert voice(prompts) == "Be brief."


def test_an_unknown_prompt_is_refused() -> None:
    with pytest.raises(PromptError, match="no prompt `voices`"):
        open_prompts().get("voices")
