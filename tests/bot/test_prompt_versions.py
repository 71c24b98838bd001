"""`bot prompts`: what it wants before a version goes to customers, and what the bots make of it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from rich.console import Console

from bot.announce import announce
from bot.commands import app
from bot.prompt_list import print_list, render_list
from bot.prompt_versions import Wish, bring, open_versions, take_back
from bot.settings import BotSettings
from evals.sim.slack.faults import SlackFault
from graph.records.certificate import Certificate, write_certificate
from prompts import edition_of, read_texts
from tests.bot.slack.serving import CUSTOMER, DM, TEAM_CHANNEL, Stage, stage
from tests.cli import invoke
from tests.graph.editions import edition, texts_of

GIT = edition_of(read_texts()).version
NEW = edition("new").version


@pytest.fixture
def redis(redis_server: str) -> Iterator[Redis]:
    client = Redis.from_url(redis_server)
    client.flushall()
    client.hset("{bot}:prompts:git", mapping={"version": GIT, "at": 1_790_000_000.0})
    yield client
    client.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose prompts are another version than the bots serve."""
    prompts = tmp_path / "home" / "prompts"
    prompts.mkdir(parents=True)
    for name, text in texts_of("new").items():
        (prompts / f"{name}.md").write_text(text, encoding="utf-8")
    return tmp_path


def certificate(folder: Path, version: str = NEW, word: str = "fine") -> str:
    found = Certificate(version, "cases", "keyless", "none", 0.98, word, 1_790_000_000.0, "r7")
    write_certificate(folder / "runs" / "r7" / "certificate.json", found)
    return "runs/r7/certificate.json"


def prompts(folder: Path, redis_url: str, *words: str) -> tuple[int, str, str]:
    ran = invoke(app, folder, "prompts", *words, REDIS_URL=redis_url, BOT_HOME="home", COLUMNS="200")
    return ran.exit_code, ran.stdout, ran.stderr


PROMOTE = ("promote", "--percent", "20", "--by", "ada")


@pytest.mark.parametrize(
    "words", [("list",), PROMOTE, ("rollback", "--by", "ada", "--reason", "it is bad")], ids=lambda w: w[0]
)
def test_without_redis_it_says_what_it_needs(tmp_path: Path, words: tuple[str, ...]) -> None:
    ran = invoke(app, tmp_path, "prompts", *words)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "set REDIS_URL" in ran.stderr
    assert ran.stderr.strip().count("\n") == 0


def test_a_certified_version_is_promoted_listed_and_taken_back(
    folder: Path, redis: Redis, redis_server: str
) -> None:
    code, out, err = prompts(folder, redis_server, *PROMOTE, "--certificate", certificate(folder))
    assert (code, out) == (0, f"Version {NEW} is in force for 20 % of new conversations.\n")
    assert "keyless" in err
    code, out, _ = prompts(folder, redis_server, "list")
    rows = [line.split() for line in out.splitlines()]
    new = next(row for row in rows if row[:1] == [NEW])
    git = next(row for row in rows if row[:1] == [GIT])
    assert (code, new[1:3], git[1:4]) == (0, ["20", "%"], ["(git)", "80", "%"])
    for said in ("ada", "Run r7 of cases was fine.", "keyless: 98% passed, fine", "promoted above"):
        assert said in out
    # The certificate is in Redis by now, so a larger share needs no file.
    assert prompts(folder, redis_server, "promote", "--percent", "100", "--by", "bob", "--to", NEW)[0] == 0
    code, out, _ = prompts(folder, redis_server, "rollback", "--by", "bob", "--reason", "It is worse.")
    assert (code, out) == (0, f"In force: {GIT}, the version in git, for all conversations.\n")
    out = prompts(folder, redis_server, "list")[1]
    assert "rolled back" in out
    assert "It is worse." in out
    assert 0 < redis.ttl(f"{{bot}}:prompts:text:{NEW}") <= 90 * 86_400


LONG = " ".join(["Refunds go to a person now, as it was agreed with support and the lawyers on Tuesday"] * 2)


@pytest.mark.parametrize("width", [80, 120])
def test_the_list_can_be_read_in_a_terminal_of_any_width(
    folder: Path, redis: Redis, redis_server: str, width: int
) -> None:
    """What has to stay together does, and what is long goes on below its beginning."""
    given = (*PROMOTE, "--reason", LONG, "--certificate", certificate(folder))
    assert prompts(folder, redis_server, *given)[0] == 0
    settings = BotSettings.model_validate({"redis_url": redis_server, "bot_home": folder / "home"})
    shown = io.StringIO()

    async def show() -> None:
        console = Console(width=width, force_terminal=True, color_system=None, file=shown)
        async with open_versions(settings) as versions:
            print_list(console, await render_list(settings, versions))

    asyncio.run(show())
    lines = [line.rstrip() for line in shown.getvalue().splitlines()]
    assert max(map(len, lines)) <= width
    assert any(line.startswith(f"{NEW}        20 %   since ") for line in lines)
    assert "    certificate: keyless: 98% passed, fine" in lines
    start = next(place for place, line in enumerate(lines) if line.startswith("    ada: Refunds"))
    assert " ".join(line.strip() for line in lines[start : start + 4]).startswith(f"ada: {LONG}")
    assert lines[start + 1].startswith("    ")


def test_in_a_pipe_no_line_of_the_list_is_folded(folder: Path, redis: Redis, redis_server: str) -> None:
    given = (*PROMOTE, "--reason", LONG, "--certificate", certificate(folder))
    assert prompts(folder, redis_server, *given)[0] == 0
    ran = invoke(app, folder, "prompts", "list", REDIS_URL=redis_server, BOT_HOME="home", COLUMNS="80")
    assert f"    ada: {LONG}" in ran.stdout.splitlines()


