"""What a climb proposes: edits of tiers.toml and escalation.md as a diff, and what a person must write."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evals.improve.ladder import Climb
from evals.improve.rungs import Rung
from evals.improve.slices import ALL, RULE
from graph.errors import PromptError
from graph.settings import GraphSettings
from graph.tiers import EXTRACTIVE, SHIPPED, Candidate
from prompts import open_prompts
from prompts.escalation import Escalation, parse_escalation
from prompts.frontmatter import parse_document

_EFFORT = re.compile(r'(\beffort\s*=\s*)"[^"]*"')


@dataclass(frozen=True, slots=True)
class Files:
    """What can be edited, and the folder that the diff's paths begin at."""

    root: Path
    tiers: Path
    escalation: Path


@dataclass(frozen=True, slots=True)
class Proposal:
    """The edits as one unified diff, each edit in a sentence, and what no edit of a file can do."""

    diff: str
    edits: tuple[str, ...]
    advice: tuple[str, ...]


def files_of(settings: GraphSettings) -> Files:
    """Return the files in force; the diff begins at the working directory, or at the folder they are in."""
    home = settings.bot_home
    own = home / "tiers.toml" if home else SHIPPED
    tiers = (own if own.exists() else SHIPPED).resolve()
    escalation = open_prompts(home / "prompts" if home else None).files["escalation"].resolve()
    here = Path.cwd()
    inside = tiers.is_relative_to(here) and escalation.is_relative_to(here)
    return Files(here if inside else Path(os.path.commonpath((tiers, escalation))), tiers, escalation)


def propose(climb: Climb, files: Files) -> Proposal:
    """Return what follows from what was decided; nothing follows from what was not.

    An edit of which the edited file would not say what it should becomes advice.
    """
    tiers, escalation = _read(files.tiers), _read(files.escalation)
    new_tiers, edits, advice = _edit_tiers(climb, tiers)
    new_escalation, more, advice_too = _edit_rules(climb, escalation, files.escalation)
    diff = _diff(tiers, new_tiers, files.tiers, files.root)
    diff += _diff(escalation, new_escalation, files.escalation, files.root)
    return Proposal(diff, (*edits, *more), (*advice, *advice_too, *_rises(climb)))


def set_effort(text: str, tier: str, measured: Candidate) -> str | None:
    """Return tiers.toml with the effort of the candidate that was measured, and no tools if it takes none.

    None where it cannot be done.
    """
    wanted = _parsed(text)
    candidates = (wanted or {}).get("tiers", {}).get(tier, {}).get("candidates", [])
    named = (measured.provider, measured.model)
    mine = [one for one in candidates if (one.get("provider"), one.get("model")) == named]
    if len(mine) != 1:
        return None
    mine[0]["effort"] = measured.effort
    if not measured.tools:
        mine[0]["tools"] = False
    # Of all places where an effort is said, the right one is known by what the file says with it changed.
    edits = (_with_effort(text, place, measured) for place in _EFFORT.finditer(text, *_section(text, tier)))
    return next((edited for edited in edits if _parsed(edited) == wanted), None)


def _with_effort(text: str, place: re.Match[str], measured: Candidate) -> str:
    begins_line = not text[text.rfind("\n", 0, place.start()) + 1 : place.start()].strip()
    tools = "" if measured.tools else "\ntools = false" if begins_line else ", tools = false"
    return f'{text[: place.start()]}{place[1]}"{measured.effort}"{tools}{text[place.end() :]}'


def without_tier(text: str, tier: str) -> str | None:
    """Return tiers.toml without a tier; None where it cannot be done."""
    start, end = _section(text, tier)
    edited = text[:start] + text[end:]
    wanted, found = _parsed(text), _parsed(edited)
    if wanted is None or wanted.get("tiers", {}).pop(tier, None) is None:
        return None
    return edited if found == wanted else None


