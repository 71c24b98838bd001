"""What becomes of a handoff, in whichever order the wishes arrive."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.people.changes import claimed, ended, heard, left, left_until, waiting
from bot.people.store import HANDED_BACK, RESOLVED, Handoff, HandoffStore
from graph.state_store import open_state

ASKED = Handoff("T1:D1:10.5", "U1", turn="t", since=10.0, opened_at=10.0)


def test_the_first_has_it_and_the_second_hears_so() -> None:
    first = claimed(ASKED, "U2", 11.0, hidden=True)
    assert (first.verdict, first.handoff.state, first.handoff.by) == ("done", "claimed", "U2")
    assert claimed(first.handoff, "U2", 12.0, hidden=True).verdict == "have_it"
    assert claimed(first.handoff, "U3", 12.0, hidden=True).verdict == "taken"
    assert claimed(first.handoff, "U3", 9.0, hidden=True).verdict == "late"


def test_who_writes_after_pressing_hand_back_keeps_it() -> None:
    had = heard(claimed(ASKED, "U2", 11.0, hidden=True).handoff, 14.0)
    assert ended(had, HANDED_BACK, "U2", 13.0).verdict == "late"
    assert ended(had, HANDED_BACK, "U2", 15.0).verdict == "done"


def test_what_waited_and_what_was_said_meanwhile_stays_theirs() -> None:
    had = claimed(ASKED, "U2", 11.0, hidden=True).handoff
    assert left_until(had) == 0.0
    over = ended(heard(had, 12.0), RESOLVED, "U3", 20.0).handoff
    assert (left_until(over), over.by) == (20.0, "U3")
    again = claimed(over, "U2", 30.0, hidden=False).handoff
    assert left_until(again) == 20.0
    assert left_until(ended(again, HANDED_BACK, "U2", 40.0).handoff) == 40.0


def test_resolving_twice_changes_nothing_and_who_left_has_nothing() -> None:
    over = ended(ASKED, RESOLVED, "U2", 11.0).handoff
    assert ended(over, RESOLVED, "U3", 12.0).verdict == "idle"
    had = claimed(ASKED, "U2", 11.0, hidden=True).handoff
    opened = left(had, "U2", 15.0).handoff
    assert (opened.state, opened.by, opened.opened_at) == ("open", "", 15.0)
    assert left(opened, "U2", 16.0).verdict == "idle"


def test_the_first_word_that_waits_counts_until_there_is_a_reply() -> None:
    had = claimed(ASKED, "U2", 11.0, hidden=True).handoff
    waits = waiting(waiting(had, 12.0), 13.0)
    assert (waits.customer_at, waits.heard_at) == (12.0, 13.0)
    assert heard(waits, 14.0).customer_at == 0.0


WISHES = st.lists(
    st.tuples(
        st.sampled_from(["claim", HANDED_BACK, RESOLVED]), st.sampled_from(["U2", "U3"]), st.floats(11, 99)
    ),
    max_size=12,
)


@given(WISHES)
def test_time_never_goes_back_and_at_most_one_person_has_it(wishes: list[tuple[str, str, float]]) -> None:
    known = ASKED
    for wish, who, at in wishes:
        before = known
        change = (
            claimed(known, who, at, hidden=True)
            if wish == "claim"
            else ended(known, RESOLVED if wish == RESOLVED else HANDED_BACK, who, at)
        )
        known = change.handoff
        assert known.since >= before.since
        if change.verdict != "done":
            assert known == before
        if before.state == "claimed" and known.state == "claimed":
            assert known.by == before.by
        assert known.stretches.count("- ") == 0


async def test_what_is_read_back_never_replaces_what_is_known() -> None:
    async with open_state(None) as redis:
        store = HandoffStore(redis)
        old = Handoff("T1:D1:10.5", "U1", state="claimed", by="U2", channel="C1", ts="12.5", since=12.0)
        assert await store.put_lost(old)
        assert await store.get(old.conversation) == old
        assert [each.by for each in await store.under_way()] == ["U2"]
        assert await store.of_card("C1", "12.5") == old.conversation
        assert not await store.put_lost(Handoff("T1:D1:10.5", "U1", channel="C1", ts="1.5"))
        assert await store.owner(old.conversation) == "U2"
        assert not await store.read()
        await store.mark_read()
        assert await store.read()
