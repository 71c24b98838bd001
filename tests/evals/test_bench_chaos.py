"""The judge of `evals bench chaos`, on histories that are made up: it must see all that can go wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.bench.chaos_checker import check
from evals.bench.chaos_history import Asked, History, Posted, Recorded, Said, Shown, Trouble
from evals.bench.chaos_script import ChaosRule, answer_to, nonces_in

THREAD = "D1:1.0"


def message(number: int) -> str:
    return f"T0SIM:D1:{number}.000000"


def nonce(number: int) -> str:
    return "zqaaaaaaa" + "abcdefghij"[number]


def shown(number: int, *messages: int, ts: str = "") -> Shown:
    text = answer_to(tuple(nonce(one) for one in messages))
    names = tuple(message(one) for one in messages)
    return Shown(THREAD, ts or f"{number}.500000", f"turn-{number}", names, text, closed_at=number + 0.9)


def history() -> History:
    """A run in which all is well: three messages, the last two answered as one."""
    said = [Said(message(n), THREAD, nonce(n), at=float(n), accepted_at=n + 0.1) for n in (1, 2, 3)]
    answers = [shown(1, 1), shown(3, 2, 3)]
    return History(
        said=said,
        shown=answers,
        posted=[Posted(THREAD, one.ts, float(one.ts)) for one in answers],
        recorded=[Recorded(one.turn, one.messages, "answered") for one in answers],
        words_at={nonce(1): 1.5, nonce(2): 3.5, nonce(3): 3.5},
    )


def wrong(run: History) -> dict[str, list[str]]:
    found = check(run)
    kinds = ("lost", "doubled", "unnamed", "misordered", "streaming", "torn", "unrecorded")
    return {kind: getattr(found, kind) for kind in kinds if getattr(found, kind)}


def test_nothing_is_found_where_all_is_well() -> None:
    assert wrong(history()) == {}
    assert check(history()).accepted == 3


def test_an_accepted_message_without_an_answer_is_lost() -> None:
    run = history()
    del run.shown[1]
    assert wrong(run)["lost"] == [message(2), message(3)]


def test_what_slack_could_not_deliver_is_lost_only_where_catching_up_was_to_find_it() -> None:
    run = history()
    run.said.append(Said(message(4), THREAD, nonce(4), at=4.0))
    assert wrong(run) == {}
    assert check(run, all_said=True).lost == [message(4)]


def test_a_message_that_two_answers_name_is_doubled() -> None:
    run = history()
    run.shown.append(shown(4, 1))
    assert wrong(run)["doubled"] == [message(1)]


def test_a_message_that_two_turns_of_the_ledger_name_is_doubled() -> None:
    run = history()
    run.recorded.append(Recorded("turn-9", (message(1),), "answered"))
    assert wrong(run) == {"doubled": [message(1)]}


def test_an_answer_that_names_no_message_and_an_open_stream_are_seen() -> None:
    run = history()
    run.shown.append(Shown(THREAD, "4.000000", "", (), "Case", streaming=True))
    assert wrong(run) == {"unnamed": [f"{THREAD} 4.000000"], "streaming": [f"{THREAD} 4.000000"]}


def test_a_later_message_that_is_answered_first_is_out_of_order() -> None:
    run = history()
    run.shown = [shown(1, 1, ts="3.600000"), shown(3, 2, 3)]
    assert wrong(run) == {"misordered": [THREAD]}


def test_messages_of_one_turn_keep_their_order_too() -> None:
    run = history()
    run.shown[1] = replace(run.shown[1], messages=(message(3), message(2)))
    assert wrong(run) == {"misordered": [THREAD]}


def test_what_was_accepted_only_after_a_later_answer_stood_there_may_follow_it() -> None:
    """An acknowledgement of the later one that was lost makes it look accepted later than it was."""
    run = history()
    run.said[0].accepted_at, run.said[1].accepted_at = 9.0, 9.1
    run.shown = [shown(1, 1, ts="9.500000"), shown(2, 2), shown(3, 3)]
    run.posted = [Posted(THREAD, "9.500000", 9.5), Posted(THREAD, "2.500000", 2.5)]
    assert wrong(run).get("misordered") is None
    run.posted = [Posted(THREAD, "9.500000", 9.5), Posted(THREAD, "2.500000", 9.05)]
    assert wrong(run)["misordered"] == [THREAD]


def test_what_was_accepted_only_after_the_model_was_asked_about_a_later_one_may_follow_it() -> None:
    run = history()
    run.said[0].accepted_at, run.said[1].accepted_at = 9.0, 9.1
    run.shown = [shown(1, 1, ts="9.500000"), shown(2, 2, ts="9.300000"), shown(3, 3, ts="9.600000")]
    run.posted = [Posted(THREAD, one.ts, float(one.ts)) for one in run.shown]
    run.asked = [Asked(8.9, 1, (nonce(2),))]
    assert wrong(run).get("misordered") is None
    run.asked = [Asked(9.2, 1, (nonce(2),))]
    assert wrong(run)["misordered"] == [THREAD]


def test_what_slack_delivered_late_may_be_answered_late() -> None:
    run = history()
    run.said[0].accepted_at = 9.0
    run.shown = [shown(1, 1, ts="9.500000"), shown(3, 2, 3)]
    assert wrong(run) == {}


@pytest.mark.parametrize(
    "text",
    [
        answer_to((nonce(1),))[:-5],
        answer_to((nonce(1),)) * 2,
        answer_to((nonce(5),)),
    ],
    ids=["cut", "twice", "about another message"],
)
def test_an_answer_that_is_not_what_the_model_said_is_torn(text: str) -> None:
    run = history()
    run.shown[0] = replace(run.shown[0], text=text)
    assert wrong(run) == {"torn": [f"{THREAD} {run.shown[0].ts}"]}


def test_an_answer_without_a_model_is_an_apology() -> None:
    run = history()
    run.shown[0] = replace(run.shown[0], text="That did not work.")
    assert wrong(run) == {}
    assert check(run).apologies == 1


def test_an_answer_that_is_not_in_the_ledger_is_found_unless_it_was_flushed_away() -> None:
    run = history()
    del run.recorded[0]
    assert wrong(run) == {"unrecorded": [message(1)]}
    run.unrecorded = (1.0, 2.0)
    assert wrong(run) == {}


def test_extra_messages_are_counted_with_the_longest_time() -> None:
    run = history()
    run.posted += [Posted(THREAD, "1.600000", 1.6, gone_at=4.1), Posted(THREAD, "1.700000", 1.7, gone_at=1.8)]
    found = check(run)
    assert found.extra == 2
    assert found.extra_s == pytest.approx(2.5)


def test_two_answers_of_one_name_to_different_messages_are_no_extra_ones() -> None:
    run = history()
    run.shown[1] = replace(run.shown[1], turn=run.shown[0].turn)
    assert check(run).extra == 0
    run.shown[1] = replace(run.shown[1], messages=run.shown[0].messages)
    assert check(run).extra == 1


def test_recovery_counts_from_when_redis_answers_and_the_process_was_gone() -> None:
    run = history()
    run.words_at = {nonce(1): 11.0, nonce(2): 12.0, nonce(3): 12.0}
    run.troubles = [
        Trouble("redis", 1.2, 4.0),
        Trouble("kill", 6.0, 6.0, process=7),
        Trouble("kill", 8.0, 8.0, process=8),
    ]
    run.asked = [Asked(5.0, 7, (nonce(1),))]
    found = check(run)
    assert found.recovery_s == [11.0 - 6.0, 12.0 - 4.0, 12.0 - 4.0]


def test_the_model_answers_every_message_of_a_turn_by_name() -> None:
    rule = ChaosRule(seed=1)
    body = {
        "model": "claude-haiku-5-5",
        "messages": [{"role": "user", "content": f"{nonce(1)}\nand {nonce(2)}"}],
    }
    reply = rule("anthropic", body)
    assert reply.text == answer_to((nonce(1), nonce(2)))
    assert nonces_in(reply.text) == (nonce(1), nonce(2))
