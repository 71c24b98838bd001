"""What a ledger keeps, for how long, and what it forgets: the same for files and for Redis."""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Protocol

import pytest
from fakeredis import FakeAsyncRedis
from redis.asyncio import Redis

from bot.ledger import DAY, FileLedger, Ledger
from bot.redis_ledger import PREFIX, RedisLedger
from graph.errors import StateError
from graph.records.codec import to_line
from graph.records.ledger import TRANSCRIPTS, TURNS, read_ledger
from tests.graph.records.samples import rating, text, turn

NOW = 1_900_000_000.0


class Opens(Protocol):
    def __call__(self, *, turns: int = 90, texts: int = 30, now: float = NOW) -> Ledger: ...


@pytest.fixture(params=["files", "fakeredis", "redis"])
async def opens(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Opens]:
    """Opens the same ledger, again with every call."""
    opened: list[Ledger] = []
    redis: Redis | None = None
    if request.param == "fakeredis":
        redis = FakeAsyncRedis()
    elif request.param == "redis":
        redis = Redis.from_url(request.getfixturevalue("redis_server"))
        await redis.flushdb()

    def make(*, turns: int = 90, texts: int = 30, now: float = NOW) -> Ledger:
        days = {"keep_turns_days": turns, "keep_text_days": texts}
        if redis is None:
            ledger: Ledger = FileLedger(tmp_path, **days, clock=lambda: now)
        else:
            ledger = RedisLedger(redis, **days, clock=lambda: now)
        opened.append(ledger)
        return ledger

    yield make
    for ledger in opened:
        await ledger.close()
    if redis is not None:
        await redis.aclose()


async def test_what_was_written_is_read_by_who_opens_it_next(opens: Opens) -> None:
    writer = opens()
    await writer.write(turn("b", received_at=NOW))
    await writer.write(turn("a", received_at=NOW - 1))
    await writer.transcript(text("a", at=NOW))
    await writer.feedback(rating("a", at=NOW))
    reader = opens()
    assert await reader.turns() == (turn("a", received_at=NOW - 1), turn("b", received_at=NOW))
    assert await reader.transcripts() == (text("a", at=NOW),)
    assert await reader.feedback_entries() == (rating("a", at=NOW),)
    view = await reader.view()
    assert [len(rated.ratings) for rated in view.turns] == [1, 0]
    assert view.notes == ()


async def test_an_empty_ledger_reads_as_empty(opens: Opens) -> None:
    ledger = opens()
    assert (await ledger.turns(), await ledger.transcripts(), await ledger.feedback_entries()) == ((), (), ())


async def test_a_turn_written_again_replaces_the_first(opens: Opens) -> None:
    ledger = opens()
    await ledger.write(turn("a", received_at=NOW, outcome="failed"))
    await ledger.write(turn("a", received_at=NOW, attempt=2))
    assert await ledger.turns() == (turn("a", received_at=NOW, attempt=2),)


async def test_a_person_has_one_rating_a_turn_and_the_latest_counts(opens: Opens) -> None:
    ledger = opens()
    await ledger.write(turn("a", received_at=NOW))
    await ledger.feedback(rating("a", value="up", at=NOW))
    await ledger.feedback(rating("a", value="down", at=NOW + 2))
    await ledger.feedback(rating("a", value="up", at=NOW + 1))  # arrived late
    await ledger.feedback(rating("a", person="by:U2", value="up", at=NOW))
    assert sorted((r.person, r.value) for r in await ledger.feedback_entries()) == [
        ("U1", "down"),
        ("by:U2", "up"),
    ]


async def test_a_rating_can_be_taken_back(opens: Opens) -> None:
    ledger = opens()
    await ledger.write(turn("a", received_at=NOW))
    await ledger.feedback(rating("a", at=NOW))
    await ledger.feedback(rating("a", value=None, at=NOW + 1))
    assert await ledger.feedback_entries() == ()


async def test_a_transcript_is_redacted_before_it_is_kept(opens: Opens) -> None:
    ledger = opens()
    await ledger.transcript(text("a", at=NOW, asked=("I am jo@example.com",), answer="xoxb-1234567890-abc"))
    (kept,) = await ledger.transcripts()
    assert (kept.asked, kept.answer) == (("I am [email]",), "[secret]")


async def test_turns_and_texts_expire_each_after_their_own_days(opens: Opens) -> None:
    for ledger, at in [(opens(now=NOW), NOW), (opens(now=NOW + 40 * DAY), NOW + 40 * DAY)]:
        await ledger.write(turn(f"at {at}", received_at=at))
        await ledger.transcript(text(f"at {at}", at=at))
    assert len(await opens(now=NOW + 40 * DAY).turns()) == 2
    assert [t.turn_id for t in await opens(now=NOW + 40 * DAY).transcripts()] == [f"at {NOW + 40 * DAY}"]
    late = opens(now=NOW + 100 * DAY)
    await late.write(turn("last", received_at=NOW + 100 * DAY))
    assert [t.turn_id for t in await late.turns()] == [f"at {NOW + 40 * DAY}", "last"]


