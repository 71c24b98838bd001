"""Satisfaction: buttons and emoji under an answer, joined to its turn by (channel, ts)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from redis.asyncio import Redis

from bot.conversation import Conversations
from bot.inbox import FENCE_FIELD, Inbox, Item, Job
from bot.slack.api import Slack, SlackFault
from bot.slack.channels import Channels
from bot.slack.handoff import Handoffs
from bot.slack.reactions import Reactions, who
from graph.state_store import ask, text_of
from graph.turn import Fence, Thumb

log = structlog.get_logger()

KEEP_S = 30 * 86_400
"""How long is known who left which emoji: as long as which turn a message belongs to."""
THUMBS: Mapping[str, Thumb] = {"up": "up", "down": "down"}


@dataclass(slots=True)
class Ratings:
    """Joins what people think of an answer to its turn; a person's latest word on a message counts."""

    conversations: Conversations
    inbox: Inbox
    redis: Redis
    slack: Slack
    channels: Channels
    handoffs: Handoffs

    async def pressed(self, job: Job, body: Mapping[str, Any]) -> None:
        """Take a press on a rating button, and thank for it where only the presser sees it."""
        value, _, _turn = str(body["value"]).partition(":")
        about = await self.inbox.answer(f"{body['channel']}:{body['ts']}")
        if about is None or value not in THUMBS:
            log.info("rating.unknown", channel=body["channel"])
            return
        person = str(body["user"])
        await self.conversations.rate(
            about["turn"], about["thread"], THUMBS[value], person=person,
            who=who(person, about["asker"], await self.handoffs.staff()),
            via="button", at=float(body["at"]), fence=_fence(job),
        )  # fmt: skip
        await self._thank(body, about["language"])

    async def reacted(self, job: Job, item: Item) -> None:
        """Take an emoji that was added or taken away; one under a message not yet known waits for it."""
        body = item.body
        key = f"{body['channel']}:{body['ts']}"
        about = await self.inbox.answer(key)
        if about is None:
            await self.inbox.keep_early(key, item)
            return
        if about["thread"] != job.thread:
            # It came before the answer was known: from here on it goes where the conversation's lease is.
            await self.inbox.put(about["thread"], item, keys=(f"r:{item.id}",), take=False)
            return
        person = str(body["user"])
        thumb = await self._thumb(key, person, body)
        await self.conversations.rate(
            about["turn"], about["thread"], thumb, person=person,
            who=who(person, about["asker"], await self.handoffs.staff()),
            via="reaction", at=float(body["at"]), fence=_fence(job),
        )  # fmt: skip

    async def _thumb(self, key: str, person: str, body: Mapping[str, Any]) -> Thumb | None:
        """Return what a person's emoji under a message come to by now."""
        name = f"{self.inbox.prefix}reactions:{key}"
        kept = await ask(self.redis.hget(name, person))
        ratings = self.channels.ratings
        before = Reactions.from_json(text_of(kept), ratings) if kept else Reactions(ratings=ratings)
        change = before.add if body["added"] else before.remove
        after = change(str(body["name"]), float(body["at"]))
        async with self.redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(name, person, after.to_json())
            pipeline.expire(name, KEEP_S)
            await ask(pipeline.execute())
        return after.thumb

    async def _thank(self, body: Mapping[str, Any], language: str) -> None:
        say = self.conversations.app.support.services.prompts.phrases.say
        try:
            await self.slack.call(
                "chat.postEphemeral",
                channel=body["channel"],
                user=body["user"],
                thread_ts=body["thread_ts"],
                text=say("rating_thanks", language),
            )
        except SlackFault as fault:
            log.info("slack.skipped", method=fault.method, why=fault.why)


def _fence(job: Job) -> Fence:
    return Fence(job.fence_key, FENCE_FIELD, str(job.fence))
