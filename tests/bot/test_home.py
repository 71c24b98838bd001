"""`bot init`: a whole folder or nothing."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
import yaml

from bot.home import PLACES, TEMPLATE, make_home
from graph.errors import InputError
from graph.tiers import load_tiers
from prompts.folder import NAMES, open_prompts


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_new_folder_has_all_its_files(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "home"
    made = make_home(home)
    assert made == files_in(home)
    places = {path.relative_to(home).as_posix() for path in made}
    assert places >= {f"prompts/{name}.md" for name in NAMES}
    assert places >= {"tiers.toml", "channels.toml", "README.md", "knowledge/.gitkeep"}
    assert ".github/workflows/evals.yml" in places
    assert sum(place.startswith("cases/") and place.endswith(".yaml") for place in places) == 3


def test_what_it_makes_can_be_read_by_the_program(tmp_path: Path) -> None:
    home = tmp_path / "home"
    make_home(home)
    assert open_prompts(home / "prompts").versions == open_prompts().versions
    assert load_tiers(home / "tiers.toml") == load_tiers()
    assert tomllib.loads((home / "channels.toml").read_text(encoding="utf-8")) == {}


def test_the_knowledge_folder_holds_nothing_to_index(tmp_path: Path) -> None:
    make_home(tmp_path / "home")
    assert not list((tmp_path / "home" / "knowledge").rglob("*.md"))


def test_the_starter_cases_have_an_id_turns_and_a_verdict() -> None:
    for place in (TEMPLATE / name for name in PLACES if name.endswith(".yaml")):
        case = yaml.safe_load(place.read_text(encoding="utf-8"))
        assert case["id"] == place.stem
        assert case["turns"][0]["user"]
        assert case["escalation"]["verdict"] in ("must", "may", "must_not")


def test_the_starter_questions_are_json_lines() -> None:
    for name, key in (("route.jsonl", "messages"), ("retrieve.jsonl", "query")):
        lines = (TEMPLATE / name).read_text(encoding="utf-8").splitlines()
        assert all(json.loads(line)[key] and json.loads(line)["id"] for line in lines)


def test_the_workflow_is_valid_and_its_questions_are_there() -> None:
    text = (TEMPLATE / "evals.yml").read_text(encoding="utf-8")
    steps = yaml.safe_load(text)["jobs"]["evals"]["steps"]
    commands = "\n".join(step.get("run", "") for step in steps)
    for place in ("cases/route.jsonl", "cases/retrieve.jsonl"):
        assert place in commands
        assert place in PLACES.values()


def test_no_file_of_the_template_is_forgotten() -> None:
    assert {path.name for path in TEMPLATE.iterdir()} == set(PLACES)


def test_an_existing_folder_keeps_what_it_has(tmp_path: Path) -> None:
    workflow = tmp_path / ".github" / "workflows" / "other.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text("mine", encoding="utf-8")
    made = make_home(tmp_path)
    assert workflow.read_text(encoding="utf-8") == "mine"
    assert files_in(tmp_path) == sorted([*made, workflow])


@pytest.mark.parametrize("taken", ["tiers.toml", "prompts/voice.md", ".github/workflows/evals.yml"])
def test_a_folder_with_one_of_the_files_is_refused_and_left_alone(tmp_path: Path, taken: str) -> None:
    home = tmp_path / "home"
    (home / taken).parent.mkdir(parents=True)
    (home / taken).write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=f"already {taken}; choose another folder"):
        make_home(home)
    assert files_in(tmp_path) == [home / taken]
    assert (home / taken).read_text(encoding="utf-8") == "mine"


def test_making_it_twice_is_refused(tmp_path: Path) -> None:
    make_home(tmp_path / "home")
    with pytest.raises(InputError, match="there is already"):
        make_home(tmp_path / "home")


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="this is a file; name a folder"):
        make_home(tmp_path / "home")


def test_a_file_above_is_one_sentence_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be written"):
        make_home(tmp_path / "file" / "home")
    assert files_in(tmp_path) == [tmp_path / "file"]


def test_a_fault_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    """A file stands where the folder `knowledge` should be, which shows when the others have been moved."""
    (tmp_path / "knowledge").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be written"):
        make_home(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["knowledge"]