async def test_zero_days_keep_nothing(opens: Opens) -> None:
    ledger = opens(turns=0, texts=0)
    await ledger.write(turn("a", received_at=NOW))
    await ledger.feedback(rating("a", at=NOW))
    await ledger.transcript(text("a", at=NOW))
    assert (await ledger.turns(), await ledger.feedback_entries(), await ledger.transcripts()) == ((), (), ())


async def test_a_customer_is_forgotten_everywhere_and_nobody_else(opens: Opens) -> None:
    ledger = opens()
    for turn_id, customer in [("a", "U1"), ("b", "U2")]:
        await ledger.write(turn(turn_id, customer=customer, received_at=NOW))
        await ledger.transcript(text(turn_id, customer=customer, at=NOW))
        await ledger.feedback(rating(turn_id, person=customer, at=NOW))
    await ledger.feedback(rating("b", person="U1", at=NOW))
    assert await ledger.forget(customer="U1") == 4
    again = opens()
    assert [t.customer for t in await again.turns()] == ["U2"]
    assert [t.customer for t in await again.transcripts()] == ["U2"]
    assert [r.person for r in await again.feedback_entries()] == ["U2"]
    assert await again.forget(customer="U1") == 0


async def test_a_conversation_is_forgotten(opens: Opens) -> None:
    ledger = opens()
    await ledger.write(turn("a", conversation="C1", received_at=NOW))
    await ledger.write(turn("b", conversation="C2", received_at=NOW))
    await ledger.feedback(rating("a", at=NOW))
    await ledger.feedback(rating("b", at=NOW))
    assert await ledger.forget(conversation="C1") == 2
    assert [t.conversation for t in await ledger.turns()] == ["C2"]
    await ledger.write(turn("c", conversation="C1", received_at=NOW))
    assert len(await opens().turns()) == 2


async def test_customer_and_conversation_together_narrow_what_is_forgotten(opens: Opens) -> None:
    ledger = opens()
    await ledger.write(turn("a", customer="U1", conversation="C1", received_at=NOW))
    await ledger.write(turn("b", customer="U1", conversation="C2", received_at=NOW))
    assert await ledger.forget(customer="U1", conversation="C1") == 1
    assert [t.turn_id for t in await ledger.turns()] == ["b"]


async def test_forgetting_nobody_in_particular_is_refused(opens: Opens) -> None:
    ledger = opens()
    with pytest.raises(ValueError, match="Name the customer or the conversation"):
        await ledger.forget()


async def test_a_line_after_a_torn_one_starts_on_its_own(tmp_path: Path) -> None:
    whole = to_line(turn("a"))
    (tmp_path / TURNS).write_text(whole + "\n" + whole[:50])
    ledger = FileLedger(tmp_path, clock=lambda: 1_000_000.0)
    (tmp_path / TURNS).write_text(whole + "\n" + whole[:50])
    await ledger.write(turn("b"))
    view = await ledger.view()
    assert [rated.record.turn_id for rated in view.turns] == ["a", "b"]
    assert view.notes[0].startswith("turns.jsonl line 2 is skipped")
    await ledger.close()


async def test_a_torn_line_of_text_goes_with_the_customer_it_names(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path, clock=lambda: 1_000_000.0)
    (tmp_path / TRANSCRIPTS).write_text(to_line(text("a", customer="U7", at=1e6))[:-5])
    assert await ledger.forget(customer="U7") == 1
    assert (tmp_path / TRANSCRIPTS).read_bytes() == b""
    await ledger.close()


async def test_a_writer_follows_when_another_process_shortens_the_file(tmp_path: Path) -> None:
    """The eraser puts a new file in place; a line written to the old one would be lost."""
    writer, eraser = (FileLedger(tmp_path, clock=lambda: NOW) for _ in range(2))
    await writer.write(turn("a", customer="U1", received_at=NOW))
    assert await eraser.forget(customer="U1") == 1
    await writer.write(turn("b", customer="U2", received_at=NOW))
    assert [t.turn_id for t in await eraser.turns()] == ["b"]
    await writer.close()
    await eraser.close()


async def test_a_process_that_runs_for_long_drops_what_expires_meanwhile(tmp_path: Path) -> None:
    now = [NOW]
    ledger = FileLedger(tmp_path, clock=lambda: now[0])
    await ledger.transcript(text("a", at=NOW))
    now[0] += 31 * DAY
    await ledger.transcript(text("b", at=now[0]))
    assert [t.turn_id for t in await ledger.transcripts()] == ["b"]
    await ledger.close()


async def test_the_files_are_for_their_owner_only(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path / "new" / "folder", clock=lambda: NOW)
    await ledger.write(turn("a", received_at=NOW))
    assert (tmp_path / "new" / "folder" / TURNS).stat().st_mode & 0o077 == 0
    await ledger.close()


