"""SECURITY.md: each risk of the list is there, and what it names exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
RISKS = (
    "Prompt Injection",
    "Sensitive Information Disclosure",
    "Excessive Agency",
    "Supply Chain",
    "Data and Model Poisoning",
    "Unbounded Consumption",
    "Misinformation",
    "Hidden Context Exposure",
    "Vector and Embedding Weaknesses",
    "Improper Output Handling",
)
"""The OWASP Top 10 for LLM Applications as published on 4 August 2026."""
ROWS = [
    [cell.strip() for cell in line.split("|")[1:-1]] for line in PAGE.splitlines() if line.startswith("| LLM")
]
NAMED = sorted(set(re.findall(r"`(tests/[\w/.]+)::(\w+)`", PAGE)))


def functions_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_risk_has_a_row_in_order() -> None:
    assert [row[0] for row in ROWS] == [f"LLM{n:02}:2026 {risk}" for n, risk in enumerate(RISKS, 1)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:5])
def test_every_risk_has_a_defence_code_and_a_test(row: list[str]) -> None:
    _, defence, code, shown = row
    assert len(defence.split()) >= 5
    places = re.findall(r"`([^`]+)`", code)
    assert places
    assert [place for place in places if not (ROOT / place).is_file()] == []
    assert re.findall(r"`tests/[\w/.]+::test_\w+`", shown)


@pytest.mark.parametrize(("file", "name"), NAMED, ids=lambda part: part[-40:])
def test_every_test_that_is_named_exists(file: str, name: str) -> None:
    assert (ROOT / file).is_file()
    assert name.startswith("test_")
    assert name in functions_in(ROOT / file)


def test_every_file_of_hostile_inputs_proves_something_here() -> None:
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests/security").glob("test_*.py")}
    counting = {"tests/security/test_how_much_is_tried.py"}
    assert files - counting == {file for file, _ in NAMED if file.startswith("tests/security/")}


def test_the_page_says_how_to_report() -> None:
    assert "Report a vulnerability" in PAGE