@pytest.mark.parametrize(
    ("version", "word", "says"),
    [
        (None, "", f"Version {NEW} has no certificate"),
        (GIT, "fine", f"certifies version {GIT}, and this is {NEW}"),
        (NEW, "regressed", "did not find"),
    ],
)
def test_without_a_certificate_it_refuses_and_says_how_to_get_one(
    folder: Path, redis: Redis, redis_server: str, version: str | None, word: str, says: str
) -> None:
    given = ("--certificate", certificate(folder, version, word)) if version else ()
    code, out, err = prompts(folder, redis_server, *PROMOTE, *given)
    assert (code, out) == (1, "")
    assert says in err
    assert "evals run" in err
    assert not redis.exists("{bot}:prompts:rollout")


def test_an_emergency_needs_none_and_is_announced(folder: Path, redis: Redis, redis_server: str) -> None:
    code, out, err = prompts(folder, redis_server, *PROMOTE, "--emergency", "It told somebody a secret.")
    assert (code, "20 %" in out) == (0, True)
    assert "prompts.emergency" in err
    assert "announced in the log only, not in Slack: BOT_HANDOFF_CHANNEL is not set" in err
    out = prompts(folder, redis_server, "list")[1]
    assert "no certificate: EMERGENCY" in out
    assert "It told somebody a secret." in out


def test_broken_files_are_named_by_file_and_line(folder: Path, redis: Redis, redis_server: str) -> None:
    file = folder / "home/prompts/voice.md"
    file.write_text("---\ndescription: x\n---\nHi {{ nobody }}\n", encoding="utf-8")
    code, out, err = prompts(folder, redis_server, *PROMOTE, "--emergency", "x")
    assert (code, out) == (2, "")
    assert "home/prompts/voice.md:4: " in err
    assert "The files here are not in order" in prompts(folder, redis_server, "list")[1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("promote", "--percent", "20", "--by", " "), "--by"),
        ((*PROMOTE, "--emergency", " "), "--emergency"),
        ((*PROMOTE, "--to", "0123456789ab"), "not in Redis"),
        ((*PROMOTE, "--certificate", "nowhere.json"), "nowhere.json: cannot be read"),
        (("rollback", "--by", "ada", "--reason", "x"), "Nothing is promoted"),
        (("rollback", "--by", "ada", "--reason", " "), "--reason"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    folder: Path, redis: Redis, redis_server: str, words: tuple[str, ...], says: str
) -> None:
    code, out, err = prompts(folder, redis_server, *words)
    assert (code, out) == (2, "")
    assert says in err
    assert err.strip().count("\n") == 0


def test_a_redis_that_no_bot_has_used_has_nothing_to_promote_over(
    folder: Path, redis: Redis, redis_server: str
) -> None:
    redis.flushall()
    for words in (("list",), (*PROMOTE, "--emergency", "x")):
        code, _, err = prompts(folder, redis_server, *words)
        assert (code, "No bot has served" in err) == (2, True)


def test_what_is_promoted_and_damaged_is_said(folder: Path, redis: Redis, redis_server: str) -> None:
    assert prompts(folder, redis_server, *PROMOTE, "--emergency", "x")[0] == 0
    redis.set(f"{{bot}}:prompts:text:{NEW}", "{}")
    assert f"{NEW} cannot be used" in prompts(folder, redis_server, "list")[1]
    redis.set("{bot}:prompts:rollout", "{}")
    code, _, err = prompts(folder, redis_server, "list")
    assert (code, "cannot be read" in err) == (2, True)


async def test_an_emergency_is_told_to_the_team_in_its_channel(tmp_path: Path) -> None:
    async with stage(tmp_path, start=False, bot_handoff_channel=TEAM_CHANNEL) as on:
        assert await announce(on.settings, "Emergency: ada & <@bob>") == ""
        (told,) = on.answers(TEAM_CHANNEL)
        assert told["text"] == "Emergency: ada &amp; &lt;@bob&gt;"
        on.slack.faults.add(SlackFault("error", "chat.postMessage", error="is_archived"))
        assert "is_archived" in await announce(on.settings, "again")


async def test_a_bot_that_serves_goes_by_what_is_promoted_until_it_is_taken_back(
    tmp_path: Path, redis_server: str
) -> None:
    async with AsyncRedis.from_url(redis_server) as client:
        await client.flushall()
    home = tmp_path / "home"
    (home / "prompts").mkdir(parents=True)
    phrases = read_texts()["phrases"].replace("- en: Of course. I'm bringing", "- en: Gladly! I'm bringing")
    (home / "prompts/phrases.md").write_text(phrases, encoding="utf-8")
    async with stage(tmp_path, redis_url=redis_server, bot_handoff_channel=TEAM_CHANNEL) as on:
        settings = on.settings.model_copy(update={"bot_home": home})
        async with open_versions(settings) as versions:
            assert (await _asks_for_a_person(on)).startswith("Of course.")
            await bring(settings, versions, Wish(None, 100, "ada", emergency="a try"))
            await asyncio.sleep(2.0)
            assert (await _asks_for_a_person(on)).startswith("Gladly!")
            await take_back(versions, to=None, by="ada", reason="enough")
            await asyncio.sleep(2.0)
            assert (await _asks_for_a_person(on)).startswith("Of course.")


async def _asks_for_a_person(on: Stage) -> str:
    """Begin a conversation and return what the customer reads."""
    before = len(on.finished())
    on.slack.say(CUSTOMER, DM, "I want to talk to a human agent")
    await on.until(lambda: len(on.finished()) > before)
    return str(on.finished()[-1]["text"])
