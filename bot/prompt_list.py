"""What is promoted, as a table for a terminal: versions, shares, who, why, certificates, conversations."""

from __future__ import annotations

from datetime import UTC, datetime

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
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


async def render_list(settings: BotSettings, versions: PromptVersions) -> RenderableType:
    """Lay out what is promoted, and the last changes; raises InputError where no bot has served yet."""
    _, rollout = await current(versions)
    history = (await versions.history())[-LAST:]
    served = await versions.served()
    table = _table("version", "percent", "since", "who", "why", "certificate", "threads")
    for step in reversed(rollout.steps):
        threads = await versions.threads(step.version)
        table.add_row(*_step(step, _share(rollout, step)), f"{threads:,}")
    since = served[1] if served else 0.0
    threads = await versions.threads(rollout.base)
    table.add_row(
        plain(f"{rollout.base} (git)"), _percent(_rest(rollout)), _when(since), plain("deploy"),
        plain("the version in git"), "", f"{threads:,}" if rollout.steps else "",
    )  # fmt: skip
    notes = [*await _broken(versions, rollout), _here(settings, rollout)]
    return Group(table, *(plain(note) for note in notes), *_history(history))


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        right = column in ("percent", "threads")
        fold = column in ("why", "certificate")
        table.add_column(column, justify="right" if right else "left", no_wrap=not fold, overflow="fold")
    return table


def _step(step: Step, percent: int) -> tuple[RenderableType, ...]:
    certificate = step.certificate.says() if step.certificate else "none: EMERGENCY"
    style = "" if step.certificate else "red"
    return (
        plain(step.version), _percent(percent), _when(step.at), plain(step.by), plain(step.reason),
        plain(certificate, style),
    )  # fmt: skip


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


def _history(changes: tuple[Change, ...]) -> list[RenderableType]:
    if not changes:
        return [Text("Nothing has been promoted yet.")]
    table = _table("when", "who", "what", "version", "percent", "why")
    for change in reversed(changes):
        what = f"{change.what}{', EMERGENCY' if change.emergency else ''}"
        table.add_row(
            _when(change.at), plain(change.by), plain(what, "red" if change.emergency else ""),
            plain(change.version), _percent(change.percent), plain(change.reason),
        )  # fmt: skip
    return [Text("\nThe last changes", "bold"), table]


def _percent(percent: int) -> str:
    return f"{percent} %"


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")
