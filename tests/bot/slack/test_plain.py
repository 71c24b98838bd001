"""A message reads as its writer saw it, with nothing hidden behind a label."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.plain import mentions, plain


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
        ("&amp;lt; stays as it was typed", "&lt; stays as it was typed"),
        ("ask <@U1> or <@U2|ben>", "ask @U1 or @ben"),
        ("in <#C1|returns>, <#C2|> or <#C3>", "in #returns, #C2 or #C3"),
        ("<https://shop.example/a?b=1&amp;c=2>", "https://shop.example/a?b=1&c=2"),
        ("<https://evil.example|my bank>", "my bank (https://evil.example)"),
        ("<http://shop.example|shop.example>", "shop.example"),
        ("<https://shop.example/|https://shop.example>", "https://shop.example"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("<mailto:a@b.example|write>", "write (a@b.example)"),
        ("<tel:+4912345>", "+4912345"),
        ("<!subteam^S1|@desk> and <!subteam^S2>", "@desk and @S2"),
        ("<!here|here> <!channel> <!everyone>", "@here @channel @everyone"),
        ("<!date^1764000000^{date}|24 November>", "24 November"),
        ("a <- b <> c", "a <- b <> c"),
        ("<|label>", "label"),
    ],
)
def test_what_slack_writes_becomes_what_a_person_reads(text: str, read: str) -> None:
    assert plain(text) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("<@UB> where is it?", "where is it?"),
        ("<@UB>: where is it?", "where is it?"),
        ("  <@UB|bot>, where is it?", "where is it?"),
        ("Hey <@UB>, where is it?", "Hey, where is it?"),
        ("where is it? <@UB>", "where is it?"),
        ("<@UB>", ""),
        ("<@UB2> knows <@UB>", "@UB2 knows"),
    ],
)
def test_the_bots_own_mention_is_taken_out(text: str, read: str) -> None:
    assert plain(text, "UB") == read


def test_everybody_who_is_mentioned_is_named_once() -> None:
    text = "<@U1> <@U2|ben> <@U1> <!subteam^S1|@desk> <!here> <#C1|x> <https://x.example|@U3>"
    assert mentions(text) == ("U1", "U2", "S1", "here")


@given(st.text(st.sampled_from("<>@!#|&;lt UB1^ \n"), max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    plain(text, "UB1")
    assert all(name.isalnum() for name in mentions(text))


@pytest.mark.timeout(5)
@pytest.mark.parametrize("piece", [" ", "<", "<@", "<@UB", "&", "<a|", "\t<"])
def test_a_long_text_takes_no_longer_than_its_length(piece: str) -> None:
    text = piece * 100_000
    plain(text, "UB")
    mentions(text)
