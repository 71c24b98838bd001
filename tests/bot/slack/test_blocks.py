"""Blocks: within Slack's limits, with buttons that say what they are about, and nobody's words as mark-up."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block as SdkBlock

from bot.slack.blocks import (
    MISSED_SHOWN,
    Card,
    CardState,
    Missed,
    answer_blocks,
    catch_up_card,
    handoff_card,
    home_view,
    mention,
    shorten,
    suggested_prompts,
    whole_blocks,
)
from graph.turn import Source
from prompts.folder import open_prompts

PHRASES = open_prompts(None).phrases
HOSTS = frozenset({"larkfield.example"})
TURN = "T1:C1:1700000000.000100"
SOURCES = [
    Source("returns/how.md", "How to return", "https://larkfield.example/returns?a=1&b=2"),
    Source("returns/late.md", "Late <returns> & more", "https://evil.com/x"),
    Source("returns/own.md", "Without an address"),
]
CARD = Card(
    conversation="T1:C1:1700000000.000100",
    customer="U012ABC",
    summary="They want <!channel> a refund, see [this](https://evil.com).",
    reason="asked for a person",
    link="https://larkfield.slack.com/archives/C1/p1700000000000100",
)
MANY = st.text(max_size=40) | st.text(alphabet="<@&>.!ac/:éé👩‍🍳 ", min_size=200, max_size=9000)


def assert_valid(blocks: list[dict[str, Any]]) -> None:
    """Let the SDK's own models check the limits, and see that ids are there once."""
    assert len(blocks) <= 50
    for block in blocks:
        model = SdkBlock.parse(block)
        assert model is not None, block
        model.validate_json()
        assert model.to_dict()["type"] == block["type"]
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    assert len(ids) == len(set(ids))
    assert all(len(name) <= 255 for name in ids)
    json.dumps(blocks, ensure_ascii=False).encode()


def buttons(blocks: list[dict[str, Any]]) -> dict[str, str]:
    """Return the value of each button by its action id."""
    elements = (element for block in blocks if block["type"] == "actions" for element in block["elements"])
    return {element["action_id"]: element["value"] for element in elements}


def below(**changes: Any) -> list[dict[str, Any]]:
    given: dict[str, Any] = {"turn_id": TURN, "sources": SOURCES, "person": True, "hosts": HOSTS, **changes}
    return answer_blocks(PHRASES, "en", **given)


def test_an_answer_has_sources_a_rating_and_a_way_to_a_person() -> None:
    blocks = below()
    assert_valid(blocks)
    assert [block["type"] for block in blocks] == ["context", "context_actions", "actions"]
    assert blocks[1]["elements"][0]["action_id"] == "rate"
    assert blocks[1]["elements"][0]["positive_button"]["value"] == f"up:{TURN}"
    assert blocks[1]["elements"][0]["negative_button"]["value"] == f"down:{TURN}"
    assert buttons(blocks) == {"person": TURN}


def test_only_sources_on_our_hosts_are_linked() -> None:
    (text,) = (element["text"] for element in below()[0]["elements"])
    assert text == (
        "Sources: <https://larkfield.example/returns?a=1&amp;b=2|How to return>"
        " · Late &lt;returns&gt; &amp; more · Without an address"
    )


def test_without_sources_and_people_only_the_rating_is_left() -> None:
    assert [block["type"] for block in below(sources=[], person=False)] == ["context_actions"]


def test_an_article_is_named_once() -> None:
    assert below(sources=SOURCES * 3)[0] == below()[0]


@pytest.mark.parametrize("language", PHRASES.languages)
def test_labels_fit_in_every_language(language: str) -> None:
    blocks = answer_blocks(PHRASES, language, turn_id=TURN, sources=SOURCES, person=True, hosts=HOSTS)
    assert_valid(blocks)
    assert "…" not in json.dumps(blocks, ensure_ascii=False)


def test_many_long_sources_and_a_long_id_stay_within_the_limits() -> None:
    sources = [
        Source(f"{number}.md", "&" * 400, f"https://larkfield.example/{'x' * 500}") for number in range(30)
    ]
    assert_valid(below(sources=sources, turn_id="x" * 900))


def test_a_title_cannot_end_its_link() -> None:
    odd = Source("a.md", "a|b> <!here> @channel evil.com", "https://larkfield.example/a")
    text = below(sources=[odd])[0]["elements"][0]["text"]
    assert text.removeprefix("Sources: ") == (
        "<https://larkfield.example/a|a/b&gt; &lt;!here&gt; @ channel [link removed]>"
    )


def test_a_whole_message_has_its_words_its_blocks_and_a_fallback() -> None:
    more = below()
    text, blocks = whole_blocks("**Yes**, in 30 days.", *more)
    assert_valid(blocks)
    assert text == "**Yes**, in 30 days."
    assert blocks == [{"type": "markdown", "text": "**Yes**, in 30 days."}, *more]


def test_a_long_message_is_cut_between_words() -> None:
    text, blocks = whole_blocks("word " * 4000)
    assert 2990 <= len(text) <= 3000
    assert 11_990 <= len(blocks[0]["text"]) <= 12_000
    assert blocks[0]["text"].endswith("word…")


