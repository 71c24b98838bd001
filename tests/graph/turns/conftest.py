"""The stand-ins on a free port, and a bot over each vendor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from evals.sim import Settings, Sim
from graph.support import Support
from tests.graph.turns.talking import VENDORS, Vendor, make_home, open_bot


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    """Both vendors, which keep prompts of 512 tokens or more in their caches."""
    async with Sim(Settings(cache_min_tokens=512)) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An adopter's folder with generous deadlines."""
    return make_home(tmp_path / "home")


@pytest.fixture(params=VENDORS)
def vendor(request: pytest.FixtureRequest) -> Vendor:
    """Each vendor in turn."""
    found: Vendor = request.param
    return found


@pytest.fixture
async def bot(home: Path, sim: Sim, vendor: Vendor) -> AsyncIterator[Support]:
    """A bot that has this vendor's key alone."""
    async with open_bot(home, sim, [vendor]) as support:
        yield support
