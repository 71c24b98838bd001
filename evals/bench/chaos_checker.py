"""Judges a run's history: what was lost, doubled, out of order or torn, and how long a fault was felt."""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from evals.bench.chaos_history import History, Posted, Said, Shown
from evals.bench.chaos_script import OPENING, answer_to, nonces_in


@dataclass(slots=True)
class Findings:
    """What is wrong with a run, by the ids of messages, turns or threads; times are in seconds."""

    said: int = 0
    accepted: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    """Messages that two visible answers name, or two turns of the ledger."""
    unnamed: list[str] = field(default_factory=list)
    """Messages of the bot in a thread that say not what they answer."""
    misordered: list[str] = field(default_factory=list)
    """Threads in which a later message was answered before an earlier one."""
    streaming: list[str] = field(default_factory=list)
    """Streams that nobody ended."""
    torn: list[str] = field(default_factory=list)
    """Answers whose text is not the whole of what the model said, or is about other messages."""
    unrecorded: list[str] = field(default_factory=list)
    """Messages that were answered and that no turn of the ledger names."""
    apologies: int = 0
    """Answers in which no model had a say."""
    dead: int = 0
    extra: int = 0
    """Messages of the bot that stood beside the one answer for a while."""
    extra_s: float = 0.0
    """How long the one of them stood that stood longest."""
    waits_s: list[float] = field(default_factory=list)
    """Of all messages: from being said to the first words of the answer."""
    recovery_s: list[float] = field(default_factory=list)
    """Of those during which something broke: from when they could be answered to the first words.

    That is when Slack delivered what was then accepted, or later: when Redis, and a process, was there again,
    or when the process ended that had begun with it.
    """

    @property
    def dead_share(self) -> float:
        """Dead letters in percent of what was accepted."""
        return 100 * self.dead / max(1, self.accepted)


def check(history: History, *, all_said: bool = False) -> Findings:
    """Judge a history that has settled; with `all_said`, what Slack could not deliver counts as accepted."""
    answers: dict[str, list[Shown]] = defaultdict(list)
    for shown in history.shown:
        for name in shown.messages:
            answers[name].append(shown)
    findings = Findings(
        len(history.said), sum(said.accepted_at is not None for said in history.said), dead=history.dead
    )
    for said in history.said:
        found = answers[said.id]
        if not found and (said.accepted_at is not None or all_said):
            findings.lost.append(said.id)
        if len(found) > 1:
            findings.doubled.append(said.id)
    findings.unnamed = [f"{shown.thread} {shown.ts}" for shown in history.shown if not shown.turn]
    findings.streaming = [f"{shown.thread} {shown.ts}" for shown in history.shown if shown.streaming]
    findings.misordered = list(_misordered(history, answers))
    _check_texts(history, findings)
    _check_records(history, answers, findings)
    _check_extras(history, findings)
    _measure(history, answers, findings)
    return findings


def _misordered(history: History, answers: dict[str, list[Shown]]) -> Iterator[str]:
    """Name the threads in which of two messages the earlier one, accepted earlier, is answered later.

    An acknowledgement that was lost makes a message look accepted later than it was: it had been when a model
    was asked about it, or when its answer stood there.
    """
    known: dict[str, float] = {}
    for asked in history.asked:
        for nonce in asked.nonces:
            known[nonce] = min(asked.at, known.get(nonce, math.inf))
    posted = {one.ts: one.at for one in history.posted}
    threads: dict[str, list[tuple[float, tuple[str, int]]]] = defaultdict(list)
    for said in sorted(history.said, key=lambda said: said.ts):
        if found := answers[said.id]:
            shown = min(found, key=lambda shown: shown.ts)
            acknowledged = math.inf if said.accepted_at is None else said.accepted_at
            accepted = min(acknowledged, known.get(said.nonce, math.inf), posted.get(shown.ts, math.inf))
            threads[said.thread].append((accepted, (shown.ts, shown.messages.index(said.id))))
    for thread, messages in threads.items():
        pairs = itertools.combinations(messages, 2)
        if any(earlier[0] < later[0] and earlier[1] > later[1] for earlier, later in pairs):
            yield thread


def _check_texts(history: History, findings: Findings) -> None:
    nonces = {said.id: said.nonce for said in history.said}
    for shown in history.shown:
        opening = OPENING.search(shown.text)
        if opening is None:
            findings.apologies += bool(shown.turn)
            continue
        told = nonces_in(opening[1])
        whole = shown.text.count(answer_to(told)) == 1 == len(OPENING.findall(shown.text))
        about = {nonces[name] for name in shown.messages if name in nonces}
        if not whole or not about <= set(told):
            findings.torn.append(f"{shown.thread} {shown.ts}")


def _check_records(history: History, answers: dict[str, list[Shown]], findings: Findings) -> None:
    turns = Counter(name for turn in history.recorded for name in set(turn.messages))
    doubled = set(findings.doubled)
    findings.doubled += [name for name, count in turns.items() if count > 1 and name not in doubled]
    lost_from, lost_until = history.unrecorded or (0.0, 0.0)
    findings.unrecorded = [
        said.id
        for said in history.said
        if said.id not in turns
        and any(not lost_from <= shown.closed_at <= lost_until for shown in answers[said.id])
    ]


def _check_extras(history: History, findings: Findings) -> None:
    """Count what stood beside the answers: what was deleted, and what answers nothing that is new.

    Two answers may bear one turn's name: what a flush left of a turn is answered under it.
    """
    answered: set[str] = set()
    answers: set[str] = set()
    for shown in sorted(history.shown, key=lambda shown: shown.ts):
        if not answered.issuperset(shown.messages):
            answers.add(shown.ts)
            answered.update(shown.messages)
    extras = [posted for posted in history.posted if posted.ts not in answers]
    ends = max((_gone(posted) for posted in history.posted), default=0.0)
    findings.extra = len(extras)
    findings.extra_s = max(((posted.gone_at or ends) - posted.at for posted in extras), default=0.0)


def _gone(posted: Posted) -> float:
    return posted.gone_at or posted.at


def _measure(history: History, answers: dict[str, list[Shown]], findings: Findings) -> None:
    posted = {one.ts: one.at for one in history.posted}
    askers: dict[str, set[int]] = defaultdict(set)
    for asked in history.asked:
        for nonce in asked.nonces:
            askers[nonce].add(asked.process)
    for said in history.said:
        shown = [posted[one.ts] for one in answers[said.id] if one.ts in posted]
        first = history.words_at.get(said.nonce, min(shown, default=None))
        if first is not None:
            _measure_one(history, said, first, askers[said.nonce], findings)


def _measure_one(history: History, said: Said, first: float, askers: set[int], findings: Findings) -> None:
    meanwhile = [t for t in history.troubles if t.kind != "slack" and t.at < first and t.until >= said.at]
    away = [t.until for t in meanwhile if t.process is None and t.until < first]
    start = max([said.at, said.delivered_at, *away])
    findings.waits_s.append(first - said.at)
    if meanwhile:
        deaths = [t.at for t in meanwhile if t.process in askers]
        findings.recovery_s.append(first - max([start, *deaths]))
