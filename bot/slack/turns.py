"""From messages to a finished turn: what a job holds is answered where it was said, or overheard."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import structlog

from bot.conversation import Conversations, Told, log_told
from bot.inbox import FENCE_FIELD, Inbox, Item, Job
from bot.metrics import Metrics
from bot.slack.answer import Answer, Changed
from bot.slack.api import Slack, SlackFault
from bot.slack.audience import Audiences
from bot.slack.control.draft_making import DraftMaking, Unseen
from bot.slack.control.gate import UNSEEN, Gate
from bot.slack.events import File
from bot.slack.fields import Fields
from bot.slack.files import read_files
from bot.slack.handoff import Handoffs
from bot.slack.items import PERSON_STOPS, files_of, messages_of, place_of, said_at
from bot.slack.limiter import Limiter
from bot.slack.message_events import read_file
from bot.slack.pen import Pen
from bot.slack.presence import Offered, Presence
from bot.slack.strays import Strays
from bot.slack.unanswered import answers
from bot.tasks import Background
from bot.worker import Lease
from graph.handing_over import handed_over
from graph.routing.language import by_function_words
from graph.run import CustomerSaid, PersonSaid, remember
from graph.turn import (
    PERSON,
    Attachment,
    Audience,
    Fence,
    HandedOff,
    Route,
    TextDelta,
    Transcript,
    Turn,
    TurnRecord,
)

log = structlog.get_logger()

GIVEN_UP = "It failed too often."
OVERTAKEN = "A colleague took the conversation over."


async def done(inbox: Inbox, lease: Lease, dead: str | None = None) -> Job | None:
    """Finish a job that was no turn; returns the next one of its thread, if there is one."""
    finished = await inbox.finish(lease.job, dead=dead)
    lease.done = True
    return finished.next


@dataclass(slots=True)
class Turns:
    """Answers the messages of a thread, one job after the other."""

    conversations: Conversations
    inbox: Inbox
    slack: Slack
    limiter: Limiter
    handoffs: Handoffs
    metrics: Metrics
    bot_user: str
    bot_token: str
    hosts: Callable[[Audience], frozenset[str]]
    """Where links in answers may lead."""
    audiences: Audiences
    file_origins: frozenset[str]
    offered: Offered
    background: Background
    strays: Strays
    overheard: Callable[[Lease, Item], Awaitable[None]]
    """Told each message in a conversation that a person has."""
    gate: Gate
    drafts: DraftMaking

    async def deal(self, lease: Lease) -> Job | None:
        """Answer the messages of a job, or overhear them where a person has the conversation."""
        job = lease.job
        if owner := await self.handoffs.owner(job.thread):
            if not job.begun or "heard" in job.notes:
                return await self._heard(lease, owner)
            # What a predecessor had begun to answer, before it was known whose it is, is brought to its end.
            await self.inbox.stop(job.thread, f"{PERSON_STOPS}{owner}")
            lease.stop.set()
        recalled: set[str] = set()
        if await self.gate.silent(lease):
            await self._overheard(lease, "")
            return await done(self.inbox, lease)
        while lease.job.members:
            await self._recall_new(lease, recalled)
            if not lease.job.members:
                break
            audience = await self.audiences.of(lease.job.members)
            if self.gate.drafts(lease.job):
                try:
                    return await self.drafts.make(lease, await self._make_turn(lease.job, audience))
                except Unseen:
                    lease.update(await self.inbox.note(lease.job, draft=UNSEEN))
                    continue
                except Changed:
                    continue
            answer = self._answer(lease, audience)
            try:
                told = await (self._apologise if job.dead else self._answered)(lease, answer, audience)
            except Changed:
                # Nothing was posted yet: what the job holds now is gone through from the start.
                lease.update(await answer.patiently(lambda: self.inbox.unbegin(lease.job)))
                continue
            return await self._finish(lease, answer, told)
        return await done(self.inbox, lease)

    async def _heard(self, lease: Lease, owner: str) -> Job | None:
        """Overhear messages; from here on a change to one is a job of its own."""
        lease.update(await self.inbox.note(lease.job, heard="yes"))
        lease.update(await self.inbox.begin(lease.job))
        await self._overheard(lease, owner)
        return await done(self.inbox, lease)

    async def _recall_new(self, lease: Lease, recalled: set[str]) -> None:
        """Recall the messages that are older than Redis's memory, also those that join meanwhile."""
        while not lease.job.begun and (new := self._forgotten(lease.job) - recalled):
            recalled |= new
            await self._recall(lease)
            if self._forgotten(lease.job) - recalled:
                lease.update(await self.inbox.unbegin(lease.job))

    def _forgotten(self, job: Job) -> set[str]:
        """Name the messages that may have been answered before; what was put back had not been."""
        epoch_at = self.inbox.epoch_at
        return {item.id for item in job.members if item.at < epoch_at and not _put_back(item)}

    async def _recall(self, lease: Lease) -> None:
        """Ask Slack about messages that are older than Redis's memory: they may have been answered.

        Those that an answer names are taken out; of the others, somebody may have begun to answer.
        """
        pen, thread = self._pen(lease), lease.job.thread
        replies = await pen.insist(
            "conversations.replies", ts=pen.place.thread_ts, include_all_metadata=True, limit=1000
        )
        named = {name for message in replies.get("messages", ()) for name in answers(message, self.bot_user)}
        until = await self.handoffs.left_until(thread)
        for member in lease.job.members:
            left = said_at(member) <= until and not _put_back(member)
            if member.id in named or left:
                log.info("message.answered_before", message=member.id)
                await self.inbox.edit(thread, member.id, None, keys=())
        lease.update(await self.inbox.begin(lease.job))

    async def _overheard(self, lease: Lease, owner: str) -> None:
        """Remember what was said in a conversation that a person has."""
        for item in lease.job.members:
            text = item.body.get("text", "")
            if text:
                theirs = item.body["user"] == owner
                entry = (PersonSaid if theirs else CustomerSaid)(text, item.id)
                await remember(self.conversations.app.support, lease.job.thread, entry, _fence(lease.job))
            await self.overheard(lease, item)

    def _pen(self, lease: Lease) -> Pen:
        place = place_of(lease.job.members[0])
        return Pen(self.slack, self.limiter, lease, place, self.bot_user, self.background, self.strays.posted)

    def _answer(self, lease: Lease, audience: Audience) -> Answer:
        support = self.conversations.app.support
        pen = self._pen(lease)
        return Answer(
            pen=pen,
            inbox=self.inbox,
            presence=Presence(
                self.slack,
                self.limiter,
                pen.place,
                self.offered,
                self.background,
                support.services.gate.locked,
            ),
            phrases=support.services.prompts.phrases,
            hosts=self.hosts(audience),
            people=self.handoffs.reachable,
            said_at=said_at(lease.job.members[0]),
            overtaken=lambda: self._overtaken(lease),
        )

    async def _overtaken(self, lease: Lease) -> bool:
        (by,) = await self.inbox.stopped_by(lease.job)
        return by is not None and by.startswith(PERSON_STOPS)

    async def _answered(self, lease: Lease, answer: Answer, audience: Audience) -> Told:
        job = lease.job
        turn = await self._make_turn(job, audience)
        language = by_function_words(turn.text) or self.conversations.app.support.knowledge.language
        await answer.begin(language)
        try:
            return await self.conversations.answer(turn, answer, stop=lease.stop, fence=_fence(job))
        finally:
            await answer.leave()

    async def _make_turn(self, job: Job, audience: Audience) -> Turn:
        first = job.members[0]
        return Turn(
            id=_turn_id(job),
            conversation=job.thread,
            customer=first.body["user"],
            messages=messages_of(job.members),
            received_at=first.received_at,
            attachments=await self._attachments(job),
            signals=self.gate.signals(job),
            attempt=job.deliveries,
            audience=audience,
        )

    async def _attachments(self, job: Job) -> tuple[Attachment, ...]:
        files = [await self._known(file) if file.stub else file for file in files_of(job.members)]
        if not files:
            return ()
        return await read_files(self.slack.session, files, token=self.bot_token, origins=self.file_origins)

    async def _known(self, file: File) -> File:
        """Ask for what Slack left out: of files from other workspaces it sends the id alone."""
        try:
            found = await self.slack.call("files.info", file=file.id)
        except SlackFault as fault:
            log.info("slack.skipped", method=fault.method, why=fault.why)
            return file
        return read_file(Fields(found.get("file")))

    async def _apologise(self, lease: Lease, answer: Answer, audience: Audience) -> Told:
        """Say that it did not work out, and ask a person to take it."""
        job, support = lease.job, self.conversations.app.support
        turn = await self._make_turn(job, audience)
        language = by_function_words(turn.text) or support.knowledge.language
        await answer.begin(language)
        phrases = support.services.prompts.phrases
        words = phrases.say("error", language)
        if self.handoffs.reachable():
            words = handed_over(phrases, language, turn.signals, asked=False)
            said = "\n".join(message.text for message in turn.messages)
            await answer.show(HandedOff(said[:2000], GIVEN_UP))
        await answer.show(TextDelta(words))
        record = TurnRecord(
            turn_id=turn.id,
            messages=tuple(message.id for message in turn.messages),
            attempt=job.deliveries,
            conversation=turn.conversation,
            customer=turn.customer,
            received_at=turn.received_at,
            route=Route(PERSON, GIVEN_UP),
            calls=(),
            sources=(),
            outcome="failed",
            language=language,
            total_ms=0.0,
            cost_usd=0.0,
        )
        record = await answer.finish(record)
        asked = tuple(message.text for message in turn.messages)
        return Told(
            record,
            Transcript(
                turn.id, turn.conversation, turn.customer, turn.received_at, language, asked, words,
                PERSON, "failed",
            ),
        )  # fmt: skip

    async def _leave_to_person(self, lease: Lease, told: Told) -> Job | None:
        """Put back behind the claim what nothing was said to: it is answered if nobody has it then.

        What was asked of a model for it is in the ledger, as a turn that answers nothing.
        """
        for item in lease.job.members:
            count = int(item.body.get("again", 0)) + 1
            again = replace(item, body={**item.body, "again": count})
            await self.inbox.put(lease.job.thread, again, keys=(f"again:{item.id}:{count}",), take=False)
        log.info("turn.overtaken", turn=lease.job.turn)
        if not told.record.calls:
            return await done(self.inbox, lease)
        told = _overtaken(told, messages=())
        writes = self.conversations.app.ledger.writes(told.record, told.transcript)
        finished = await self.inbox.finish(lease.job, writes=writes)
        lease.done = True
        await self.conversations.keep(told, written=bool(writes) and finished.writes_kept)
        return finished.next

    async def _finish(self, lease: Lease, answer: Answer, told: Told) -> Job | None:
        """Ask a person where one is wanted, then pop the messages and write the record in one step."""
        record, place = told.record, answer.pen.place
        if answer.silenced and not answer.pen.posts:
            return await self._leave_to_person(lease, told)
        if answer.silenced:
            told = _overtaken(told)
            record = told.record
        if answer.handed_off and not answer.silenced:
            await self.handoffs.ask_for_person(lease, record.customer, answer.handed_off, place)
        writes = self.conversations.app.ledger.writes(record, told.transcript)
        if writes:
            writes = (*writes, *answer.forms())
        about = json.dumps(
            {
                "turn": record.turn_id,
                "thread": lease.job.thread,
                "asker": record.customer,
                "language": record.language,
            }
        )
        answers = {f"{place.channel}:{ts}": about for ts in answer.pen.posts}
        dead = GIVEN_UP if lease.job.dead else None
        finished = await answer.patiently(
            lambda: self.inbox.finish(lease.job, writes=writes, answers=answers, dead=dead)
        )
        lease.done = True
        await self.conversations.keep(told, written=bool(writes) and finished.writes_kept)
        log_told(told)
        self.metrics.shown(answer.how)
        self.metrics.turn(record)
        if dead:
            self.metrics.dead()
        return finished.next


def _overtaken(told: Told, **changes: Any) -> Told:
    """Return what was told as a turn that a colleague ended."""
    route = replace(told.record.route, reason=OVERTAKEN, by="person")
    return replace(told, record=replace(told.record, route=route, outcome="stopped", **changes))


def _put_back(item: Item) -> bool:
    """Tell whether a message was overheard, or not answered, while a colleague had the conversation."""
    return bool(item.body.get("again"))


def _turn_id(job: Job) -> str:
    """Return the turn's id: what was changed after it had begun, comes again or was unseen is another one."""
    again = job.members[0].body.get("again")
    unseen = f"~{UNSEEN}" if job.notes.get("draft") == UNSEEN else ""
    return job.set_id + (f"~again{int(again)}" if again else "") + unseen


def _fence(job: Job) -> Fence:
    return Fence(job.fence_key, FENCE_FIELD, str(job.fence))
