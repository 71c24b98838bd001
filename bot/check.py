"""`bot check`: whether everything is there that the bot needs."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bot.control.standing import standing, unpriced
from bot.finding import Finding, Level
from bot.people.desk_address import desk_address
from bot.people.hours_file import described, load_hours
from bot.settings import BotSettings
from bot.terminal import counted
from graph.command_line import FINE, FOUND_WANTING
from graph.errors import FirstlineError, ModelError, StateError
from graph.knowledge.live import FolderKnowledge
from graph.models.pool import ModelPool
from graph.settings import GraphSettings
from graph.state_store import eviction_policy, open_state, safe_url
from graph.support import load_ladder, open_articles
from graph.tiers import EXTRACTIVE, Tiers
from prompts import open_prompts

STYLES: dict[Level, str] = {"ok": "green", "warning": "yellow", "wanting": "red"}


REMEDIES = {
    "unauthorized": "correct {vendor}_API_KEY, or let it use these models",
    "out_of_credit": "add credit to the account of {vendor}_API_KEY, or raise its limit",
    "unknown_model": "correct {vendor}_BASE_URL; this address has no list of models",
}
DOWN = "the next candidate takes over meanwhile; if it lasts, see {vendor}_BASE_URL and the network"


async def check(settings: BotSettings, console: Console, knowledge: Path | None = None) -> int:
    """Look at everything and print what was found; returns 1 where something is wanting, else 0."""
    wanting = False
    async for finding in findings(settings, knowledge):
        wanting = wanting or finding.level == "wanting"
        mark, about = (f"{finding.level:<7} ", STYLES[finding.level]), (f"{finding.about:<10}", "bold")
        console.print(Text.assemble(mark, about, finding.says), soft_wrap=True)
    return FOUND_WANTING if wanting else FINE


async def findings(settings: BotSettings, knowledge: Path | None = None) -> AsyncIterator[Finding]:
    """Look at one thing after the other."""
    yield _try("prompts", lambda: _prompts(settings))
    articles = _try_articles(settings, knowledge)
    for finding in _knowledge(settings, knowledge, articles):
        yield finding
    try:
        tiers = load_ladder(settings)
    except FirstlineError as error:
        yield Finding("wanting", "tiers", str(error))
    else:
        ladder = " → ".join(tier.name for tier in tiers.ladder)
        yield Finding("ok", "tiers", f"{ladder} → person")
        async for finding in _models(settings, tiers):
            yield finding
        if settings.bot_daily_budget_usd is not None and (unknown := unpriced(tiers)):
            says = (
                f"no price is known for {', '.join(unknown)}: BOT_DAILY_BUDGET_USD does not see their calls"
            )
            yield Finding("warning", "budget", says)
    yield await _state(settings)
    for line in await _standing(settings):
        yield Finding("warning" if line.startswith("paused") else "ok", "control", line)
    if settings.redis_url is None:
        yield _try("data", lambda: _data(settings.bot_data))
    yield _try("hours", lambda: described(load_hours(settings.bot_home).now, datetime.now(UTC)))
    if settings.bot_handoff_webhook or settings.bot_handoff_webhook_secret:
        yield _try("help desk", lambda: _help_desk(settings))
    readable = None if isinstance(articles, FirstlineError) else articles.for_everyone
    async for finding in _slack(settings, readable):
        yield finding


async def _slack(settings: BotSettings, for_everyone: int | None) -> AsyncIterator[Finding]:
    if not (settings.slack_bot_token or settings.slack_app_token or settings.slack_signing_secret):
        yield Finding("warning", "slack", "SLACK_BOT_TOKEN is not set: the bot cannot answer in Slack")
        return
    # Only here: every other command starts sooner without Slack's libraries.
    from bot.check_slack import slack_findings

    async for finding in slack_findings(settings, for_everyone):
        yield finding


def _try(about: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding("ok", about, look())
    except FirstlineError as error:
        return Finding("wanting", about, str(error))


def _prompts(settings: GraphSettings) -> str:
    home = settings.bot_home
    words = open_prompts(home / "prompts" if home else None)
    languages = ", ".join(words.phrases.languages)
    return (
        f"{len(words.versions)} files; phrases in {languages}; {len(words.escalation.rules)} rules in force"
    )


def _try_articles(settings: GraphSettings, folder: Path | None) -> FolderKnowledge | FirstlineError:
    try:
        return open_articles(settings, folder)
    except FirstlineError as error:
        return error


def _knowledge(
    settings: GraphSettings, folder: Path | None, articles: FolderKnowledge | FirstlineError
) -> list[Finding]:
    if isinstance(articles, FirstlineError):
        return [Finding("wanting", "knowledge", str(articles))]
    sample = folder is None and settings.bot_home is None
    says = f"{counted(articles.articles, 'article')}, {counted(articles.passages, 'passage')}"
    first = Finding(
        "ok", "knowledge", f"{says} of the sample shop; set BOT_HOME for your own" if sample else says
    )
    warnings = (Finding("warning", "knowledge", warning) for warning in articles.warnings)
    return [first, *warnings, _audience(articles)]


def _audience(articles: FolderKnowledge) -> Finding:
    if articles.for_everyone:
        says = f"{articles.for_everyone} of {counted(articles.articles, 'article')} may be read by everyone"
        return Finding("ok", "audience", says)
    says = "no article says `audience: everyone`: guests and other companies are told nothing from them"
    return Finding("warning", "audience", says)


async def _models(settings: GraphSettings, tiers: Tiers) -> AsyncIterator[Finding]:
    if tiers.first.name == EXTRACTIVE:
        yield Finding(
            "warning", "models", "no key is set (ANTHROPIC_API_KEY or OPENAI_API_KEY): answers are quotations"
        )
        return
    pool = ModelPool(settings, tiers.deadlines)
    try:
        for provider in dict.fromkeys(c.provider for tier in tiers.ladder for c in tier.candidates):
            wanted = {c.model for tier in tiers.ladder for c in tier.candidates if c.provider == provider}
            yield await _vendor(pool, provider, wanted)
    finally:
        await pool.close()


async def _vendor(pool: ModelPool, provider: str, wanted: set[str]) -> Finding:
    try:
        known = await pool.model(provider).models()
    except ModelError as error:
        # A vendor that is down comes back by itself; a wrong key does not.
        remedy = REMEDIES.get(error.kind)
        level: Level = "wanting" if remedy else "warning"
        advice = (remedy or DOWN).format(vendor=provider.upper())
        return Finding(level, provider, f"{error.kind.replace('_', ' ')}: {advice} ({error})")
    if missing := sorted(wanted - known):
        return Finding("wanting", provider, f"does not know {', '.join(missing)}; correct tiers.toml")
    return Finding("ok", provider, ", ".join(sorted(wanted)))


async def _state(settings: GraphSettings) -> Finding:
    if settings.redis_url is None:
        return Finding(
            "warning", "redis", "REDIS_URL is not set: open conversations do not survive a restart"
        )
    url = settings.redis_url.get_secret_value()
    try:
        async with open_state(url) as redis:
            policy = await eviction_policy(redis)
    except FirstlineError as error:
        return Finding("wanting", "redis", str(error))
    if policy not in (None, "noeviction"):
        problem = f"its maxmemory-policy is {policy}, which drops open conversations when memory is short"
        return Finding("wanting", "redis", f"{problem}; set it to noeviction")
    return Finding("ok", "redis", safe_url(url))


async def _standing(settings: BotSettings) -> list[str]:
    try:
        return await standing(settings)
    except StateError:
        return []  # what is wrong with Redis was said already


def _help_desk(settings: BotSettings) -> str:
    address = desk_address(settings)
    return f"handoffs are sent to {address.host if address else 'nobody'}, signed"


def _data(folder: Path) -> str:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"x" * 65_536)
            probe.flush()
    except OSError as error:
        raise StateError(
            f"{folder} cannot be written ({error.strerror}):"
            " make room there, or set BOT_DATA to another folder"
        ) from None
    return f"{folder} can be written"
