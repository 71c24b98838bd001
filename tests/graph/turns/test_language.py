"""Customers read their own language, and the word index does not judge what it cannot read."""

from __future__ import annotations

import pytest

from evals.sim import FAULTS, Reply, Sim
from graph.support import Support
from tests.graph.turns.talking import ESCALATES, Vendor, open_bot, say, sent, state_of

FOREIGN = {
    "de": "Wie lange habe ich Zeit, um die Schuhe zurückzuschicken?",
    "fr": "Combien de temps ai-je pour vous renvoyer les chaussures ?",
    "es": "¿Cuánto tiempo tengo para devolver los zapatos que compré?",
}
ANSWER = "Sie haben dreißig Tage [1]."


@pytest.fixture
def vendor() -> Vendor:
    """One is enough: the vendors' adapters have no part in this."""
    return "anthropic"


@pytest.mark.parametrize(("language", "text"), FOREIGN.items(), ids=FOREIGN)
async def test_a_foreign_question_goes_to_the_small_model(
    language: str, text: str, bot: Support, sim: Sim
) -> None:
    """No English word covers it, which says nothing: the model is not told that no article does."""
    sim.script.next(Reply("Ja."))
    heard = await say(bot, text)
    state = await state_of(bot)
    assert state["language"] == heard.record.language == language
    assert state["unknown"] is False
    assert (heard.record.route.tier, heard.record.outcome) == ("small", "answered")
    assert len(sim.requests) == 1
    assert bot.services.prompts.edition.notes.say("not_covered", "en") not in sent(sim.requests[0])
    assert f"`{language}`" in sent(sim.requests[0])


async def test_an_english_question_that_nothing_covers_is_told_to_the_model(bot: Support, sim: Sim) -> None:
    """The small model is told, and the same word index judges this one."""
    sim.script.next(Reply("I do not know that."))
    heard = await say(bot, "Why is the sky so blue over Jupiter's third moon?")
    assert bot.services.prompts.edition.notes.say("not_covered", "en") in sent(sim.requests[0])
    assert heard.record.route.tier == "small"


async def test_a_german_customer_reads_german_phrases(bot: Support, sim: Sim) -> None:
    """While the large model looks, and when a person comes."""
    say_ = bot.services.prompts.phrases.say
    sim.script.next(Reply(tools=(ESCALATES,)), Reply("Bis Freitag."), Reply("Zusammenfassung."))
    first = await say(bot, FOREIGN["de"])
    assert first.escalations[0].said == say_("closer_look", "de")
    second = await say(bot, "Ich möchte mit einem Menschen sprechen.", id="t2")
    assert second.record.outcome == "handed_off"
    assert second.text == say_("handoff_asked", "de")


async def test_the_language_of_the_conversation_stands_where_a_message_says_too_little(
    bot: Support, sim: Sim
) -> None:
    """`ok`, an emoji or nothing is German after German."""
    sim.script.next(Reply("Ja."))
    await say(bot, FOREIGN["de"])
    heard = await say(bot, "🎉", id="t2")
    assert heard.text == bot.services.prompts.phrases.say("no_words", "de")


async def test_a_foreign_question_whose_models_are_down_goes_to_a_person(bot: Support, sim: Sim) -> None:
    """English quotations that the word index chose by chance would be no answer."""
    sim.script.rule = lambda _vendor, _body: Reply(fault=FAULTS["http_529"])
    heard = await say(bot, FOREIGN["de"])
    assert heard.record.outcome == "handed_off"
    assert heard.text == bot.services.prompts.phrases.say("handoff", "de")


async def test_a_foreign_question_without_a_key_goes_to_a_person() -> None:
    """There is no model to read the articles for the customer."""
    async with open_bot(None, None) as bot:
        heard = await say(bot, FOREIGN["de"])
        assert heard.record.outcome == "handed_off"
        assert heard.text == bot.services.prompts.phrases.say("handoff", "de")


async def test_a_language_without_phrases_falls_back_to_english(bot: Support) -> None:
    """A sentence of ours is English then."""
    await say(bot, "Хочу поговорить с живым человеком, пожалуйста, у меня вопрос про обувь")
    heard = await say(bot, "🎉", id="t2")
    assert heard.record.language == "ru"
    assert heard.text == bot.services.prompts.phrases.say("no_words", "en")
