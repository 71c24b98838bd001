"""Where in Redis a tenant's things lie: no key of one is a key of another.

{bot}:<tenant>:...   what belongs to one workspace
{bot}:...            what belongs to all of them: prompts, the budget, the switch of whoever runs the bot; the
                     conversations and the ledger, whose ids begin with the workspace
"""

from __future__ import annotations

PREFIX = "{bot}:"
"""One hash tag, so that a cluster keeps everything in one place and scripts may touch several keys."""


def prefix_of(tenant: str) -> str:
    """Return what a tenant's keys begin with; with none, what everybody's do."""
    return f"{PREFIX}{tenant}:" if tenant else PREFIX
