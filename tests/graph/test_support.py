"""What opening the bot takes, and whose things it closes."""

from __future__ import annotations

from graph.settings import GraphSettings
from graph.state_store import open_state
from graph.support import SAMPLE_SHOP, open_support
from tests.graph.turns.talking import say, settings_for


def keyless(redis: str | None = None) -> GraphSettings:
    """Make settings without a vendor."""
    return settings_for(None, anthropic=None, openai=None, redis=redis)


async def test_a_client_that_is_given_is_used_and_left_open() -> None:
    """The process has one client, whoever needs it."""
    async with open_state(None) as redis:
        async with open_support(keyless(), knowledge=SAMPLE_SHOP, redis=redis) as support:
            await say(support, "I want to talk to a human agent")
        assert await redis.exists("{bot}:conv:c1")
    # It was opened elsewhere, so an address that leads nowhere does not matter.
    async with (
        open_state(None) as redis,
        open_support(keyless("redis://127.0.0.1:1"), knowledge=SAMPLE_SHOP, redis=redis) as support,
    ):
        assert (await say(support)).text


async def test_whether_a_person_is_there_is_asked_turn_by_turn() -> None:
    """There now, and not a minute later: no phrase promises who is not there."""
    there = True
    async with open_support(keyless(), knowledge=SAMPLE_SHOP, people=lambda: there) as support:
        now = await say(support, "I want to talk to a human agent")
        there = False
        later = await say(support, "I want to talk to a human agent", id="t2", conversation="c2")
        phrases = support.services.prompts.phrases
    assert now.text == phrases.say("handoff_asked", "en")
    assert later.text == phrases.say("handoff_asked_nobody", "en")


async def test_without_anybody_saying_so_no_person_is_there() -> None:
    """Promising nobody is the default."""
    async with open_support(keyless(), knowledge=SAMPLE_SHOP) as support:
        heard = await say(support, "I want to talk to a human agent")
        assert heard.text == support.services.prompts.phrases.say("handoff_asked_nobody", "en")
