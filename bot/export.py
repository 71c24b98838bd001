"""The ledger as lines of JSON, for other programs."""

from __future__ import annotations

import json
from typing import TextIO

from bot.ledger import Ledger
from graph.records.codec import to_dict, to_line


async def export_turns(ledger: Ledger, out: TextIO) -> tuple[str, ...]:
    """Write one turn a line, oldest first, its ratings under `ratings`; returns what could not be read."""
    view = await ledger.view()
    for turn in view.turns:
        ratings = [to_dict(rating) for rating in turn.ratings]
        print(_line({**to_dict(turn.record), "ratings": ratings}), file=out)
    return view.notes


async def export_transcripts(ledger: Ledger, out: TextIO) -> None:
    """Write one transcript a line, oldest first."""
    for transcript in await ledger.transcripts():
        print(to_line(transcript), file=out)


def _line(data: dict[str, object]) -> str:
    return json.dumps(data, ensure_ascii=False)
