"""`evals retrieve`: questions in, the passages that the bot would find out, as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from graph.errors import InputError
from graph.knowledge.live import FolderKnowledge
from graph.turn import Audience

PASSAGES = 20
EXAMPLE = '{"id": "q1", "query": "how do I return a jacket"}'


def retrieve_lines(
    lines: Iterable[str],
    knowledge: FolderKnowledge,
    k: int = PASSAGES,
    audience: Audience = "internal",
) -> Iterator[dict[str, Any]]:
    """Answer each line `{"id", "query"}` with an audience's `k` best passages, one an article, best first.

    Blank lines are skipped; a line that is not as it must be raises InputError with its number.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            case = read_case(line, number)
            hits = knowledge.open_to(audience).search(case["query"], k, per_article=1).hits
            yield {
                "id": case["id"],
                "passages": [
                    {"article": hit.passage.article, "passage": hit.passage.id, "score": hit.score}
                    for hit in hits
                ],
            }


def read_case(line: str, number: int) -> dict[str, Any]:
    """Parse one line; raises InputError that says what is wrong with it."""
    try:
        case = json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(f"line {number} is not JSON ({error.msg}); write it like {EXAMPLE}") from None
    if not isinstance(case, dict):
        raise InputError(f"line {number} is not a JSON object; write it like {EXAMPLE}")
    for key in ("id", "query"):
        if key not in case:
            raise InputError(f'line {number} has no "{key}"; write it like {EXAMPLE}')
        if not isinstance(case[key], str):
            raise InputError(f'the "{key}" in line {number} is not a text; write it like {EXAMPLE}')
    return case
