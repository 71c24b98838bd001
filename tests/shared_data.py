"""Public data sets that are not part of the project."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = (Path(__file__).parents[1] / "../shared/data").resolve()


def shared_data(name: str) -> Path:
    """Return a file or folder beside the project, in `shared/data`; skips the test where it is missing."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"needs the public data set {name} in {SHARED}, which is not there")
    return path
