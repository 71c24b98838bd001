"""A day of a support team, scene by scene; what then stands in Slack is the transcript in the README."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.sim import Reply
from evals.sim.faults import Fault
from tests.bot.slack.day import ADA, HELP, JO, MIA, ORDERS, SAM, Day, day, spoken
from tests.bot.slack.serving import DM, TEAM_CHANNEL


async def test_a_day(tmp_path: Path, redis_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.slack.control.room.LOOK_S", 0.1)
    monkeypatch.setattr("bot.control.alarms.SEEN_S", 1)
    monkeypatch.setattr("graph.models.breaker.COOL_DOWN_S", 0.2)
    async with day(tmp_path, redis_server) as today:
        await jo_asks_and_then_wants_a_person(today)
        await ada_has_a_hard_question_and_mia_joins_in(today)
        await an_answer_about_money_is_read_first(today)
        await a_vendor_is_down(today)
        await the_budget_is_spent(today)
        assert not today.wrong
        assert not today.replies, "a model was asked less often than the story tells"


async def jo_asks_and_then_wants_a_person(today: Day) -> None:
    """A direct message: the colleague answers from the card, and resolves."""
    today.model_says(
        "Circle members have 100 days from the day the last parcel arrives, everybody else 30."
        " [[How long you have to return something]]"
    )
    thread = await today.asks(JO, DM, "How many days do Circle members have to return a pair of shoes?")
    today.model_says("Jo is about to return shoes as a Circle member; the label of the parcel is torn.")
    today.says(JO, DM, "My parcel label is torn. I would like to talk to a person, please.", thread)
    card = await today.card(thread)
    today.says(SAM, TEAM_CHANNEL, "Hi Jo, Sam here. I have mailed you a new label just now.", card["ts"])
    await today.card(thread, "claimed")
    await today.passed_on("a new label", DM, thread)
    today.says(JO, DM, "That was quick, it is here. Thank you!", thread)
    await today.passed_on("That was quick", TEAM_CHANNEL, card["ts"])
    today.presses(SAM, "resolve", card)
    await today.card(thread, "resolved")
    today.write_down("A direct message", (DM, thread), (TEAM_CHANNEL, card["ts"]))


async def ada_has_a_hard_question_and_mia_joins_in(today: Day) -> None:
    """A channel: small hands over to large, a colleague writes in the thread, and gives it back."""
    today.model_passes_on("Two orders, one gift card, one return: how is it paid back?")
    today.model_says(
        "What you paid with the gift card goes back to a gift card, the rest to your card."
        " [[When your refund arrives and you have your money back]]"
    )
    thread = await today.asks(
        ADA, HELP, "I paid half with a gift card and half by card. How do I get it back?"
    )
    asked = len(today.on.vendor.requests)
    today.says(MIA, HELP, "Mia from support: I have put a note on both of your orders.", thread)
    card = await today.card(thread, "claimed")
    today.says(ADA, HELP, "Great, thanks Mia.", thread)
    await today.quiet()
    assert len(today.on.vendor.requests) == asked, "a person has the thread"
    today.presses(MIA, "hand_back", card)
    await today.card(thread, "handed_back")
    today.model_says(
        "Mia put a note on both orders, so nothing more is needed."
        " [[When your refund arrives and you have your money back]]"
    )
    await today.asks(ADA, HELP, "And how long does that refund take?", thread)
    assert "a note on both of your orders" in str(today.on.vendor.requests[-1].body["messages"])
    today.write_down("A channel", (HELP, thread), (TEAM_CHANNEL, card["ts"]))


async def an_answer_about_money_is_read_first(today: Day) -> None:
    """A draft channel: the customer sees what a person sent, and nothing before."""
    today.model_says("You get the delivery costs back. [[Do I get the delivery cost back?]]")
    thread = today.says(ADA, ORDERS, "Do I get the delivery costs back when I return everything?")
    (draft,) = await today.on.until(lambda: today.cards("bot_draft"))
    assert not today.on.answers(ORDERS)
    today.presses(SAM, "draft_edit", draft)
    await today.on.until(lambda: today.on.slack.workspace.surfaces.modals)
    changed = "Yes, the cost of standard delivery, once everything is back with us."
    today.on.slack.submit(SAM, {"text:0": changed})
    (sent,) = await today.on.until(lambda: today.on.finished(ORDERS))
    assert changed in spoken(sent)
    await today.on.until(lambda: not today.buttons(draft))
    today.write_down("A channel in which people read first", (TEAM_CHANNEL, draft["ts"]), (ORDERS, thread))


async def a_vendor_is_down(today: Day) -> None:
    """Answers become quotations, the team hears of it once, and once more when it is over."""
    today.on.vendor.script.next(*[Reply(fault=Fault("status", status=401))] * 1)
    thread = await today.asks(JO, DM, "How can I track my parcel?")
    alarm = await today.on.until(lambda: today.told("fail again and again"))
    await today.quiet()
    today.model_says(
        "Open the link in the mail that said your parcel is on its way."
        " [[Where your order is: follow your parcel]]"
    )
    again = await today.asks(JO, DM, "And where do I find the tracking number of my parcel?")
    over = await today.on.until(lambda: today.told("Over:"))
    today.write_down(
        "A vendor is down",
        (DM, thread),
        (TEAM_CHANNEL, alarm[0]["ts"]),
        (DM, again),
        (TEAM_CHANNEL, over[0]["ts"]),
    )


async def the_budget_is_spent(today: Day) -> None:
    """The team hears of it in time; then no model is asked, and whoever writes gets a person."""
    await today.spend(0.82)
    soon = await today.on.until(lambda: today.told("82 % of today's budget"))
    await today.spend(0.18)
    asked = len(today.on.vendor.requests)
    thread = await today.asks(JO, DM, "How much is express delivery?")
    card = await today.card(thread)
    assert len(today.on.vendor.requests) == asked
    today.write_down(
        "The budget is spent", (TEAM_CHANNEL, soon[0]["ts"]), (DM, thread), (TEAM_CHANNEL, card["ts"])
    )
