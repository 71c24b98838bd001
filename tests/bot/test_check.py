"""`bot check` finds what the bot would stumble over, and tells a fault from a warning."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from rich.console import Console

from bot.check import check, findings
from bot.finding import Finding
from bot.settings import BotSettings
from evals.sim import Settings, Sim


def settings(folder: Path, **values: object) -> BotSettings:
    """Make settings that take nothing from the environment."""
    return BotSettings.model_construct(None, bot_data=folder / "data", **values)


async def found(given: BotSettings, knowledge: Path | None = None) -> dict[str, Finding]:
    return {finding.about: finding async for finding in findings(given, knowledge)}


async def test_without_anything_set_all_is_well_but_for_warnings(tmp_path: Path) -> None:
    console = Console(record=True, width=200)
    assert await check(settings(tmp_path), console) == 0
    shown = console.export_text()
    assert "of the sample shop; set BOT_HOME" in shown
    assert "no key is set" in shown
    assert "REDIS_URL is not set" in shown
    assert "wanting" not in shown


async def test_a_vendor_that_answers_is_fine(tmp_path: Path) -> None:
    async with Sim() as sim:
        both = settings(
            tmp_path,
            anthropic_api_key=SecretStr("sim-key"),
            anthropic_base_url=sim.anthropic_url,
            openai_api_key=SecretStr("sim-key"),
            openai_base_url=sim.openai_url,
        )
        looked = await found(both)
    assert (looked["anthropic"].level, looked["openai"].level) == ("ok", "ok")
    assert "claude-haiku-5-5" in looked["anthropic"].says


async def test_a_wrong_key_is_wanting(tmp_path: Path) -> None:
    async with Sim() as sim:
        wrong = settings(tmp_path, anthropic_api_key=SecretStr("hush"), anthropic_base_url=sim.anthropic_url)
        looked = (await found(wrong))["anthropic"]
        assert await check(wrong, Console(quiet=True)) == 1
    assert looked.level == "wanting"
    assert "correct ANTHROPIC_API_KEY" in looked.says
    assert "hush" not in looked.says


async def test_a_model_that_the_vendor_does_not_know_is_wanting(tmp_path: Path) -> None:
    async with Sim(Settings(openai_models=("gpt-6-luna",))) as sim:
        key = SecretStr("sim-key")
        looked = await found(settings(tmp_path, openai_api_key=key, openai_base_url=sim.openai_url))
    assert looked["openai"].level == "wanting"
    assert "does not know gpt-6.1-sol; correct tiers.toml" in looked["openai"].says


async def test_a_vendor_that_is_down_is_a_warning(tmp_path: Path) -> None:
    down = settings(tmp_path, openai_base_url="http://127.0.0.1:9/v1")
    assert (await found(down))["openai"].level == "warning"
    assert await check(down, Console(quiet=True)) == 0


async def test_an_eviction_policy_that_drops_conversations_is_wanting(
    tmp_path: Path, redis_server: str
) -> None:
    given = settings(tmp_path, redis_url=SecretStr(redis_server))
    async with Redis.from_url(redis_server) as redis:
        await redis.config_set("maxmemory-policy", "allkeys-lru")
        looked = await found(given)
        await redis.config_set("maxmemory-policy", "noeviction")
    assert looked["redis"].level == "wanting"
    assert "allkeys-lru" in looked["redis"].says
    assert (await found(given))["redis"].level == "ok"
    assert "data" not in looked


async def test_a_redis_that_is_not_there_is_wanting(tmp_path: Path) -> None:
    away = settings(tmp_path, redis_url=SecretStr("redis://:hush@127.0.0.1:9/0"))
    looked = (await found(away))["redis"]
    assert looked.level == "wanting"
    assert "hush" not in looked.says


async def test_a_folder_that_cannot_be_written_is_wanting(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    looked = (await found(settings(tmp_path)))["data"]
    assert (looked.level, "set BOT_DATA to another folder" in looked.says) == ("wanting", True)


async def test_articles_that_were_left_out_are_warnings(tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "good.md").write_text("# Returns\n\nWithin 30 days.\n", encoding="utf-8")
    (folder / "big.md").write_bytes(b"a" * 5_000_000)
    (folder / "binary.md").write_bytes(bytes(range(256)))
    looked = [f async for f in findings(settings(tmp_path), folder) if f.about == "knowledge"]
    assert [finding.level for finding in looked] == ["ok", "warning", "warning"]
    assert looked[0].says == "1 article, 1 passage"


@pytest.mark.parametrize("home", ["nowhere", "file"])
async def test_a_home_that_is_no_folder_is_wanting(tmp_path: Path, home: str) -> None:
    (tmp_path / "file").touch()
    looked = await found(settings(tmp_path, bot_home=tmp_path / home))
    assert (looked["prompts"].level, looked["knowledge"].level) == ("wanting", "wanting")


async def test_how_many_articles_are_for_everyone_is_said_in_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "notes.md").write_text("# Goodwill\n\nUp to 80 euro.\n", encoding="utf-8")
    none = (await found(settings(tmp_path), folder))["audience"]
    assert (none.level, "no article says `audience: everyone`" in none.says) == ("warning", True)
    text = "---\naudience: everyone\n---\n\n# Returns\n\nWithin 30 days.\n"
    (folder / "open.md").write_text(text, encoding="utf-8")
    some = (await found(settings(tmp_path), folder))["audience"]
    assert (some.level, some.says) == ("ok", "1 of 2 articles may be read by everyone")
    (folder / "open.md").write_text(text.replace("everyone", "all"), encoding="utf-8")
    wrong = (await found(settings(tmp_path), folder))["knowledge"]
    assert wrong.level == "wanting"
    assert "open.md:2: audience: must be internal or everyone, not 'all'" in wrong.says
