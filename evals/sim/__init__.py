"""Stand-ins for both vendors' APIs over real HTTP.

`async with Sim() as sim:` listens; give an SDK `sim.anthropic_url` or `sim.openai_url` and the key `sim-key`.
"""

from __future__ import annotations

from evals.sim.faults import FAULTS, Fault
from evals.sim.script import DefaultRule, Reply, Script, ToolUse
from evals.sim.server import Sim, serve
from evals.sim.settings import Record, Settings

__all__ = [
    "FAULTS",
    "DefaultRule",
    "Fault",
    "Record",
    "Reply",
    "Script",
    "Settings",
    "Sim",
    "ToolUse",
    "serve",
]
