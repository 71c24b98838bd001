"""Models that play what was recorded, and models that record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime

from evals.recording.changes import Miss
from evals.recording.fingerprint import components, fingerprint
from evals.recording.played import NOTHING, Playing, now_playing
from evals.recording.recording import RecordedSource, Recording, Tape
from evals.recording.store import Store
from graph.errors import ModelError
from graph.models import ChatModel, Done, Event, Request
from prompts import Edition


class ReplayModel:
    """Plays a trial's recordings without waiting.

    What was never recorded goes to `missing`; without one it is noted as a miss, by which `settle` makes the
    trial stale whatever the graph made of it.
    """

    def __init__(
        self, provider: str, store: Store, edition: Callable[[], Edition], missing: ChatModel | None = None
    ) -> None:
        self.provider = provider
        self._store = store
        self._edition = edition
        self._missing = missing

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Play the recording of this request."""
        played = _trial()
        mark = fingerprint(self.provider, request)
        found = self._store.find(played.case, played.number, mark)
        if self._missing is not None and (found is None or found.stop is None):
            played.store = self._store
            async with aclosing(self._missing.stream(request)) as events:
                async for event in events:
                    yield event
            return
        await asyncio.sleep(0)  # others may go on: a hundred trials are played at once
        if found is None:
            played.misses.append(self._miss(played, request))
            for event in NOTHING:
                yield event
            return
        played.calls.append(found)
        for event in found.heard():
            yield event
        if found.stop is None:
            played.misses.append(self._miss(played, request, cut=True))
        yield Done(found.stop or "end", found.usage)

    async def models(self) -> set[str]:
        """Return nothing: no vendor is asked."""
        return set()

    async def close(self) -> None:
        """Close the model that fills the gaps."""
        if self._missing is not None:
            await self._missing.close()

    def _miss(self, played: Playing, request: Request, *, cut: bool = False) -> Miss:
        parts = components(self.provider, request, self._edition())
        return Miss(played.number, parts, self._store.of(played.case), len(played.calls) + 1, cut)


class RecordingModel:
    """Passes a real model's events on and takes them down; `settle` keeps them when the trial is whole."""

    def __init__(
        self,
        model: ChatModel,
        edition: Callable[[], Edition],
        source: RecordedSource,
        store: Store | None = None,
    ) -> None:
        self.provider = model.provider
        self._model = model
        self._edition = edition
        self._source = source
        self._store = store

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Stream the real model's events."""
        played = _trial()
        played.store = self._store or played.store
        mark, edition, tape = fingerprint(self.provider, request), self._edition(), Tape()
        try:
            async with aclosing(self._model.stream(request)) as events:
                async for event in events:
                    tape.hear(event)
                    yield event
        except (ModelError, asyncio.CancelledError):
            played.faults.add(mark)
            raise
        except GeneratorExit:  # a rule has heard enough: the answer ends here
            self._take(played, mark, tape, request, edition)
            raise
        self._take(played, mark, tape, request, edition)

    def _take(self, played: Playing, mark: str, tape: Tape, request: Request, edition: Edition) -> None:
        played.fresh.add(mark)
        # They take as long as a rule does, and explain later misses alone.
        parts = components(self.provider, request, edition) if played.store else {}
        recording = Recording(
            trial=played.number,
            step=len(played.calls) + 1,
            source=self._source,
            recorded_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            fingerprint=mark,
            components=parts,
            events=tuple(tape.events),
            stop=tape.stop,
            usage=tape.usage,
            ttft_ms=tape.ttft_ms,
            total_ms=tape.total_ms,
        )
        played.calls.append(recording)

    async def models(self) -> set[str]:
        """Return what the vendor offers."""
        return await self._model.models()

    async def close(self) -> None:
        """Close the real model."""
        await self._model.close()


def _trial() -> Playing:
    played = now_playing()
    assert played is not None, "a model was asked outside of `playing(case, number)`"
    return played
