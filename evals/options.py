"""Options that several commands take, and the settings that all of them read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from graph.log import configure_log
from graph.settings import GraphSettings, graph_settings

Cases: TypeAlias = Annotated[
    Path | None, typer.Option("--cases", metavar="DIR", help="Your cases, a folder or one file.")
]
Only: TypeAlias = Annotated[
    list[str] | None, typer.Option(metavar="ID|TAG", help="Only this case or tag; may be given again.")
]
Replay: TypeAlias = Annotated[bool, typer.Option("--replay", help="Play recorded answers; spends nothing.")]
Live: TypeAlias = Annotated[bool, typer.Option("--live", help="Ask the vendors; needs --budget.")]
Usd: TypeAlias = Annotated[
    float | None, typer.Option("--budget", min=0, metavar="USD", help="What may be spent at most.")
]
Record: TypeAlias = Annotated[
    bool, typer.Option("--record", help="With --live: keep the answers; ask only for those not kept yet.")
]
Own: TypeAlias = Annotated[
    bool, typer.Option("--own-server", help="The base URL is a real model's, not a stand-in's.")
]


def read_settings(least: str = "warning") -> GraphSettings:
    """Read the environment and start the log; unless LOG_LEVEL says otherwise, only what is wrong is said.

    A vendor's fault is part of what a trial came to, and said there once for all.
    """
    settings = graph_settings()
    level, without = settings.log_level or least, () if settings.log_level else ("graph.models.asking",)
    configure_log(
        format=settings.log_format, level=level, log_text=settings.log_text, secrets=settings.secrets,
        without=without,
    )  # fmt: skip
    return settings
