"""Real questions to a bank, over its 698 articles, with no model: piped through `bot chat --json`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.shared_data import shared_data

ROOT = Path(__file__).parents[2]
UNRELATED = (ROOT / "tests/unrelated_questions.jsonl").read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module", name="bank")
def _bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bank's articles as Markdown files."""
    folder = tmp_path_factory.mktemp("bank")
    with shared_data("tau2_banking/documents.jsonl").open(encoding="utf-8") as lines:
        for document in map(json.loads, lines):
            text = f"---\ntitle: {json.dumps(document['title'])}\n---\n{document['content']}\n"
            (folder / f"{document['id']}.md").write_text(text, encoding="utf-8")
    return folder


def chat(questions: Iterable[str], knowledge: Path, data: Path) -> list[dict[str, Any]]:
    environment = {"PATH": os.environ["PATH"], "BOT_DATA": str(data), "LOG_LEVEL": "error"}
    done = subprocess.run(
        [sys.executable, "-m", "bot", "chat", "--json", "--knowledge", str(knowledge)],
        input="".join(" ".join(question.split()) + "\n" for question in questions),
        capture_output=True,
        text=True,
        check=True,
        cwd=data,
        env=environment,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_most_opening_words_are_answered_and_the_rest_handed_over_with_a_reason(
    bank: Path, tmp_path: Path
) -> None:
    lines = shared_data("tau2_banking/queries_dev.jsonl").read_text(encoding="utf-8").splitlines()
    records = chat([json.loads(line)["query"] for line in lines], bank, tmp_path)
    assert len(records) == len(lines)
    answered = [record for record in records if record["outcome"] == "answered"]
    assert len(answered) >= 0.6 * len(records)
    assert all(record["sources"] for record in answered)
    rest = [record for record in records if record["outcome"] != "answered"]
    assert all(record["outcome"] == "handed_off" and record["route"]["reason"] for record in rest)


def test_questions_that_have_nothing_to_do_with_a_bank_are_not_answered(bank: Path, tmp_path: Path) -> None:
    records = chat([json.loads(line)["query"] for line in UNRELATED], bank, tmp_path)
    assert len(records) == len(UNRELATED)
    assert [record["turn_id"] for record in records if record["outcome"] == "answered"] == []
