"""A day of a support team, scene by scene; what then stands in Slack is the transcript in the README."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evals.sim import Reply
from evals.sim.faults import Fault
from tests.bot.slack.day import ADA, HELP, JO, LEE, MIA, ORDERS, PARTNERS, SAM, Day, day, spoken
from tests.bot.slack.serving import DM, TEAM_CHANNEL


async def test_a_day(tmp_path: Path, redis_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.slack.control.room.LOOK_S", 0.1)
    monkeypatch.setattr("bot.control.alarms.SEEN_S", 1)
    monkeypatch.setattr("graph.models.breaker.COOL_DOWN_S", 0.2)
    async with day(tmp_path, redis_server) as today:
        await jo_asks_and_then_wants_a_person(today)
        await ada_has_a_hard_question_and_mia_joins_in(today)
        await lee_of_another_company_asks(today)
        await an_answer_about_money_is_read_first(today)
        await a_vendor_is_down(today)
        await the_budget_is_spent(today)
        await nobody_is_there_any_more(today)
        assert not today.wrong
        assert not today.replies, "a model was asked less often than the story tells"
    told = "\n\n".join(today.pages)
    (tmp_path / "day.txt").write_text(told, encoding="utf-8")
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    assert told in readme, f"the README tells another day: put {tmp_path / 'day.txt'} there"


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
    today.write_down("A question in direct messages, then a person", (DM, thread), (TEAM_CHANNEL, card["ts"]))


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
    today.write_down(
        "A hard question in a channel; a colleague joins in, and gives it back",
        (HELP, thread),
        (TEAM_CHANNEL, card["ts"]),
    )


async def lee_of_another_company_asks(today: Day) -> None:
    """A channel shared with another company: what is for colleagues alone is not even looked at."""
    today.model_says("Partners get 18 % on everything that is not on sale. [[What partners get]]")
    ours = await today.asks(ADA, HELP, "What discount do our partners get?")
    today.model_says("I don't know what discount partners get. Shall I bring in a colleague?")
    theirs = await today.asks(LEE, PARTNERS, "What discount do your partners get?")
    assert "18 %" not in json.dumps(today.on.vendor.requests[-1].body, ensure_ascii=False)
    today.model_says("Lee wants to know what discount partners get.")
    today.on.slack.press(LEE, PARTNERS, today.on.finished(PARTNERS)[-1]["ts"], "person")
    card = await today.card(theirs)
    today.says(MIA, TEAM_CHANNEL, "Hello Lee, I am sending you our price list.", card["ts"])
    await today.passed_on("price list", PARTNERS, theirs)
    today.presses(MIA, "resolve", card)
    await today.card(theirs, "resolved")
    today.write_down(
        "A colleague and somebody of another company ask the same",
        (HELP, ours),
        (PARTNERS, theirs),
        (TEAM_CHANNEL, card["ts"]),
    )


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


async def nobody_is_there_any_more(today: Day) -> None:
    """After hours nobody is promised a person now; the card waits for the morning."""
    await today.closes()
    thread = today.says(JO, DM, "I need to talk to a person about the address of my order.")
    card = await today.card(thread)
    await today.passed_on("Nobody is there right now: we are back tomorrow at 09:00", DM, thread)
    today.write_down("After hours", (DM, thread), (TEAM_CHANNEL, card["ts"]))
