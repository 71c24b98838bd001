"""What of people's doings waits in the inbox, as items of their own kinds.

`said`, `reply` and the wishes to take over go to the front of their conversation: what waited there is left
to the person. Their `at` is a thousandth of Slack's time, which keeps their own order.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from bot.inbox import Item
from bot.slack.events import IncomingMessage
from bot.slack.items import message_item

SAID = "staff_said"
"""A colleague wrote in the customer's thread."""
REPLY = "card_reply"
"""A colleague wrote below a card: it is in the lane of the card's thread, then in the conversation."""
CHANGED = "card_changed"
"""A colleague changed or took back what they wrote below a card; takes the same way."""
CUSTOMER_CHANGED = "customer_changed"
"""The customer changed or took back what was shown below the card."""
WISH = "card_wish"
"""A shortcut used on a card or below it: the conversation is yet to be found."""
LEFT = "owner_left"
"""Whoever has the conversation is no longer among the staff."""
RETURN = "owner_silent"
"""Whoever has the conversation has been silent for too long."""
CARD = "card"
"""A card is to be posted that could not be."""
REMIND = "handoff_remind"
"""Nobody has taken a handoff for long."""
AGENT_DID = "agent_did"
"""Somebody at the help desk wants something."""
DESK_LOST = "desk_lost"
"""The help desk could not be told of something."""

KINDS = frozenset({
    SAID, REPLY, CHANGED, CUSTOMER_CHANGED, WISH, LEFT, RETURN, CARD, REMIND, AGENT_DID, DESK_LOST,
})  # fmt: skip
"""The kinds that the people's room deals with, beside `claim` and `hand_back`."""
FRONT = 1000.0


def front(item: Item) -> Item:
    """Return an item that comes before all that customers wrote."""
    return replace(item, at=item.at / FRONT)


def said_item(message: IncomingMessage, parent: str) -> Item:
    """Make the item of what a colleague wrote in a thread; `parent` began it, as far as Slack said."""
    item = message_item(message, alone=True)
    return front(replace(item, kind=SAID, body={**item.body, "parent": parent}))


def reply_item(message: IncomingMessage) -> Item:
    """Make the item of what a colleague wrote below a card."""
    item = message_item(message, alone=True)
    names = [name for name in message.mentions if name]
    return replace(item, kind=REPLY, body={**item.body, "mentions": names})


def in_lane(item: Item, channel: str, root: str) -> Item:
    """Return an item as it is in the lane of a card's thread, until its conversation is found."""
    return replace(item, body={**item.body, "channel": channel, "thread_ts": root, "lane": True})


def changed_item(kind: str, event_id: str, of: str, message: IncomingMessage | None) -> Item:
    """Make the item of a message that was changed, or taken back for None."""
    body: dict[str, Any] = {"of": of, "gone": message is None}
    if message is not None:
        body |= reply_item(message).body
    return Item(f"{event_id}:{kind}", kind, body, alone=True, received_at=time.time())


def sign_item(kind: str, name: str, body: dict[str, Any], at: float) -> Item:
    """Make the item of something that the bot itself noticed about a conversation."""
    return Item(name, kind, body, alone=True, received_at=time.time(), at=at)