def test_a_message_without_words_has_no_empty_block() -> None:
    assert whole_blocks("", *below())[1] == below()


@pytest.mark.parametrize(
    ("state", "by", "offered"),
    [("open", None, "claim"), ("claimed", "U9", "hand_back"), ("handed_back", "U9", "claim")],
)
def test_a_card_offers_what_comes_next(state: CardState, by: str | None, offered: str) -> None:
    card = Card(CARD.conversation, CARD.customer, CARD.summary, CARD.reason, CARD.link, state, by)
    for language in PHRASES.languages:
        _, blocks = handoff_card(PHRASES, language, card)
        assert_valid(blocks)
        assert buttons(blocks) == {offered: CARD.conversation}
        assert ("<@U9>" in json.dumps(blocks)) == (state == "claimed")


def test_a_card_says_who_why_and_what_and_quotes_nothing_that_works() -> None:
    text, blocks = handoff_card(PHRASES, "en", CARD)
    said = json.dumps(blocks, ensure_ascii=False)
    assert text == "A conversation needs a person: asked for a person"
    assert f"From <@U012ABC> · <{CARD.link}|Open the conversation>" in said
    assert "*Reason:* asked for a person" in said
    assert "They want &lt;!channel&gt; a refund, see [this] ([link removed])." in said


def test_a_card_without_a_summary_a_link_or_a_known_person_is_still_a_card() -> None:
    _, blocks = handoff_card(PHRASES, "en", Card("c", "B0T <!here>", " ", "r", "x|y>", "claimed", None))
    assert_valid(blocks)
    said = json.dumps(blocks)
    assert "<" not in said
    assert "Summary" not in said


@settings(max_examples=60, deadline=None)
@given(MANY, MANY, MANY)
def test_whatever_people_write_cards_stay_valid_and_harmless(one: str, other: str, link: str) -> None:
    text, blocks = handoff_card(PHRASES, "en", Card("T1:C1:1", "U1", one, other, link))
    missed_text, missed = catch_up_card(PHRASES, "en", [Missed("U1", one, link), Missed(other, other, "")])
    for said in (blocks, missed):
        assert_valid(said)
        assert "<!" not in json.dumps(said)
        assert json.dumps(said).count("<@") <= 2
    assert len(text) <= 3000
    assert "<" not in text + missed_text


def test_the_catch_up_card_lists_what_was_missed() -> None:
    entries = [Missed("U1", f"Where is parcel {number}?", CARD.link) for number in range(3)]
    text, blocks = catch_up_card(PHRASES, "en", entries)
    assert_valid(blocks)
    assert text.endswith(": 3")
    assert "<@U1>" in blocks[1]["text"]["text"]
    assert blocks[3]["text"]["text"].endswith("\nWhere is parcel 2?")


def test_a_long_list_ends_with_how_many_more_there_are() -> None:
    text, blocks = catch_up_card(PHRASES, "en", [Missed("U1", "x", "")] * (MISSED_SHOWN + 12))
    assert_valid(blocks)
    assert blocks[-1]["elements"][0]["text"] == "+ 12"
    assert text.endswith(f": {MISSED_SHOWN + 12}")


def test_the_home_tab_shows_what_may_be_asked() -> None:
    view = home_view(PHRASES, "en", ["Where is my parcel?", "<!here>"])
    assert view["type"] == "home"
    assert_valid(view["blocks"])
    assert view["blocks"][-1]["text"]["text"] == "*For example*\n• Where is my parcel?\n• &lt;!here&gt;"
    assert_valid(home_view(PHRASES, "de", [])["blocks"])


def test_prompts_are_four_at_most_with_short_titles() -> None:
    prompts = suggested_prompts(["x" * 100, "b", "c", "d", "e"])
    assert [len(prompt["title"]) for prompt in prompts] == [75, 1, 1, 1]
    assert prompts[0]["message"] == "x" * 100


@pytest.mark.parametrize("user", ["U012ABC", "W1"])
def test_a_person_is_mentioned_by_id(user: str) -> None:
    assert mention(user) == f"<@{user}>"


@pytest.mark.parametrize("user", ["", "U", "u1", "U1>", "U1\n", "!channel", "S1", "U1|x", " U1"])
def test_what_is_no_id_is_not_mentioned(user: str) -> None:
    with pytest.raises(ValueError, match="no user id"):
        mention(user)


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("one two three", 13, "one two three"),
        ("one two three", 10, "one two…"),
        ("x" * 20, 10, "xxxxxxxxx…"),
        ("a👩‍🍳👩‍🍳👩‍🍳", 6, "a👩‍🍳…"),
        ("e\u0301" * 10, 8, "e\u0301e\u0301e\u0301…"),
        ("xxxx&amp;xxxx", 8, "xxxx…"),
    ],
)
def test_a_text_is_cut_where_people_see_a_border(text: str, limit: int, short: str) -> None:
    assert shorten(text, limit) == short
