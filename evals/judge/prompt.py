"""What a judge reads: the question, and the conversation fenced as data.

A customer can write anything, so each text is a JSON string on a line of its own (it cannot forge who spoke)
between tags that hold a hash of all of it (it cannot forge the end of the data). The same conversation is
always the same request, so that recordings find it again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from evals.suite.trial import PlayedTurn
from graph.quoting import legible
from prompts.fields import Fields
from prompts.frontmatter import read_document
from prompts.prompt import Prompt, parse_prompt

Speaker: TypeAlias = Literal["customer", "bot"]
SHIPPED = Path(__file__).parent
GIVEN = {
    "judge": frozenset({"rubric", "transcript", "tag"}),
    "compare": frozenset({"rubric", "first", "second", "tag"}),
}


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a conversation."""

    who: Speaker
    text: str


Talk: TypeAlias = Sequence[Said]


@dataclass(frozen=True, slots=True)
class JudgePrompt:
    """A judge's prompt file; `prompt.version` is the hash that certificates are tied to."""

    prompt: Prompt
    system: str


def open_judge_prompt(name: Literal["judge", "compare"], folder: Path | None = None) -> JudgePrompt:
    """Read the prompt from a folder that has it, or as shipped; raises PromptError with file and line."""
    own = folder / f"{name}.md" if folder else None
    document = read_document(own if own and own.exists() else SHIPPED / f"{name}.md")
    prompt = parse_prompt(name, document, GIVEN[name], ("system",))
    return JudgePrompt(prompt, Fields(document).text("system").strip())


def talk_of(turns: Sequence[PlayedTurn]) -> tuple[Said, ...]:
    """Return the conversation of a trial; that a person took over is told as the bot's."""
    said: list[Said] = []
    for turn in turns:
        said.append(Said("customer", turn.asked))
        handed = turn.outcome == "handed_off"
        said.append(Said("bot", f"{turn.answer}\n(a person takes over)" if handed else turn.answer))
    return tuple(said)


def judging(prompt: JudgePrompt, talk: Talk, rubric: str) -> str:
    """Return the message that asks one question about one conversation."""
    lines = _lines(talk)
    return prompt.prompt.render(rubric=rubric.strip(), transcript=lines, tag=_tag(rubric, lines))


def comparing(prompt: JudgePrompt, first: Talk, second: Talk, rubric: str) -> str:
    """Return the message that asks in which of two conversations the service does better."""
    one, two = _lines(first), _lines(second)
    return prompt.prompt.render(
        rubric=rubric.strip(), first=one, second=two, tag=_tag(rubric, *sorted((one, two)))
    )


def _lines(talk: Talk) -> str:
    lines = (json.dumps({said.who: legible(said.text)}, ensure_ascii=False) for said in talk)
    # JSON may hold these, and some readers take them for the end of a line.
    return "\n".join(_escaped(line) for line in lines)


def _escaped(line: str) -> str:
    return "".join(f"\\u{ord(c):04x}" if c in "\x85\u2028\u2029" else c for c in line)


def _tag(*parts: str) -> str:
    return f"data-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}"
