"""A stand-in for Slack over real HTTP and WebSockets: Web API, Socket Mode and signed requests.

`async with SlackSim() as slack:` listens; give an SDK `slack.api_url` and the tokens of `slack.settings`.
"""

from __future__ import annotations

from evals.sim.slack.calls import Call
from evals.sim.slack.delivery import Delivery
from evals.sim.slack.faults import SlackFault
from evals.sim.slack.refusal import Refusal
from evals.sim.slack.server import SlackSim, serve
from evals.sim.slack.settings import SlackSettings
from evals.sim.slack.shapes import SentFile
from evals.sim.slack.workspace import Workspace

__all__ = [
    "Call",
    "Delivery",
    "Refusal",
    "SentFile",
    "SlackFault",
    "SlackSettings",
    "SlackSim",
    "Workspace",
    "serve",
]
