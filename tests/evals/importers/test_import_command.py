"""`evals import`: files of cases, what was left out, and nothing lost that a person has edited."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from evals.importers.commands import add
from evals.suite.case_file import load_cases
from graph.records.codec import to_line
from graph.turn import Transcript
from tests.cli import invoke

app = typer.Typer()
app.callback()(lambda: None)
add(app)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Two conversations, and a turn without words."""
    lines = [
        Transcript("t", "C1", "c", 0.0, "en", ("My parcel is lost",), "", "small", "answered"),
        Transcript("t", "C2", "c", 1.0, "en", ("I want a person",), "", "small", "handed_off"),
        Transcript("t", "C2", "c", 2.0, "en", (), "", "small", "answered"),
    ]
    file = tmp_path / "export.jsonl"
    file.write_text("".join(f"{to_line(line)}\n" for line in lines), encoding="utf-8")
    return file


def test_each_case_gets_a_file_and_what_is_missing_is_said(tmp_path: Path, export: Path) -> None:
    ran = invoke(app, tmp_path, "import", "export", "export.jsonl", "--to", "new/drafts")
    assert ran.exit_code == 0
    cases = load_cases(tmp_path / "new/drafts")
    assert [Path(case.where.partition(":")[0]).stem for case in cases] == [case.id for case in cases]
    assert len(cases) == len(list((tmp_path / "new/drafts").iterdir())) == 2
    assert "2 draft cases written to new/drafts" in ran.stdout
    assert "a turn without words" in ran.stdout
    assert "line 3" in ran.stdout


def test_a_case_that_somebody_has_edited_stays(tmp_path: Path, export: Path) -> None:
    invoke(app, tmp_path, "import", "export", "export.jsonl", "--to", "drafts")
    edited = min((tmp_path / "drafts").iterdir())
    edited.write_text("edited", encoding="utf-8")
    ran = invoke(app, tmp_path, "import", "export", "export.jsonl", "--to", "drafts")
    assert edited.read_text(encoding="utf-8") == "edited"
    assert "0 draft cases written" in ran.stdout
    assert "was kept" in ran.stdout


def test_ids_begin_with_the_prefix(tmp_path: Path, export: Path) -> None:
    invoke(app, tmp_path, "import", "export", "export.jsonl", "--to", "drafts", "--prefix", "may-week")
    assert all(case.id.startswith("may-week-") for case in load_cases(tmp_path / "drafts"))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("tau", "export.jsonl", "--to", "drafts"), "export.jsonl:2: is not JSON"),
        (("export", "none.jsonl", "--to", "drafts"), "none.jsonl cannot be read"),
        (
            ("export", "export.jsonl", "--to", "export.jsonl"),
            "--to export.jsonl: export.jsonl is a file",
        ),
        (("export", "export.jsonl", "--to", "drafts", "--prefix", "A b"), "must be small letters"),
        (("other", "export.jsonl", "--to", "drafts"), "'other' is not one of"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, export: Path, words: tuple[str, ...], says: str
) -> None:
    ran = invoke(app, tmp_path, "import", *words, COLUMNS="200")
    assert ran.exit_code == 2
    assert says in ran.stderr
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "data") == ["export.jsonl"]
