"""The shipped cases against their accepted baseline: unchanged, the keyless run is green."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from evals.commands import app
from evals.suite.suites import open_suite
from graph.settings import GraphSettings
from tests.cli import invoke

BASELINE = open_suite(GraphSettings.model_construct()).baseline("keyless")


@pytest.mark.timeout(300)
def test_the_shipped_cases_are_as_they_were_accepted(tmp_path: Path) -> None:
    if not BASELINE.exists():
        pytest.skip(f"no baseline is accepted yet: {BASELINE} is not there")
    began = time.process_time()
    ran = invoke(app, tmp_path, "run", "--out", "runs")
    assert ran.exit_code == 0, ran.stdout
    assert ran.stdout.startswith("Fine")
    assert "Flips against the baseline" not in ran.stdout
    # On the two cores that it is promised for, all cases take under a minute.
    assert time.process_time() - began < 60
