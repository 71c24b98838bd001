"""A stand-in of the vendors, and what it said to the sample's conversations."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from evals.recording.store import Store
from evals.sim import Script, Sim
from tests.evals.recording.sample import play_all, quoting, recording


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    """Both vendors, quoting."""
    async with Sim(script=Script(quoting)) as sim:
        yield sim


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of recordings of all conversations of the sample; copy it before it is changed."""
    folder = tmp_path_factory.mktemp("recorded")

    async def record() -> None:
        async with Sim(script=Script(quoting)) as sim, recording(sim, Store(folder)) as support:
            await play_all(support, "live")

    asyncio.run(record())
    return folder


@pytest.fixture
def store(recorded: Path, tmp_path: Path) -> Store:
    """Recordings of one's own."""
    return Store(shutil.copytree(recorded, tmp_path / "recordings"))
