"""Whole versions of the prompts, for a share of the conversations, and taken back: who, when and why."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.settings import BotSettings
from graph.errors import FirstlineError, InputError, SettingsError
from graph.prompt_versions import PromptVersions, Read
from graph.records.certificate import Certificate, read_certificate
from graph.records.codec import RecordError
from graph.rollout import Change, Rollout, Step, promote, roll_back
from graph.state_store import open_state
from prompts import edition_of, read_texts


class NotCertified(FirstlineError):
    """No gate has found this version fine."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to bring into force."""

    to: str | None
    """A version that Redis has; None for the working copy."""
    percent: int
    by: str
    reason: str = ""
    certificate: Path | None = None
    emergency: str | None = None
    """Why it cannot wait for a certificate; None where it can."""


@asynccontextmanager
async def open_versions(settings: BotSettings) -> AsyncIterator[PromptVersions]:
    """Open what Redis holds; raises SettingsError without REDIS_URL, and StateError where Redis fails."""
    if settings.redis_url is None:
        raise SettingsError(
            "Versions of the prompts are kept in Redis, which all bots read: set REDIS_URL to theirs."
        )
    async with open_state(settings.redis_url.get_secret_value()) as redis:
        yield PromptVersions(redis)


def working_copy(settings: BotSettings) -> tuple[str, dict[str, str]]:
    """Return the version and the texts of the files here; raises PromptError where one is broken."""
    texts = read_texts(settings.bot_home / "prompts" if settings.bot_home else None)
    return edition_of(texts).version, texts


async def current(versions: PromptVersions) -> tuple[Read, Rollout]:
    """Return what is stored, and the rollout over what the bots serve; raises InputError without bots."""
    try:
        read = await versions.read()
    except RecordError as error:
        raise InputError(f"What is promoted cannot be read ({error}); a deploy of the bot ends it.") from None
    served = await versions.served()
    if served is None:
        raise InputError(
            "No bot has served from this Redis yet, so there is nothing to promote over: start `bot serve`."
        )
    alive = read.rollout is not None and read.rollout.base == served[0]
    return read, read.rollout if read.rollout and alive else Rollout(served[0])


async def bring(settings: BotSettings, versions: PromptVersions, wish: Wish) -> Step:
    """Bring a version into force.

    Raises NotCertified without a certificate or an emergency, and InputError where the wish makes no sense.
    """
    if not wish.by.strip():
        raise InputError("Say with --by who brings the version into force.")
    if wish.emergency is not None and not wish.emergency.strip():
        raise InputError("Say with --emergency why it cannot wait for a certificate.")
    read, rollout = await current(versions)
    if wish.to is None:
        version, texts = working_copy(settings)
    else:
        version, texts = wish.to, await versions.texts(wish.to)
    if edition_of(texts).version != version:
        raise InputError(f"The texts that Redis has of {version} are not that version's any more.")
    certificate = None if wish.emergency else await _certificate(versions, version, wish.certificate)
    reason = wish.emergency or wish.reason or _of(certificate)
    step = Step(version, wish.percent, wish.by, reason, time.time(), certificate)
    after = promote(rollout, step)
    if certificate:
        await versions.certify(certificate)
    await versions.keep(version, texts)
    emergency = wish.emergency is not None
    change = Change(step.at, wish.by, "promoted", version, wish.percent, reason, emergency)
    await versions.change(read, after, change)
    return step


async def take_back(versions: PromptVersions, *, to: str | None, by: str, reason: str) -> Rollout:
    """Withdraw the newest version, or every one after `to`; returns what is left."""
    if not by.strip() or not reason.strip():
        raise InputError("Say with --by who takes it back, and with --reason why.")
    read, rollout = await current(versions)
    after = roll_back(rollout, to)
    newest = after.steps[-1] if after.steps else None
    version, percent = (newest.version, newest.percent) if newest else (after.base, 100)
    await versions.change(read, after, Change(time.time(), by, "rolled back", version, percent, reason))
    return after


async def _certificate(versions: PromptVersions, version: str, file: Path | None) -> Certificate:
    found = read_certificate(file) if file else await versions.certificate(version)
    how = (
        "run all cases over it against an accepted baseline (`evals run`), and give the certificate that it"
        " writes where all is fine (--certificate .firstline/runs/ID/certificate.json), or say --emergency"
        " REASON, which is announced"
    )
    if found is None:
        raise NotCertified(f"Version {version} has no certificate: {how}.")
    if found.edition != version:
        raise NotCertified(f"{file} certifies version {found.edition}, and this is {version}: {how}.")
    if not found.fine:
        word = found.word.replace("_", " ")
        raise NotCertified(f"The gate did not find version {version} fine, but {word}: {how}.")
    return found


def _of(certificate: Certificate | None) -> str:
    if certificate is None:
        return ""
    run = f"Run {certificate.run}" if certificate.run else "The run"
    return f"{run} of {certificate.suite} was fine."
