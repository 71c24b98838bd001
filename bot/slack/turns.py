"""From messages to a finished turn: what a job holds is answered where it was said, or overheard."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from bot.conversation import Conversations, Told, log_told
from bot.inbox import FENCE_FIELD, Inbox, Job
from bot.metrics import Metrics
from bot.slack.answer import Answer, Changed
from bot.slack.api import Slack, SlackFault
from bot.slack.control.draft_making import DraftMaking, Unseen
from bot.slack.control.gate import UNSEEN, Gate
from bot.slack.events import File
from bot.slack.fields import Fields
from bot.slack.files import read_files
from bot.slack.handoff import Handoffs
from bot.slack.items import files_of, messages_of, place_of, said_at
from bot.slack.limiter import Limiter
from bot.slack.message_events import read_file
from bot.slack.pen import Pen
from bot.slack.presence import Offered, Presence
from bot.slack.strays import Strays
from bot.slack.unanswered import answers
from bot.tasks import Background
from bot.worker import Lease
from graph.routing.language import by_function_words
from graph.run import CustomerSaid, PersonSaid, remember
from graph.turn import (
    PERSON,
    Attachment,
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
    hosts: Callable[[], frozenset[str]]
    """Where links in answers may lead."""
    file_origins: frozenset[str]
    offered: Offered
    background: Background
    strays: Strays
    gate: Gate
    drafts: DraftMaking

    async def deal(self, lease: Lease) -> Job | None:
        """Answer the messages of a job, or overhear them where a person has the conversation."""
        job = lease.job
        if owner := await self.handoffs.owner(job.thread):
            await self._overheard(lease, owner)
            return await done(self.inbox, lease)
        recalled: set[str] = set()
        if await self.gate.silent(lease):
            await self._overheard(lease, "")
            return await done(self.inbox, lease)
        while lease.job.members:
            await self._recall_new(lease, recalled)
            if not lease.job.members:
                break
            if self.gate.drafts(lease.job):
                try:
                    return await self.drafts.make(lease, await self._make_turn(lease.job))
                except Unseen:
                    lease.update(await self.inbox.note(lease.job, draft=UNSEEN))
                    continue
                except Changed:
                    continue
            answer = self._answer(lease)
            try:
                told = await (self._apologise if job.dead else self._answered)(lease, answer)
            except Changed:
                continue
            return await self._finish(lease, answer, told)
        return await done(self.inbox, lease)

    async def _recall_new(self, lease: Lease, recalled: set[str]) -> None:
        """Recall the messages that are older than Redis's memory, also one that joined the others later."""
        old = {member.id for member in lease.job.members if member.at < self.inbox.epoch_at}
        if lease.job.begun or old <= recalled:
            return
        recalled |= old
        await self._recall(lease)

    async def _recall(self, lease: Lease) -> None:
        """Ask Slack about messages that are older than Redis's memory: they may have been answered.

        Those that an answer names are taken out; of the others, somebody may have begun to answer.
        """
        pen, thread = self._pen(lease), lease.job.thread
        replies = await pen.insist(
            "conversations.replies", ts=pen.place.thread_ts, include_all_metadata=True, limit=1000
        )
        named = {name for message in replies.get("messages", ()) for name in answers(message, self.bot_user)}
        for member in lease.job.members:
            if member.id in named:
                log.info("message.answered_before", message=member.id)
                await self.inbox.edit(thread, member.id, None, keys=())
        lease.update(await self.inbox.begin(lease.job))

    async def _overheard(self, lease: Lease, owner: str) -> None:
        """Remember what was said in a conversation that a person has."""
        for item in lease.job.members:
            text = item.body.get("text", "")
            if text:
                theirs = item.body["user"] == owner
                entry = PersonSaid(text) if theirs else CustomerSaid(text)
                await remember(self.conversations.app.support, lease.job.thread, entry, _fence(lease.job))

    def _pen(self, lease: Lease) -> Pen:
        place = place_of(lease.job.members[0])
        return Pen(self.slack, self.limiter, lease, place, self.bot_user, self.background, self.strays.posted)

    def _answer(self, lease: Lease) -> Answer:
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
            hosts=self.hosts(),
            people=self.handoffs.reachable,
            said_at=said_at(lease.job.members[0]),
        )

    async def _answered(self, lease: Lease, answer: Answer) -> Told:
        job = lease.job
        turn = await self._make_turn(job)
        language = by_function_words(turn.text) or self.conversations.app.support.knowledge.language
        await answer.begin(language)
        try:
            return await self.conversations.answer(turn, answer, stop=lease.stop, fence=_fence(job))
        finally:
            await answer.leave()

    async def _make_turn(self, job: Job) -> Turn:
        first = job.members[0]
        name = f"{job.turn}~{job.revision}" if job.revision else job.turn
        return Turn(
            # What was changed after it had begun is another turn to the state, and so is what nobody saw.
            id=f"{name}~{UNSEEN}" if job.notes.get("draft") == UNSEEN else name,
            conversation=job.thread,
            customer=first.body["user"],
            messages=messages_of(job.members),
            received_at=first.received_at,
            attachments=await self._attachments(job),
            signals=self.gate.signals(job),
            attempt=job.deliveries,
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

    async def _apologise(self, lease: Lease, answer: Answer) -> Told:
        """Say that it did not work out, and ask a person to take it."""
        job, support = lease.job, self.conversations.app.support
        turn = await self._make_turn(job)
        language = by_function_words(turn.text) or support.knowledge.language
        await answer.begin(language)
        say = support.services.prompts.phrases.say
        words = say("handoff" if self.handoffs.reachable() else "error", language)
        if self.handoffs.reachable():
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

    async def _finish(self, lease: Lease, answer: Answer, told: Told) -> Job | None:
        """Ask a person where one is wanted, then pop the messages and write the record in one step."""
        record, place = told.record, answer.pen.place
        if answer.handed_off:
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


def _fence(job: Job) -> Fence:
    return Fence(job.fence_key, FENCE_FIELD, str(job.fence))
