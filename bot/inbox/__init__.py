"""A durable mailbox a thread over Redis: what Slack sent waits here until a turn has answered it."""

from bot.inbox.inbox import Inbox
from bot.inbox.items import (
    FENCE_FIELD,
    MESSAGE,
    Finished,
    Item,
    Job,
    Lease,
    LeaseLost,
    Outcome,
    Placed,
    Renewed,
    Stats,
    Write,
)

__all__ = [
    "FENCE_FIELD",
    "MESSAGE",
    "Finished",
    "Inbox",
    "Item",
    "Job",
    "Lease",
    "LeaseLost",
    "Outcome",
    "Placed",
    "Renewed",
    "Stats",
    "Write",
]
