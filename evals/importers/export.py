"""What `bot export --transcripts` writes, as draft cases: one a conversation, to be labelled by a person."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from evals.importers.imported import Imported, LeftOut, read_text
from evals.suite.case import Case, CaseTurn, Origin
from graph.errors import InputError
from graph.records.codec import RecordError, from_line
from graph.turn import Transcript


def import_export(file: Path, *, prefix: str = "export") -> Imported:
    """Read transcripts, one JSON object a line; a case's id is the prefix and a hash of the conversation.

    What the bot answered is no label, so nothing is expected of the answer and of the escalation. Raises
    InputError naming the line that is no transcript, and where there is none at all.
    """
    conversations: dict[str, list[Transcript]] = {}
    left_out: list[LeftOut] = []
    # Not splitlines(), which would also split at characters that JSON strings may hold.
    for number, line in enumerate(read_text(file).split("\n"), 1):
        if line.strip():
            transcript = _read(line, file, number)
            if _words(transcript):
                conversations.setdefault(transcript.conversation, []).append(transcript)
            else:
                left_out.append(LeftOut(f"line {number}", "a turn without words"))
    if not conversations:
        raise InputError(f"{file} holds no transcript; write it with `bot export --transcripts`")
    cases = (_case(prefix, name, turns) for name, turns in conversations.items())
    return Imported(tuple(cases), left_out=tuple(left_out))


def _read(line: str, file: Path, number: int) -> Transcript:
    try:
        return from_line(Transcript, line)
    except RecordError as error:
        hint = "write the file with `bot export --transcripts`"
        raise InputError(f"{file}:{number}: {error}; {hint}") from None


def _words(transcript: Transcript) -> str:
    return "\n".join(transcript.asked).strip()


def _case(prefix: str, conversation: str, turns: list[Transcript]) -> Case:
    turns.sort(key=lambda turn: turn.at)
    return Case(
        id=f"{prefix}-{sha256(conversation.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}",
        origin=Origin("feedback", ref=conversation, added=_day(turns[0].at)),
        turns=tuple(CaseTurn(_words(turn)) for turn in turns),
        tags=("export",),
        draft=True,
    )


def _day(at: float) -> str | None:
    try:
        return datetime.fromtimestamp(at, UTC).date().isoformat()
    except (OverflowError, OSError, ValueError):
        return None
