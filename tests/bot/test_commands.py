"""The commands of `bot`: what they print, what they say of wrong input, and how they leave."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from redis import Redis

from bot.commands import app
from bot.ledger import FileLedger
from graph.records.codec import to_line
from tests.bot.process import run
from tests.cli import invoke
from tests.graph.records.samples import rating, text, turn

NAMES = ["chat", "report", "check", "init", "export", "forget"]


def fill(folder: Path, turns: int = 2) -> None:
    """Write a small ledger."""

    async def write() -> None:
        ledger = FileLedger(folder / "data", keep_turns_days=99_999, keep_text_days=99_999)
        for number in range(turns):
            await ledger.write(turn(f"t{number}"))
            await ledger.transcript(text(f"t{number}"))
        await ledger.feedback(rating("t0"))
        await ledger.close()

    asyncio.run(write())


ACME = '[tiers.small]\ncandidates = [{provider="acme", model="x"}]'
KEEP = {"BOT_KEEP_TURNS_DAYS": "99999", "BOT_KEEP_TEXT_DAYS": "99999"}


def test_export_prints_turns_with_their_ratings(tmp_path: Path) -> None:
    fill(tmp_path)
    lines = invoke(app, tmp_path, "export", **KEEP).stdout.splitlines()
    assert [(json.loads(line)["turn_id"], len(json.loads(line)["ratings"])) for line in lines] == [
        ("t0", 1),
        ("t1", 0),
    ]


def test_export_prints_redacted_words(tmp_path: Path) -> None:
    fill(tmp_path)
    lines = invoke(app, tmp_path, "export", "--transcripts", **KEEP).stdout.splitlines()
    assert [json.loads(line)["turn_id"] for line in lines] == ["t0", "t1"]


def test_a_torn_line_is_skipped_and_said_on_standard_error(tmp_path: Path) -> None:
    fill(tmp_path)
    with (tmp_path / "data" / "turns.jsonl").open("a", encoding="utf-8") as file:
        file.write(to_line(turn("t2"))[:400])
    ran = invoke(app, tmp_path, "export", **KEEP)
    assert (ran.exit_code, len(ran.stdout.splitlines())) == (0, 2)
    assert "turns.jsonl" in ran.stderr


def test_the_report_is_tables_or_json(tmp_path: Path) -> None:
    fill(tmp_path)
    assert "Response time" in invoke(app, tmp_path, "report", **KEEP).stdout
    numbers = json.loads(invoke(app, tmp_path, "report", "--json", **KEEP).stdout)
    assert (numbers["turns"], numbers["all"]["ratings"]["up"]) == (2, 1)


def test_forget_erases_a_customer(tmp_path: Path) -> None:
    fill(tmp_path)
    customer = turn("t0").customer
    assert (
        "5 turns, ratings, transcripts and drafts erased"
        in invoke(app, tmp_path, "forget", "--customer", customer, **KEEP).stdout
    )
    assert invoke(app, tmp_path, "export", **KEEP).stdout == ""


@pytest.mark.parametrize("words", [(), ("--customer", ""), ("--conversation", " ")])
def test_forget_wants_a_name(tmp_path: Path, words: tuple[str, ...]) -> None:
    ran = invoke(app, tmp_path, "forget", *words)
    assert ran.exit_code == 2
    assert "--customer ID or --conversation ID" in ran.stderr


def test_init_prints_the_files_alone_and_says_what_comes_next(tmp_path: Path) -> None:
    ran = invoke(app, tmp_path, "init", "help")
    printed = [Path(line) for line in ran.stdout.splitlines()]
    assert printed == sorted(path for path in (tmp_path / "help").rglob("*") if path.is_file())
    assert "put your help articles into help/knowledge" in ran.stderr


def test_a_new_folder_without_articles_says_where_they_go(tmp_path: Path) -> None:
    invoke(app, tmp_path, "init", "help")
    ran = invoke(app, tmp_path, "chat", BOT_HOME="help")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr.strip().count("\n") == 0
    assert "help/knowledge holds no .md file; put your help articles into it" in ran.stderr


def home_with(folder: Path, place: str, words: str) -> None:
    """Make an adopter's folder with one article, and one file that is wrong."""
    invoke(app, folder, "init", "help")
    (folder / "help/knowledge/returns.md").write_text("# Returns\n\nWithin 30 days.\n", encoding="utf-8")
    (folder / "help" / place).write_text(words, encoding="utf-8")


