"""What is promoted, for a terminal or a pipe: versions, shares, who, why, certificates, conversations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from bot.prompt_versions import current, working_copy
from bot.settings import BotSettings
from bot.terminal import plain
from graph.editions import EVERYBODY
from graph.errors import PromptError
from graph.prompt_versions import PromptVersions
from graph.rollout import Change, Rollout, Step
from prompts import edition_of

LAST = 10
"""Changes that are shown."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the list, which may be longer than a terminal is wide."""

    indent: int
    text: Text


async def render_list(settings: BotSettings, versions: PromptVersions) -> list[Entry]:
    """Lay out what is promoted, and the last changes; raises InputError where no bot has served yet."""
    _, rollout = await current(versions)
    served = await versions.served()
    shares = [_share(rollout, step) for step in rollout.steps]
    entries = [Entry(0, Text("In force for new conversations", "bold"))]
    for step, share in reversed(list(zip(rollout.steps, shares, strict=True))):
        entries += _version(step.version, share, step.at, await versions.threads(step.version))
        entries += [_said(step.by, step.reason), _certified(step)]
    threads = await versions.threads(rollout.base) if rollout.steps else None
    entries += _version(f"{rollout.base} (git)", _rest(rollout), served[1] if served else 0.0, threads)
    notes = [*await _broken(versions, rollout), _here(settings, rollout)]
    return [
        *entries, Entry(0, Text()), *(Entry(0, plain(note)) for note in notes),
        *_history((await versions.history())[-LAST:]),
    ]  # fmt: skip


def print_list(console: Console, entries: Sequence[Entry]) -> None:
    """Print a list at any width: what is long goes on below its beginning, and in a pipe it stays a line."""
    for entry in entries:
        if console.is_terminal:
            console.print(Padding(entry.text, (0, 0, 0, entry.indent)))
        else:
            console.print(Text(" " * entry.indent).append_text(entry.text), soft_wrap=True)


def _version(name: str, share: int, since: float, threads: int | None) -> list[Entry]:
    counted = "" if threads is None else f"   {threads:,} conversation{'s' * (threads != 1)}"
    told = plain(f"{name:<18} {share:>3} %   since {_when(since)}{counted}")
    told.stylize("bold", 0, len(name))
    return [Entry(0, told)]


def _said(by: str, reason: str) -> Entry:
    return Entry(4, plain(f"{by}: {reason}"))


def _certified(step: Step) -> Entry:
    if step.certificate is None:
        return Entry(4, plain("no certificate: EMERGENCY", "red"))
    return Entry(4, plain(f"certificate: {step.certificate.says()}"))


def _share(rollout: Rollout, step: Step) -> int:
    """Return the share of new conversations that a step gets."""
    newest, *behind = rollout.in_force
    if step == newest:
        return step.percent
    return EVERYBODY - newest.percent if step in behind else 0


def _rest(rollout: Rollout) -> int:
    return EVERYBODY - sum(_share(rollout, step) for step in rollout.in_force)


async def _broken(versions: PromptVersions, rollout: Rollout) -> list[str]:
    """Say which versions no bot can use, and leaves out."""
    notes = []
    for step in rollout.in_force:
        try:
            if edition_of(await versions.texts(step.version)).version != step.version:
                notes.append(f"{step.version} cannot be used: its texts are another version's.")
        except PromptError as error:
            notes.append(f"{step.version} cannot be used: {error}. Conversations go by what is behind it.")
    return notes


def _here(settings: BotSettings, rollout: Rollout) -> str:
    try:
        version, _ = working_copy(settings)
    except PromptError as error:
        return f"The files here are not in order: {error}"
    if version == rollout.base:
        return f"The files here are the version in git that the bots serve, {version}."
    promoted = any(step.version == version for step in rollout.steps)
    return f"The files here are version {version}, {'promoted above' if promoted else 'not promoted'}."


def _history(changes: tuple[Change, ...]) -> list[Entry]:
    if not changes:
        return [Entry(0, Text("Nothing has been promoted yet."))]
    entries = [Entry(0, Text()), Entry(0, Text("The last changes, the newest first", "bold"))]
    for change in reversed(changes):
        emergency = ", EMERGENCY" if change.emergency else ""
        told = f"{_when(change.at)}   {change.what} {change.version}, {change.percent} %{emergency}"
        entries.append(Entry(0, plain(told, "red" if change.emergency else "")))
        entries.append(_said(change.by, change.reason))
    return entries


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")
