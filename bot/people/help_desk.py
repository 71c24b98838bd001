"""A help desk of any make: it is told of handoffs by signed messages, and says what becomes of them.

What cannot be sent is sent again after growing delays, by whichever process is there then, and given up after
some hours. Nothing that the help desk answers, or fails to, holds up a customer or the team's card.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import aiohttp
import structlog

from bot.people.desk_address import DeskAddress
from bot.people.notices import Action, Nonsense, Notice, message_notice, parsed, ping_notice, read_action
from bot.people.outbox import Outbox, Taken
from bot.people.store import Handoff
from graph.errors import StateError
from graph.tasks import end

log = structlog.get_logger()

DELAYS_S = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 3600.0, 3600.0)
"""Before each further try: almost four hours in all, then it is given up."""
TIMEOUT_S = 10.0
"""How long an answer may take."""
LEASE_S = 30.0
"""How long what is being sent is nobody else's."""
LOOK_S = 1.0
AT_ONCE = 8
MOST_ANSWER = 65_536
"""Bytes of an answer that are read."""
LONGEST_WAIT_S = 3600.0
"""A Retry-After that asks for more is not heeded further."""
PING_S = 120.0
LATELY_S = 600.0
"""For how long a help desk that took what it was sent counts as there."""
GONE = 410


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of one try."""

    status: int = 0
    """0 where there was no answer."""
    why: str = ""
    answer: bytes = b""
    wait_s: float = 0.0
    """How long the help desk asks to be left alone."""

    @property
    def took(self) -> bool:
        """Whether the help desk took it."""
        return 200 <= self.status < 300


@dataclass(slots=True)
class HelpDesk:
    """Sends what is in the outbox, and has done what is answered."""

    address: DeskAddress
    outbox: Outbox
    act: Callable[[str, str, Action], Awaitable[None]]
    """Has done what an answer asks for: the handoff's name, a name of its own, and the wish."""
    give_up: Callable[[str, str], Awaitable[None]]
    """Told of a conversation of which the help desk does not know, and of which handoff."""
    alone: bool = False
    """Whether nobody but the help desk takes over: then it is asked again and again whether it is there."""
    took_at: float = 0.0
    """When it took what it was sent last, as far as this process knows; 0 where it did not."""
    _where: str = field(init=False)
    _session: aiohttp.ClientSession | None = None
    _loop: asyncio.Task[None] | None = None
    _sending: dict[asyncio.Task[None], Taken] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._where = hashlib.sha256(self.address.url.encode()).hexdigest()[:16]

    @property
    def there(self) -> bool:
        """Whether the last message was taken, and that not long ago: then somebody may be promised."""
        return time.time() - self.took_at < LATELY_S

    def start(self) -> None:
        """Begin to send."""
        # No redirects, no cookies, nothing unpacked: what answers is not ours.
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False)
        self._loop = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Stop; what is under way is sent again by others, at once."""
        await end(self._loop)
        left = dict(self._sending)
        await end(*left)
        with suppress(StateError):  # while Redis is away, their leases end by themselves
            for taken in left.values():
                await self.outbox.later(taken, 0.0)
        if self._session is not None:
            await self._session.close()

    async def tell_message(self, handoff: Handoff, message: str, text: str, at: float) -> None:
        """Tell what a customer wrote, once; raises StateError."""
        await self.outbox.add(handoff.conversation, message_notice(handoff, message, text, at))

    async def _watch(self) -> None:
        fresh = True
        while True:
            try:
                if fresh:
                    # Whoever starts the bot anew has perhaps mended what had been gone.
                    await self.outbox.come_back()
                    fresh = False
                await self.look()
            except StateError as error:
                log.debug("redis.away", why=str(error))
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Begin to send what is due; raises StateError."""
        if self.alone and await self.outbox.first_within(PING_S, "ping"):
            await self._ping()
        self.took_at = await self.outbox.took_at()
        while len(self._sending) < AT_ONCE and (taken := await self.outbox.take(LEASE_S, uuid.uuid4().hex)):
            sending = asyncio.create_task(self._deliver_quietly(taken))
            self._sending[sending] = taken
            sending.add_done_callback(self._sending.pop)

    async def _ping(self) -> None:
        if not await self.outbox.is_gone(self._where):
            sent = await self._send(ping_notice(time.time()))
            await self.outbox.note_health(took=sent.took)
            if not sent.took:
                log.warning("help_desk.away", why=sent.why or f"HTTP {sent.status}")

    async def _deliver_quietly(self, taken: Taken) -> None:
        try:
            await self._deliver(taken)
        except StateError as error:
            # Its lease ends, and it is sent again: the help desk knows it by its name.
            log.warning("redis.away", why=str(error))

    async def _deliver(self, taken: Taken) -> None:
        if await self.outbox.is_gone(self._where):
            await self._lose(taken, f"HTTP {GONE} before")
            return
        sent = await self._send(taken.notice)
        await self.outbox.note_health(took=sent.took)
        self.took_at = time.time() if sent.took else 0.0
        why = sent.why or f"HTTP {sent.status}"
        if sent.took:
            await self._answered(taken, sent.answer)
            await self.outbox.done(taken)
            log.info("help_desk.told", notice=taken.notice.name, tries=taken.tries)
        elif sent.status == GONE:
            await self.outbox.note_gone(self._where)
            await self._lose(taken, why)
        elif taken.tries > len(DELAYS_S):
            await self._lose(taken, why)
        else:
            delay_s = max(DELAYS_S[taken.tries - 1] * random.uniform(0.9, 1.1), sent.wait_s)
            log.warning("help_desk.again", notice=taken.notice.name, why=why, wait_s=round(delay_s))
            await self.outbox.later(taken, delay_s)

    async def _lose(self, taken: Taken, why: str) -> None:
        log.error("help_desk.given_up", notice=taken.notice.name, why=why, tries=taken.tries)
        # First what is seen of it: whoever dies in between does it again.
        await self.give_up(taken.conversation, taken.handoff)
        await self.outbox.give_up(taken, why)

    async def _answered(self, taken: Taken, answer: bytes) -> None:
        """Have done what an answer asks for; an answer that is none asks for nothing."""
        if not answer.strip():
            return
        try:
            action = read_action(parsed(answer))
        except Nonsense as nonsense:
            log.info("help_desk.answer_ignored", why=str(nonsense))
            return
        if action is not None:
            await self.act(taken.handoff, f"{taken.notice.name}:answer", action)

    async def _send(self, notice: Notice) -> Sent:
        assert self._session is not None
        body = notice.body.encode()
        headers = {
            **self.address.signer.headers(notice.name, body),
            "content-type": "application/json", "accept-encoding": "identity", "user-agent": "firstline",
        }  # fmt: skip
        post = self._session.post
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),
                post(self.address.url, data=body, headers=headers, allow_redirects=False) as response,
            ):
                return Sent(
                    response.status,
                    "it redirects" if 300 <= response.status < 400 else "",
                    await _read(response),
                    _wait_s(response.headers.get("Retry-After", "")),
                )
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return Sent(why=type(error).__name__)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Read an answer; one that is too long is left unread, and says nothing."""
    read = b""
    async for chunk in response.content.iter_chunked(16_384):
        read += chunk
        if len(read) > MOST_ANSWER:
            log.info("help_desk.answer_ignored", why="it is too long")
            response.close()
            return b""
    return read


def _wait_s(asked: str) -> float:
    return min(float(asked), LONGEST_WAIT_S) if asked.isascii() and asked.isdecimal() else 0.0