@pytest.mark.parametrize(
    ("place", "words", "says"),
    [
        ("prompts/answer.md", "---\nfoo: [\n---\nx", "help/prompts/answer.md:3: "),
        ("prompts/voice.md", "---\ndescription: x\n---\nHi {{ nobody }}", "help/prompts/voice.md:4: "),
        (
            "tiers.toml",
            '[tiers.small]\ncandidates = [{provider="acme", model="x"}]',
            "unknown provider 'acme'",
        ),
        ("tiers.toml", "[tiers", "help/tiers.toml: not readable as TOML"),
    ],
)
def test_a_broken_file_is_one_sentence_with_its_place(
    tmp_path: Path, place: str, words: str, says: str
) -> None:
    home_with(tmp_path, place, words)
    ran = invoke(app, tmp_path, "chat", BOT_HOME="help")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert says in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1
    looked = invoke(app, tmp_path, "check", BOT_HOME="help")
    assert looked.exit_code == 1
    assert says in looked.stdout


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"BOT_KEEP_TURNS_DAYS": "abc"}, "BOT_KEEP_TURNS_DAYS"),
        ({"BOT_KEEP_TEXT_DAYS": "-1"}, "BOT_KEEP_TEXT_DAYS"),
        ({"LOG_LEVEL": "loud", "LOG_FORMAT": "xml"}, "LOG_LEVEL"),
        ({"REDIS_URL": "redis://:hush@127.0.0.1:9/0"}, "redis://127.0.0.1:9/0"),
        ({"REDIS_URL": "hush"}, "REDIS_URL is not a Redis address"),
    ],
)
@pytest.mark.parametrize("name", ["chat", "report", "export"])
def test_a_wrong_variable_is_named_without_its_secret(
    tmp_path: Path, name: str, variables: dict[str, str], says: str
) -> None:
    ran = invoke(app, tmp_path, name, **variables)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert says in ran.stderr
    assert "hush" not in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("place", ["nowhere", "empty", "file"])
def test_a_knowledge_folder_that_cannot_be_used(tmp_path: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    ran = invoke(app, tmp_path, "chat", "--knowledge", place)
    assert ran.exit_code == 2
    assert place in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("name", NAMES)
def test_help_has_an_example_on_a_line_of_its_own(tmp_path: Path, name: str) -> None:
    lines = [line.strip() for line in invoke(app, tmp_path, name, "--help").stdout.splitlines()]
    assert any(line.startswith(f"Example: bot {name}") for line in lines)
    assert max(map(len, lines)) <= 80


def test_the_commands_are_grouped(tmp_path: Path) -> None:
    shown = invoke(app, tmp_path, "--help").stdout
    assert shown.index("Every day") < shown.index("chat") < shown.index("Plumbing") < shown.index("export")


@pytest.mark.parametrize("script", ['"$@" | head -1', '"$@" >&- | true'])
async def test_nobody_has_to_read_to_the_end(tmp_path: Path, script: str) -> None:
    await asyncio.to_thread(fill, tmp_path, 400)
    ran = await run(tmp_path, "bot", "export", script=f'{script}; echo "code $?" >&2', env=KEEP)
    assert ran.err == "code 0\n"


def test_forget_leaves_nothing_of_the_customer_in_redis(tmp_path: Path, redis_server: str) -> None:
    """Ledger, transcripts, ratings and open conversations: no key holds their words or their name."""
    said = "My e-mail is jo.doe@example.com, how do I return something I bought?"
    env = {"REDIS_URL": redis_server}
    asyncio.run(run(tmp_path, "bot", "chat", input=f"{said}\n/bad\n".encode(), env=env))
    assert "jo.doe" in everything(redis_server)
    assert invoke(app, tmp_path, "forget", "--customer", "terminal", **env).exit_code == 0
    left = everything(redis_server)
    assert "jo.doe" not in left
    assert "something I bought" not in left
    assert "terminal" not in left


def everything(url: str) -> str:
    """Return all keys and values of a Redis as one text."""
    with Redis.from_url(url) as redis:
        return " ".join(f"{key!r} {redis.dump(key)!r}" for key in redis.scan_iter())
