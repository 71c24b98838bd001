"""The judge of a run with people in it finds what it is to find, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from evals.bench.chaos_checker import Findings
from evals.bench.chaos_history import History, Posted, Said, Shown
from evals.bench.chaos_people import TEAM_CHANNEL, Colleagues, Reply, Stretch
from evals.bench.chaos_people_checker import OVERTAKEN, PeopleFindings, check_people, excuse
from evals.bench.chaos_traffic import ANSWER, PASSED, Traffic
from evals.sim.slack import SlackSettings, SlackSim
from evals.sim.slack.calls import Call
from evals.sim.slack.parcel import ACKED, Delivery


class Story:
    """One direct conversation that a person has from 100 s to 200 s, by time.monotonic()."""

    def __init__(self) -> None:
        self.slack = SlackSim(SlackSettings(transport="none"))
        self.traffic = Traffic(self.slack, 1)
        self.colleagues = Colleagues(self.slack, self.traffic, 1)
        self.said = self.traffic.ask(2, 0, Random(1))
        self.root = self.said.ts
        self.thread = self.said.thread
        self.colleagues.stretches.append(Stretch(self.thread, "U9ANN", 90.0, "", 100.0, 200.0, 210.0))
        self.card = self.slack.say(self.slack.settings.bot_user, TEAM_CHANNEL, "A card")
        self.posted: list[Posted] = []

    def bot(self, kind: str, text: str, channel: str, root: str) -> str:
        """Have the bot say something in a thread."""
        ts = self.slack.say(self.slack.settings.bot_user, channel, text, root)
        self.slack.workspace.channels[channel].messages[ts].metadata = {
            "event_type": kind,
            "event_payload": {},
        }
        return ts

    def answers(self, at: float) -> None:
        """Have the bot answer in the customer's thread at a time."""
        ts = self.bot(ANSWER, "Case", "D0002", self.root)
        self.posted.append(Posted(self.thread, ts, at))

    def reply(self, nonce: str, acked_at: float) -> None:
        """Have a colleague write below the card."""
        ts = self.slack.say("U9ANN", TEAM_CHANNEL, f"A colleague says {nonce}.", self.card)
        self.colleagues.replies.append(Reply(self.thread, ts, nonce))
        self.slack.deliveries.log.append(Delivery("e", "message", ts, 0, acked_at=acked_at, outcome=ACKED))

    def passed_on(self, *nonces: str, at: float = 10.0) -> None:
        """Have replies passed on to the customer, in this order, at a time."""
        for nonce in nonces:
            ts = self.bot(PASSED, f"A colleague says {nonce}.", "D0002", self.root)
            self.slack.calls.append(Call(0, "chat.postMessage", {}, at, ts=ts, ok=True))

    def judged(self) -> PeopleFindings:
        return check_people(self.colleagues, History(said=self.traffic.said, posted=self.posted))


@pytest.mark.parametrize(("at", "found"), [(99.0, 0), (100.5, 0), (150.0, 1), (205.0, 0)])
def test_an_answer_counts_where_it_was_begun_while_a_person_had_the_thread(at: float, found: int) -> None:
    story = Story()
    story.answers(at)
    assert len(story.judged().spoke) == found


def test_replies_that_are_lost_doubled_or_out_of_order_are_found() -> None:
    story = Story()
    for number, nonce in enumerate(("zqaaaaaaaa", "zqbbbbbbbb", "zqcccccccc", "zqdddddddd")):
        story.reply(nonce, float(number))
    story.passed_on("zqaaaaaaaa", "zqcccccccc", "zqbbbbbbbb", "zqaaaaaaaa")
    found = story.judged()
    assert (len(found.lost), len(found.doubled), len(found.misordered)) == (1, 1, 1)
    assert story.thread in found.misordered[0]


@pytest.mark.parametrize(("passed_at", "wrong"), [(8.0, 0), (9.5, 1)])
def test_what_was_accepted_when_a_later_one_had_been_passed_on_may_follow_it(
    passed_at: float, wrong: int
) -> None:
    """The first acknowledgement of the later one was lost: it had been kept before the other came."""
    story = Story()
    story.reply("zqaaaaaaaa", 9.0)
    story.reply("zqbbbbbbbb", 10.0)
    story.passed_on("zqbbbbbbbb", at=passed_at)
    story.passed_on("zqaaaaaaaa")
    assert len(story.judged().misordered) == wrong


def test_what_was_accepted_later_may_come_later() -> None:
    story = Story()
    story.reply("zqaaaaaaaa", 9.0)
    story.reply("zqbbbbbbbb", 2.0)
    story.passed_on("zqbbbbbbbb", "zqaaaaaaaa")
    found = story.judged()
    assert (found.lost, found.doubled, found.misordered) == ([], [], [])


def test_a_customer_s_message_that_no_colleague_was_shown_is_lost() -> None:
    story = Story()
    story.traffic.said[0] = replace(story.said, at=150.0, accepted_at=150.1)
    assert story.judged().lost == [story.said.id]
    story.bot(PASSED, f"About {story.said.nonce}", TEAM_CHANNEL, story.card)
    assert story.judged().lost == []
    story.bot(PASSED, f"About {story.said.nonce}", TEAM_CHANNEL, story.card)
    assert story.judged().doubled == [story.said.nonce]


def test_what_a_person_was_to_answer_is_not_lost_and_what_one_cut_short_not_torn() -> None:
    story = Story()
    theirs = Said(f"T0SIM:{story.thread}", story.thread, "zqa", 150.0)
    later = Said("T0SIM:other", story.thread, "zqb", 900.0)
    cut = Shown(story.thread, "17.5", "t", (), f"Case zq _{OVERTAKEN}_")
    found = Findings(lost=[theirs.id, later.id], torn=[f"{story.thread} 17.5", "C1:1 18.5"])
    excuse(story.colleagues, found, History(said=[theirs, later], shown=[cut]))
    assert (found.lost, found.torn) == ([later.id], ["C1:1 18.5"])


@pytest.mark.parametrize(("answered_at", "lost"), [(0.0, 0), (80.0, 1), (95.0, 0)])
def test_what_waited_until_a_person_came_is_theirs_unless_what_came_after_it_was_answered(
    answered_at: float, lost: int
) -> None:
    story = Story()
    waited = Said("T0SIM:waited", story.thread, "zqa", 10.0)
    after = Said("T0SIM:after", story.thread, "zqb", 11.0)
    shown = Shown(story.thread, "17.5", "t", (after.id,), "Case zqb", closed_at=answered_at)
    found = Findings(lost=[waited.id])
    excuse(story.colleagues, found, History(said=[waited, after], shown=[shown]))
    assert len(found.lost) == lost