def rule_off(text: str, rule: str, file: Path) -> str | None:
    """Return escalation.md with a rule switched off; None where it cannot be done."""
    document = parse_document(text, file)
    names = [entry.get("name") for entry in document.front.get("rules", [])]
    if rule not in names:
        return None
    lines = text.splitlines(keepends=True)
    place = names.index(rule)
    at = document.line("rules", place, "name")
    if "off" in document.front["rules"][place]:
        line = document.line("rules", place, "off")
        lines[line - 1] = re.sub(r"\boff:\s*false", "off: true", lines[line - 1])
    else:
        indent = " " * lines[at - 1].find("name:")
        lines.insert(at, f"{indent}off: true\n")
    edited = "".join(lines)
    if edited == text:
        return None
    return edited if _rules(edited, file) == [name for name in _rules(text, file) if name != rule] else None


def _edit_tiers(climb: Climb, text: str) -> tuple[str, list[str], list[str]]:
    rung, first = _chosen(climb, ALL), _first(climb)
    if rung is None or first is None or rung.name == first.name:
        return text, [], []
    if rung.name == EXTRACTIVE:
        return (
            text,
            [],
            ["Quoting the articles is enough for these cases: no model is needed."],
        )
    if rung.tier == first.tier:
        new = set_effort(text, rung.tier, rung.candidate)
        said = f"tiers.toml: {rung.candidate.model} of {rung.tier} gets {rung.candidate.effort} effort."
    else:
        new = without_tier(text, first.tier)
        said = f"tiers.toml: {first.tier} goes, as every case needs {rung.tier}."
    return (
        (text, [], [f"{said} (The file could not be edited safely: do it by hand.)"])
        if new is None
        else (
            new,
            [said],
            [],
        )
    )


def _edit_rules(climb: Climb, text: str, file: Path) -> tuple[str, list[str], list[str]]:
    first, everything = _first(climb), _chosen(climb, ALL)
    enough = {rung.name for rung in (first, everything) if rung and first and rung.tier == first.tier}
    edits: list[str] = []
    advice: list[str] = []
    for part in climb.slices:
        rung = _chosen(climb, part.name)
        if not part.name.startswith(RULE) or rung is None or first is None:
            continue
        name = part.name.removeprefix(RULE)
        if rung.name not in enough and rung.name != EXTRACTIVE:
            continue
        said = f"escalation.md: `{name}` no longer sends to the large model; {first.tier} answers as well."
        new = rule_off(text, name, file)
        if new is None:
            advice.append(f"{said} (No rule of the file could be switched off for it: see to it by hand.)")
        else:
            text = new
            edits.append(said)
    return text, edits, advice


def _rises(climb: Climb) -> Iterator[str]:
    for routes in climb.routes:
        if routes.rise and routes.slice != ALL and not routes.slice.startswith(RULE):
            yield (
                f"`{routes.slice}` needs {climb.rungs[-1].name}, and {routes.rise} of its conversations stay"
                " below it now: a rule or a reason in escalation.md should send them up."
            )


def _chosen(climb: Climb, name: str) -> Rung | None:
    part = climb.on(name)
    if part is None or part.choice is None or part.choice.word != "chosen":
        return None
    chosen = part.choice.rung
    return next(rung for rung in climb.rungs if rung.name == chosen)


def _first(climb: Climb) -> Rung | None:
    return next((rung for rung in climb.rungs if rung.tier != EXTRACTIVE), None)


def _section(text: str, tier: str) -> tuple[int, int]:
    """Return where a tier's table begins and ends, the blank lines below it included."""
    own = re.compile(rf"^\[\[?tiers\.{re.escape(tier)}[\].]", re.MULTILINE)
    found = own.search(text)
    if found is None:
        return len(text), len(text)
    ends = (m.start() for m in re.finditer(r"^\[", text, re.MULTILINE) if m.start() > found.start())
    return found.start(), next((end for end in ends if not own.match(text, end)), len(text))


def _parsed(text: str) -> dict[str, dict[str, dict[str, list[dict[str, object]]]]] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _rules(text: str, file: Path) -> list[str]:
    try:
        parsed: Escalation = parse_escalation(parse_document(text, file))
    except PromptError:
        return ["(broken)"]
    return [rule.name for rule in parsed.rules]


def _read(file: Path) -> str:
    return file.read_bytes().decode("utf-8")


def _diff(before: str, after: str, file: Path, root: Path) -> str:
    name = file.resolve().relative_to(root.resolve()).as_posix()
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{name}", f"b/{name}"
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )
