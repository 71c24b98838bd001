"""Fixtures for every test."""

import os

from tests.redis_server import redis_server

__all__ = ["redis_server"]


def pytest_xdist_auto_num_workers() -> int:
    """A process more than there are cores: many tests wait for the processes that they have started."""
    return (os.cpu_count() or 1) + 1