WRITER = """
import asyncio, sys
from pathlib import Path
from bot.ledger import FileLedger
from tests.graph.records.samples import turn

async def main(folder, name):
    ledger = FileLedger(Path(folder), clock=lambda: 1_000_000.0)
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(500):
        await ledger.write(turn(f"{name}-{number}", customer="é" * (number % 300)))

asyncio.run(main(*sys.argv[1:]))
"""


def start_writer(folder: Path, name: str) -> subprocess.Popen[bytes]:
    """Start a process that waits for a line before it writes, so that two begin at once."""
    command = [sys.executable, "-c", WRITER, str(folder), name]
    writer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"ready\n"
    return writer


async def test_two_processes_write_a_thousand_lines_and_none_is_torn(tmp_path: Path) -> None:
    """While a third keeps erasing, which replaces the file under their hands."""
    writers = [start_writer(tmp_path, name) for name in ("a", "b")]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"go\n")
        writer.stdin.flush()
    eraser = FileLedger(tmp_path, clock=lambda: 1_000_000.0)
    erased = 0
    while any(writer.poll() is None for writer in writers):
        await eraser.write(turn("victim", customer="U9"))
        erased += await eraser.forget(customer="U9")
        await asyncio.sleep(0.005)
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    view = read_ledger(tmp_path)
    expected = {f"{name}-{number}" for name in "ab" for number in range(500)}
    assert {rated.record.turn_id for rated in view.turns} == expected
    assert view.notes == ()
    assert erased > 1
    await eraser.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 32 kB where this user may mount one, else a limit on the size of files."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(place)], capture_output=True, check=False
    )
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    if mounted.returncode:
        resource.setrlimit(resource.RLIMIT_FSIZE, (64_000, limits[1]))
    yield place
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    if not mounted.returncode:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def fill(ledger: FileLedger) -> tuple[int, str]:
    """Write turns until that fails; return how many were written and what the error says."""
    for number in range(1000):
        try:
            await ledger.write(turn(f"t{number}", received_at=NOW - number * DAY / 10))
        except StateError as error:
            return number, str(error)
    raise AssertionError("the disk never filled up")


async def test_a_full_disk_is_one_sentence_and_costs_no_line_that_was_written(small_disk: Path) -> None:
    ledger = FileLedger(small_disk, clock=lambda: NOW)
    written, said = await fill(ledger)
    assert f"The ledger {small_disk / TURNS} cannot be written" in said
    assert "Make room there, or set BOT_DATA" in said
    view = await ledger.view()
    assert (len(view.turns), view.notes) == (written, ())
    assert written > 5
    await ledger.close()


async def test_a_full_disk_keeps_nobody_from_reading(small_disk: Path) -> None:
    writer = FileLedger(small_disk, clock=lambda: NOW)
    await fill(writer)
    await writer.close()
    reader = FileLedger(small_disk, clock=lambda: NOW + 89 * DAY)
    assert len(await reader.turns()) > 5
    assert names_in(small_disk) == [TURNS]
    await reader.close()


async def test_a_folder_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    ledger = FileLedger(tmp_path / "data" / "ledger", clock=lambda: NOW)
    with pytest.raises(StateError, match="cannot be written"):
        await ledger.write(turn("a", received_at=NOW))


async def test_a_server_that_is_gone_is_one_sentence() -> None:
    redis = Redis.from_url("redis://127.0.0.1:1", retry=None)
    ledger = RedisLedger(redis)
    for attempt in (ledger.write(turn()), ledger.feedback(rating()), ledger.view(), ledger.transcripts()):
        with pytest.raises(StateError, match="Check that the server at REDIS_URL runs"):
            await attempt
    await redis.aclose()


async def test_every_key_in_redis_has_the_hash_tag_and_what_holds_data_expires(redis_server: str) -> None:
    redis = Redis.from_url(redis_server, decode_responses=True)
    await redis.flushdb()
    ledger = RedisLedger(redis)

    now = time.time()
    await ledger.write(turn("a", received_at=now))
    await ledger.transcript(text("a", at=now))
    await ledger.feedback(rating("a", at=now))
    keys = await redis.keys("*")
    assert all(str(key).startswith(PREFIX) for key in keys)
    assert {key for key in keys if await redis.ttl(key) == -1} == {
        f"{PREFIX}{name}" for name in ("turns", "texts", "rated")
    }
    assert 29 * DAY < await redis.ttl(f"{PREFIX}text:a") <= 30 * DAY
    assert await ledger.turns() == (turn("a", received_at=now),)
    await redis.aclose()


async def test_a_record_in_redis_that_cannot_be_read_is_skipped_and_said() -> None:
    redis = FakeAsyncRedis()
    ledger = RedisLedger(redis, clock=lambda: NOW)
    await ledger.write(turn("a", received_at=NOW))
    await ledger.write(turn("b", received_at=NOW))
    await redis.set(f"{PREFIX}turn:b", "{}")
    view = await ledger.view()
    assert [rated.record.turn_id for rated in view.turns] == ["a"]
    assert view.notes == ("One turn in Redis is skipped: turn_id is missing.",)
    await redis.aclose()
