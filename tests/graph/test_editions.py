"""Which version a conversation goes by: dealt by its name, then kept until it is withdrawn."""

from __future__ import annotations

import time

from graph.editions import GIT, Editions, Promoted, bucket
from tests.fakes import make_context, make_services, make_turn
from tests.graph.editions import edition

BASE = edition("base")
NAMES = [f"C1:{number}.0001" for number in range(2000)]


def promoted(word: str, percent: int) -> Promoted:
    return Promoted(edition(word).version, edition(word), percent)


def put(*newest_first: Promoted) -> Editions:
    editions = Editions()
    editions.put(newest_first)
    return editions


def dealt(editions: Editions) -> dict[str, str]:
    return {name: editions.of(name, None, BASE)[0] for name in NAMES}


def test_without_anything_promoted_all_go_by_git() -> None:
    assert Editions().of("c", None, BASE) == (GIT, BASE)
    assert Editions().of("c", "withdrawn", BASE) == (GIT, BASE)


def test_a_share_of_new_conversations_gets_it_and_every_process_deals_alike() -> None:
    one, other = dealt(put(promoted("a", 20))), dealt(put(promoted("a", 20)))
    assert one == other
    share = sum(version != GIT for version in one.values()) / len(NAMES)
    assert 0.16 < share < 0.24


def test_a_growing_share_keeps_the_conversations_that_it_had() -> None:
    few, many = dealt(put(promoted("a", 5))), dealt(put(promoted("a", 50)))
    assert {name for name in NAMES if few[name]} < {name for name in NAMES if many[name]}


def test_two_versions_are_dealt_to_different_conversations() -> None:
    a, b = dealt(put(promoted("a", 20))), dealt(put(promoted("b", 20)))
    both = sum(bool(a[name] and b[name]) for name in NAMES) / len(NAMES)
    assert both < 0.1


def test_a_conversation_stays_with_what_it_began_under_whatever_the_share() -> None:
    version = promoted("a", 5).name
    for percent in (5, 60, 5):
        editions = put(promoted("a", percent))
        assert {editions.of(name, version, BASE)[0] for name in NAMES} == {version}
        assert {editions.of(name, GIT, BASE)[0] for name in NAMES} == {GIT}


def test_what_is_for_everybody_is_for_open_conversations_too() -> None:
    editions = put(promoted("a", 100))
    assert editions.of("c", GIT, BASE) == (edition("a").version, edition("a"))


def test_a_withdrawn_version_leaves_its_conversations_to_what_is_behind_it() -> None:
    gone = edition("b").version
    assert put(promoted("a", 100)).of("c", gone, BASE)[1] == edition("a")
    assert put(promoted("b", 20), promoted("a", 100), promoted("c", 100)).promoted == (
        promoted("b", 20),
        promoted("a", 100),
    )


def test_the_rest_beside_a_share_goes_by_the_one_behind_it() -> None:
    editions = put(promoted("b", 20), promoted("a", 100))
    a, b = edition("a").version, edition("b").version
    assert set(dealt(editions).values()) == {a, b}
    assert editions.of("c", a, BASE)[0] == a
    assert editions.of("c", b, BASE)[0] == b


def test_a_name_may_hold_half_a_character() -> None:
    assert 0 <= bucket("salt", "\ud800") < 100


def test_the_version_costs_a_turn_next_to_nothing() -> None:
    """Under 20 microseconds is wanted; the limit here leaves room for a busy machine."""
    services = make_services()
    services.editions.put([promoted("a", 50)])
    contexts = [make_context(make_turn(conversation=name), services) for name in NAMES]
    times = []
    for context in contexts:
        began = time.perf_counter()
        context.keep_to(None)
        times.append(time.perf_counter() - began)
    assert sorted(times)[len(times) // 2] < 20e-6
