"""Judges a run with people in it: whether the bot spoke where a person was, and what was passed on."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import dataclass, field

from evals.bench.chaos_checker import Findings
from evals.bench.chaos_history import History, Said
from evals.bench.chaos_people import TEAM_CHANNEL, Colleagues
from evals.bench.figures import Figure
from evals.sim.slack.parcel import ACKED

ON_ITS_WAY_S = 1.0
"""A post that was on its way when the claim was acknowledged lands within this."""
OVERTAKEN = "Somebody from our team continues here."


@dataclass(slots=True)
class PeopleFindings:
    """What is wrong, by thread or message; times are those of time.monotonic()."""

    stretches: int = 0
    replies: int = 0
    mirrored: int = 0
    spoke: list[str] = field(default_factory=list)
    """Answers that the bot began where a person had the thread, and that stand there."""
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    misordered: list[str] = field(default_factory=list)

    def figures(self) -> list[Figure]:
        """Return them as figures."""
        return [
            Figure("times that a person had a thread", self.stretches, ""),
            Figure("the bot spoke in one meanwhile", len(self.spoke), "", 0),
            Figure("replies passed on to customers", self.replies, ""),
            Figure("customers' messages shown to people", self.mirrored, ""),
            Figure("passed on: lost", len(self.lost), "", 0),
            Figure("passed on: doubled", len(self.doubled), "", 0),
            Figure("passed on: out of order", len(self.misordered), "", 0),
        ]


def excuse(colleagues: Colleagues, found: Findings, history: History) -> None:
    """Take out what was left to a person, and the answers that a person has cut short."""
    said = {one.id: one for one in history.said}
    found.lost = [
        name
        for name in found.lost
        if not colleagues.theirs(said[name]) and not _still_waited(said[name], colleagues, history)
    ]
    cut = {f"{shown.thread} {shown.ts}" for shown in history.shown if OVERTAKEN in shown.text}
    found.torn = [name for name in found.torn if name not in cut]


def _still_waited(said: Said, colleagues: Colleagues, history: History) -> bool:
    """Tell whether a message waited so long that a person came first: nothing later had been answered."""
    came = [s.wished_at for s in colleagues.stretches if s.thread == said.thread and s.wished_at > said.at]
    times = {one.id: one.at for one in history.said if one.thread == said.thread}
    later = [
        shown.closed_at
        for shown in history.shown
        if shown.closed_at and any(times.get(name, 0.0) > said.at for name in shown.messages)
    ]
    return bool(came) and not any(closed_at < min(came) for closed_at in later)


def check_people(colleagues: Colleagues, history: History) -> PeopleFindings:
    """Judge a history that has settled."""
    found = PeopleFindings(len([s for s in colleagues.stretches if s.begun_at is not None]))
    _check_spoken(colleagues, history, found)
    _check_replies(colleagues, found)
    _check_mirrors(colleagues, history, found)
    return found


def _check_spoken(colleagues: Colleagues, history: History, found: PeopleFindings) -> None:
    for stretch in colleagues.stretches:
        if stretch.begun_at is None or stretch.end_wished_at is None:
            continue
        standing = colleagues.answers_in(stretch.thread)
        for posted in history.posted:
            within = stretch.begun_at + ON_ITS_WAY_S < posted.at < stretch.end_wished_at
            if posted.thread == stretch.thread and within and posted.ts in standing:
                found.spoke.append(f"{posted.thread} {posted.ts}")


def _check_replies(colleagues: Colleagues, found: PeopleFindings) -> None:
    acked: dict[str, float] = {}
    for delivery in colleagues.slack.deliveries.log:
        if delivery.outcome == ACKED and delivery.acked_at is not None:
            acked[delivery.ts] = min(delivery.acked_at, acked.get(delivery.ts, math.inf))
    calls = [call for call in colleagues.slack.calls if call.ok and call.method == "chat.postMessage"]
    posted_at = {call.ts: call.done_at or call.at for call in calls}
    found.replies = len(colleagues.replies)
    for thread in {reply.thread for reply in colleagues.replies}:
        channel, root = thread.split(":")
        words = list(colleagues.passed(channel, root))
        said = sorted((r for r in colleagues.replies if r.thread == thread), key=lambda r: float(r.ts))
        order = []
        for reply in said:
            there = [ts for ts, text in words if reply.nonce in text]
            if not there and reply.ts in acked:
                found.lost.append(f"{thread} {reply.ts}")
            if len(there) > 1:
                found.doubled.append(f"{thread} {reply.ts}")
            order += [(acked.get(reply.ts, math.inf), ts, posted_at.get(ts, 0.0)) for ts in there[:1]]
        if wrong := [f"{a[1]} after {b[1]}" for a, b in itertools.combinations(order, 2) if _swapped(a, b)]:
            found.misordered.append(f"{thread} ({', '.join(wrong)})")


def _swapped(first: tuple[float, str, float], second: tuple[float, str, float]) -> bool:
    """Tell whether of two replies the one that was accepted first was passed on last.

    Each is (accepted at, ts, passed on at). Nothing is passed on before it is accepted, which may be long
    after it was said; and an acknowledgement that was lost makes the second look accepted later than it was.
    """
    return first[0] < second[0] and float(first[1]) > float(second[1]) and first[0] < second[2]


def _check_mirrors(colleagues: Colleagues, history: History, found: PeopleFindings) -> None:
    """See to it that what customers said in direct messages while a person had them is below a card, once."""
    below = _below_cards(colleagues)
    found.mirrored = sum(below.values())
    found.doubled += [nonce for nonce, count in below.items() if count > 1]
    answered = {name for shown in history.shown for name in shown.messages}
    for said in history.said:
        had = any(
            stretch.thread == said.thread
            and stretch.begun_at is not None
            and stretch.begun_at < said.at < (stretch.end_wished_at or 0.0)
            for stretch in colleagues.stretches
        )
        direct, accepted = said.thread.startswith("D"), said.accepted_at is not None
        if direct and had and accepted and not below[said.nonce] and said.id not in answered:
            found.lost.append(said.id)


def _below_cards(colleagues: Colleagues) -> Counter[str]:
    channel = colleagues.slack.workspace.channels[TEAM_CHANNEL]
    nonces = {said.nonce for said in colleagues.traffic.said}
    counted: Counter[str] = Counter()
    for root in channel.threads:
        for _, text in colleagues.passed(TEAM_CHANNEL, root):
            counted.update(nonce for nonce in nonces if nonce in text)
    return counted
