"""Who does the work: takes jobs from the inbox, keeps their leases, and lets go of what it lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

import structlog

from bot.inbox import Inbox, Job, LeaseLost
from bot.metrics import Metrics
from graph.errors import FirstlineError, StateError, Superseded
from graph.tasks import end

log = structlog.get_logger()

POLL_S = 0.5
"""How often is looked for what nobody handed over: reclaimed, delayed, or left by a process that is full."""
AWAY_S = 0.25
"""How often a Redis that is away is tried again."""
SUSPECT_FROM = 3
"""From this delivery on a job may be what ends the processes that take it."""
RETRY_S = (2.0, 10.0, 30.0, 60.0)
"""How long a job that failed waits before each further delivery."""


@dataclass(slots=True, eq=False)
class Lease:
    """The right to work on one job; nothing may be done in its name after it is lost."""

    job: Job
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the customer stops the answer."""
    lost: bool = False
    done: bool = False
    """Whether the job was finished: whatever fails after that, it is not to be done again."""
    _renewed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def left_s(self) -> float:
        """How long the lease certainly lasts."""
        return 0.0 if self.lost else self.job.lease_until - time.monotonic()

    async def cover(self, seconds: float) -> None:
        """Wait until the lease outlasts what takes this long; raises LeaseLost when it never will.

        A call to Slack that begins only then has landed, or failed, before a successor may look.
        """
        while self.left_s < seconds:
            if self.lost:
                raise LeaseLost(self.job.thread)
            self._renewed.clear()
            await self._renewed.wait()

    def update(self, job: Job) -> None:
        """Take over what the inbox knows of the job by now."""
        until = max(job.lease_until, self.job.lease_until)
        self.job = replace(job, lease_until=until)

    def renewed(self, until: float, stop: str | None) -> None:
        """Take over until when the lease lasts by now."""
        self.job = replace(self.job, lease_until=until)
        if stop:
            self.stop.set()
        self._renewed.set()

    def end(self) -> None:
        """Take over that the job is another's now."""
        self.lost = True
        self._renewed.set()


class Again(FirstlineError):
    """The job cannot be done now; it is put back and tried again later."""


Handle = Callable[[Lease], Awaitable[Job | None]]
"""Deals with a job to its end; returns the next one of its thread where finishing handed it out."""


