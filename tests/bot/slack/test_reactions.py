"""Ratings by emoji: which count, whose they are, and what is left when some are taken away."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.reactions import RATINGS, Reactions, rating_of, ratings_of, who
from graph.errors import StateError


@pytest.mark.parametrize(
    ("name", "thumb"),
    [
        ("+1", "up"),
        ("+1::skin-tone-3", "up"),
        ("thumbsup", "up"),
        ("thumbs_up", "up"),
        (":heart:", "up"),
        ("-1", "down"),
        ("thumbsdown::skin-tone-6", "down"),
        ("eyes", None),
        ("", None),
        ("::", None),
    ],
)
def test_which_emoji_are_ratings(name: str, thumb: str | None) -> None:
    assert rating_of(name) == thumb


def test_a_map_of_ones_own_takes_aliases_too() -> None:
    own = ratings_of(["thumbsup", ":rocket:"], ["eyes"])
    assert own == {"+1": "up", "rocket": "up", "eyes": "down"}
    assert rating_of("+1::skin-tone-2", own) == "up"
    assert rating_of("heart", own) is None


def test_askers_staff_and_bystanders_are_told_apart() -> None:
    assert who("U1", "U1", {"U2"}) == "asker"
    assert who("U2", "U1", {"U2"}) == "staff"
    assert who("U3", "U1", {"U2"}) == "bystander"
    assert who("U2", "U2", {"U2"}) == "asker"


def test_the_one_added_last_counts_and_taking_it_away_falls_back() -> None:
    both = Reactions().add("+1", 1.0).add("-1", 2.0)
    assert both.thumb == "down"
    assert both.remove("-1", 3.0).thumb == "up"
    assert both.remove("+1", 3.0).thumb == "down"
    assert both.remove("-1", 3.0).remove("+1", 4.0).thumb is None


def test_taking_one_skin_tone_away_leaves_the_other() -> None:
    two = Reactions().add("+1::skin-tone-2", 1.0).add("+1::skin-tone-5", 2.0)
    assert two.remove("+1::skin-tone-5", 3.0).thumb == "up"
    assert two.remove("thumbsup::skin-tone-5", 3.0).remove("+1::skin-tone-2", 4.0).thumb is None


def test_adding_it_again_counts_again() -> None:
    assert Reactions().add("+1", 1.0).add("-1", 2.0).remove("+1", 3.0).add("+1", 4.0).thumb == "up"


def test_what_is_no_rating_is_not_kept() -> None:
    assert Reactions().add("eyes", 1.0) == Reactions()


def test_it_can_be_kept_as_text() -> None:
    some = Reactions().add("+1::skin-tone-2", 1.5).add("x", 2.5).remove("x", 3.5)
    assert Reactions.from_json(some.to_json()) == some


@pytest.mark.parametrize("text", ["", "{", "3", '["+1"]', '[["+1", "now", true]]', '[["+1", 1.0]]'])
def test_broken_text_is_named(text: str) -> None:
    with pytest.raises(StateError, match="cannot be read"):
        Reactions.from_json(text)


EVENTS = st.lists(
    st.tuples(st.sampled_from(["+1", "+1::skin-tone-2", "-1", "heart"]), st.booleans()), max_size=8
)


@given(EVENTS, st.randoms(use_true_random=False))
def test_the_order_in_which_events_come_and_their_repetition_do_not_matter(
    events: list[tuple[str, bool]], random: Random
) -> None:
    timed = [(name, float(at), added) for at, (name, added) in enumerate(events, 1)]
    shuffled = [*timed, *timed]
    random.shuffle(shuffled)
    assert after(shuffled).thumb == after(timed).thumb == by_hand(timed)


def after(events: list[tuple[str, float, bool]]) -> Reactions:
    left = Reactions()
    for name, at, added in events:
        left = left.add(name, at) if added else left.remove(name, at)
    return left


def by_hand(events: list[tuple[str, float, bool]]) -> str | None:
    there: dict[str, float] = {}
    for name, at, added in events:
        there.pop(name, None)
        if added:
            there[name] = at
    return RATINGS[max(there, key=lambda name: there[name]).partition("::")[0]] if there else None
