"""A bot over the vendors' stand-ins, and what a customer makes of its turns."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr

from evals.sim import Sim, ToolUse
from evals.sim.settings import Record
from graph.models.pool import ModelPool
from graph.run import run_turn
from graph.settings import GraphSettings
from graph.support import SAMPLE_SHOP, Support, open_support
from graph.turn import (
    Audience,
    Chunk,
    Escalated,
    Finished,
    HandedOff,
    Message,
    Restarted,
    Signals,
    TextDelta,
    Turn,
    TurnRecord,
)

Vendor = Literal["anthropic", "openai"]
VENDORS: tuple[Vendor, ...] = ("anthropic", "openai")
KEY = "sim-key"
QUESTION = "How long do I have to send back a pair of shoes that I ordered?"
"""The sample shop's articles answer it."""
HANDOVER = "Shoes, ordered some time ago; what counts is the day of delivery."
ESCALATES = ToolUse(arguments=json.dumps({"reason": "complex_reasoning", "handover": HANDOVER}))
WHOLE = " ".join(f"This is sentence {n} of a whole answer about returns [1]." for n in range(1, 9))
SMALL = {"anthropic": "claude-haiku-5-5", "openai": "gpt-6-luna"}
LARGE = {"anthropic": "claude-sonnet-5-5", "openai": "gpt-6.1-sol"}


def tiers_file(
    order: Iterable[Vendor] = VENDORS,
    *,
    first_token: float = 5,
    stall: float = 5,
    answer: float = 20,
    history: int = 2000,
    small: dict[str, str] | None = None,
) -> str:
    """Write a tiers.toml with the shipped models and deadlines of its own."""
    names = {**SMALL, **(small or {})}
    little = [f'{{ provider = "{v}", model = "{names[v]}", effort = "off" }}' for v in order]
    big = [
        f'{{ provider = "{v}", model = "{LARGE[v]}", effort = "low"{", tools = false" * (v == "openai")} }}'
        for v in order
    ]
    return f"""
[tiers.small]
escalates_to = "large"
max_output_tokens = 700
candidates = [{", ".join(little)}]

[tiers.large]
max_output_tokens = 2000
candidates = [{", ".join(big)}]

[deadlines]
connect = 1
first_token = {first_token}
stall = {stall}
answer = {answer}

[history]
tokens = {history}
"""


def make_home(folder: Path, tiers: str | None = None) -> Path:
    """Make an adopter's folder that holds tiers and nothing else of its own."""
    (folder / "prompts").mkdir(parents=True, exist_ok=True)
    (folder / "tiers.toml").write_text(tiers or tiers_file(), encoding="utf-8")
    return folder


def settings_for(
    home: Path | None, *, anthropic: str | None, openai: str | None, key: str = KEY, redis: str | None = None
) -> GraphSettings:
    """Make settings that read no environment; a vendor without an address has no key."""
    secret = SecretStr(key)
    return GraphSettings.model_construct(
        anthropic_api_key=secret if anthropic else None,
        anthropic_base_url=anthropic,
        openai_api_key=secret if openai else None,
        openai_base_url=openai,
        redis_url=SecretStr(redis) if redis else None,
        bot_home=home,
    )


@asynccontextmanager
async def open_bot(
    home: Path | None,
    sim: Sim | None,
    vendors: Iterable[Vendor] = VENDORS,
    *,
    key: str = KEY,
    people: Callable[[], bool] = lambda: True,
    redis: str | None = None,
    knowledge: Path = SAMPLE_SHOP,
) -> AsyncIterator[Support]:
    """Open the bot over the sample shop; it has these vendors' keys, and the stand-in's addresses."""
    has = set(vendors) if sim else set()
    settings = settings_for(
        home,
        anthropic=sim.anthropic_url if sim and "anthropic" in has else None,
        openai=sim.openai_url if sim and "openai" in has else None,
        key=key,
        redis=redis,
    )
    async with open_support(settings, knowledge=knowledge, people=people) as support:
        yield support


def apart(support: Support) -> Support:
    """Share all but the breakers, so that one case's faults do not keep another from a model."""
    services = support.services
    models = {name: services.models.model(name) for name in ("extractive", *_providers(support))}
    pool = ModelPool(GraphSettings.model_construct(), services.tiers.deadlines, models)
    return replace(support, services=replace(services, models=pool))


def _providers(support: Support) -> set[str]:
    return {c.provider for tier in support.services.tiers.ladder for c in tier.candidates}


def make_turn(
    text: str = QUESTION,
    *,
    id: str = "t1",
    conversation: str = "c1",
    signals: Signals = Signals(),  # noqa: B008  # frozen
    audience: Audience = "internal",
) -> Turn:
    """Make a turn that has just come in."""
    messages = (Message(f"{id}-m", text),)
    return Turn(id, conversation, "u1", messages, time.time(), signals=signals, audience=audience)


@dataclass
class Heard:
    """A turn as the customer's side sees it."""

    chunks: list[Chunk] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What stands there in the end: a restart wipes out what was before it."""
        text = ""
        for chunk in self.chunks:
            if isinstance(chunk, TextDelta):
                text += chunk.text
            elif isinstance(chunk, Restarted):
                text = ""
        return text

    @property
    def record(self) -> TurnRecord:
        last = self.chunks[-1]
        assert isinstance(last, Finished)
        return last.record

    @property
    def outcomes(self) -> list[str]:
        """What became of each model call, in order."""
        return [call.outcome for call in self.record.calls]

    @property
    def escalations(self) -> list[Escalated]:
        return [chunk for chunk in self.chunks if isinstance(chunk, Escalated)]

    @property
    def restarts(self) -> list[Restarted]:
        return [chunk for chunk in self.chunks if isinstance(chunk, Restarted)]

    @property
    def handed_off(self) -> list[HandedOff]:
        return [chunk for chunk in self.chunks if isinstance(chunk, HandedOff)]

    def check(self) -> None:
        """Check what holds for every turn that came to its end."""
        finished = [chunk for chunk in self.chunks if isinstance(chunk, Finished)]
        assert len(finished) == 1
        assert self.chunks[-1] is finished[0]
        assert len(self.handed_off) == (self.record.outcome == "handed_off")
        assert all(handed.reason for handed in self.handed_off)
        assert self.text.strip()


async def say(
    support: Support,
    text: str = QUESTION,
    *,
    id: str = "t1",
    conversation: str = "c1",
    signals: Signals = Signals(),  # noqa: B008  # frozen
    audience: Audience = "internal",
) -> Heard:
    """Run a turn to its end."""
    turn = make_turn(text, id=id, conversation=conversation, signals=signals, audience=audience)
    heard = Heard([chunk async for chunk in run_turn(support, turn)])
    heard.check()
    return heard


async def until_words(chunks: AsyncGenerator[Chunk, None]) -> Heard:
    """Read a turn up to its first words, and leave it there."""
    heard = Heard()
    async for chunk in chunks:
        heard.chunks.append(chunk)
        if isinstance(chunk, TextDelta):
            return heard
    raise AssertionError("the turn ended without words")


def sent(record: Record) -> str:
    """Return all that the model read in its messages."""
    content = [message["content"] for message in record.body["messages"]]
    return "\n".join(c if isinstance(c, str) else "\n".join(part["text"] for part in c) for c in content)


async def state_of(support: Support, conversation: str = "c1") -> dict[str, Any]:
    """Return what is stored of a conversation."""
    saved = await support.saver.aget_tuple({"configurable": {"thread_id": conversation}})
    assert saved is not None
    return saved.checkpoint["channel_values"]