@dataclass(slots=True)
class Workers:
    """Works on many threads at once, on one job of each."""

    inbox: Inbox
    handle: Handle
    lease_s: float
    at_once: int
    metrics: Metrics
    leases: dict[str, Lease] = field(default_factory=dict)
    """The jobs under way, by thread."""
    started: bool = False
    """Until then this process begins nothing: what it is sent is there for others."""
    draining: bool = False
    busy: Callable[[], int] | None = None
    """Counts the jobs under way in all of the process, where it has several inboxes."""
    reachable: bool = True
    """Whether Redis answered when it was last asked."""
    _suspects: dict[str, float] = field(default_factory=dict)
    """Until when nothing else is taken beside a thread's job."""
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _loops: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        """Begin to look for work, and to renew leases."""
        self.started = True
        self._loops = [
            asyncio.create_task(self._forever(self._take_all, POLL_S)),
            asyncio.create_task(self._forever(self._renew_all, self.lease_s / 3)),
            asyncio.create_task(self._forever(self.hear_stops, POLL_S)),
        ]

    def offer(self, job: Job) -> None:
        """Work on a job that was leased to this process."""
        if self.draining or job.thread in self._tasks:
            # Nobody begins it here: its lease ends, and it is taken up then.
            log.info("job.left", thread=job.thread)
            return
        task = asyncio.create_task(self._work(job))
        self._tasks[job.thread] = task
        task.add_done_callback(lambda done: self._ended(job.thread, done))

    def _ended(self, thread: str, task: asyncio.Task[None]) -> None:
        self._tasks.pop(thread, None)
        self._suspects.pop(thread, None)
        self.leases.pop(thread, None)
        if not task.cancelled() and (fault := task.exception()):
            log.error("worker.failed", thread=thread, exc_info=fault)

    def stop(self, thread: str) -> bool:
        """Stop the answer that is under way here; False where there is none."""
        lease = self.leases.get(thread)
        if lease:
            lease.stop.set()
        return lease is not None

    @property
    def room(self) -> bool:
        """Whether another job can be begun."""
        under_way = self.busy() if self.busy else self.under_way
        return self.started and not self.draining and under_way < self.at_once

    @property
    def under_way(self) -> int:
        """How many jobs are under way here."""
        return len(self._tasks)

    async def drain(self, within_s: float) -> int:
        """Begin nothing, let what is under way come to its end, then give the rest back; returns how many."""
        self.draining = True
        if self._tasks:
            await asyncio.wait(set(self._tasks.values()), timeout=within_s)
        left = dict(self.leases)
        await end(*self._tasks.values())
        for lease in left.values():
            with suppress(StateError, LeaseLost):
                await self.inbox.release(lease.job)
        await end(*self._loops)
        return len(left)

    async def _work(self, first: Job) -> None:
        job: Job | None = first
        while job is not None:
            lease = Lease(job)
            if job.stop:
                lease.stop.set()
            self.leases[job.thread] = lease
            job = await self._one(lease)
            if job is not None and self.draining:
                with suppress(StateError, LeaseLost):
                    await self.inbox.release(job)
                return

    async def _one(self, lease: Lease) -> Job | None:
        try:
            return await self.handle(lease)
        except (LeaseLost, Superseded):
            self.metrics.lease_lost()
            log.warning("lease.lost", thread=lease.job.thread, turn=lease.job.turn)
        except Again as again:
            log.warning("job.again", thread=lease.job.thread, turn=lease.job.turn, why=str(again))
            await self._again(lease, self._delay(lease.job))
        except StateError as error:
            log.warning("job.interrupted", thread=lease.job.thread, turn=lease.job.turn, why=str(error))
            await self._again(lease, 0.0)
        except asyncio.CancelledError:
            if not lease.lost:
                raise
            log.warning("lease.lost", thread=lease.job.thread, turn=lease.job.turn)
        except Exception:  # the job's boundary: whatever goes wrong, it is tried again and then given up
            log.exception("job.failed", thread=lease.job.thread, turn=lease.job.turn)
            await self._again(lease, self._delay(lease.job))
        return None

    @staticmethod
    def _delay(job: Job) -> float:
        return RETRY_S[min(job.deliveries, len(RETRY_S)) - 1]

    async def _again(self, lease: Lease, delay_s: float) -> None:
        """Put a job back, as soon as Redis takes it."""
        while not lease.lost and not lease.done:
            try:
                await self.inbox.retry(lease.job, delay_s)
            except StateError:
                await asyncio.sleep(AWAY_S)
            except LeaseLost:
                return
            else:
                return

    async def _forever(self, look: Callable[[], Awaitable[None]], every_s: float) -> None:
        """Look again and again; what goes wrong once must not leave the process deaf."""
        while True:
            wait = every_s
            try:
                await look()
                self.reachable = True
            except StateError as error:
                if self.reachable:
                    log.warning("redis.away", why=str(error))
                self.reachable = False
                # A lease that is about to end is worth asking for often.
                wait = AWAY_S
            except Exception:  # the loop's boundary: without it, nothing would be taken or renewed any more
                log.exception("worker.look_failed")
            await asyncio.sleep(wait)

    async def _take_all(self) -> None:
        while self.room and not self._wary and (job := await self.inbox.take()):
            self.offer(job)
            if job.deliveries >= SUSPECT_FROM and job.thread in self._tasks:
                self._suspects[job.thread] = time.monotonic() + self.lease_s

    @property
    def _wary(self) -> bool:
        """Whether a suspect is under way here, lately begun: what is taken now would share its fate."""
        now = time.monotonic()
        return any(until > now for until in self._suspects.values())

    async def hear_stops(self) -> None:
        """Hear soon of an answer that is to stop, also where another process was told."""
        leases = [lease for lease in self.leases.values() if not lease.stop.is_set()]
        if not leases:
            return
        asked = await self.inbox.stopped_by(*(lease.job for lease in leases))
        for lease, by in zip(leases, asked, strict=True):
            if by:
                lease.stop.set()

    async def _renew_all(self) -> None:
        leases = dict(self.leases)
        renewed = await self.inbox.renew([lease.job for lease in leases.values()])
        for thread, lease in leases.items():
            if found := renewed.leases.get(thread):
                lease.renewed(found.until, found.stop)
            elif thread in renewed.lost and self.leases.get(thread) is lease:
                lease.end()
                self._tasks[thread].cancel()
