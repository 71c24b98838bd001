"""Where people take over: a card in the team's channel; the bot is quiet between claim and hand back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import structlog
from redis.asyncio import Redis

from bot.inbox import Inbox
from bot.people.changes import left_until
from bot.people.help_desk import HelpDesk
from bot.people.hours_file import BusinessHours
from bot.people.store import KEEP_S, OPEN, Handoff, HandoffStore
from bot.slack.api import Limited, Refused, Slack, SlackFault
from bot.slack.fields import Fields
from bot.slack.history import History
from bot.slack.items import said_at
from bot.slack.limiter import Limiter
from bot.slack.pen import Pen, Place
from bot.slack.people.cards import CARD, CardLook, read_card
from bot.slack.people.passing import Passing, card_of
from bot.slack.people.sight import Sight
from bot.slack.people.staff import Staff
from bot.tasks import Background
from bot.worker import Lease
from graph.turn import HandedOff
from prompts import Phrases

log = structlog.get_logger()

__all__ = ["CARD", "Handoffs"]

AWAY = frozenset({"is_archived", "channel_not_found", "not_in_channel"})
"""Why a message cannot be posted to a channel that nobody can be reached in."""
CLOCKS_S = 60.0
"""By how much Slack's clock and this machine's may disagree, and then some."""
SHARED = "is_ext_shared"
"""Why nothing is written into the team's channel while another company is in it."""
FRESH_S = 1.0
"""How old what is known of the team's channel may be when something is written into it."""
LOOK_AGAIN_S = 60.0
"""How long a channel that could not be reached is taken to be away."""


def _stays(_place: Place, _ts: str) -> None:
    """Leave a card where it is, unless somebody looks after what strayed."""


@dataclass(slots=True)
class Handoffs:
    """Conversations that a person has, or is asked to take."""

    redis: Redis
    store: HandoffStore
    inbox: Inbox
    slack: Slack
    limiter: Limiter
    phrases: Phrases
    language: str
    """Of the team's cards."""
    team: str
    bot_user: str
    channel: str | None
    """Where the cards go; None: nobody takes over."""
    background: Background
    group: str | None = None
    """A user group whose members are staff too."""
    hours: BusinessHours = field(default_factory=BusinessHours)
    """When people are there."""
    help_desk: HelpDesk | None = None
    """Told of handoffs too; None where there is none."""
    sight: Sight = field(init=False)
    staffing: Staff = field(init=False)
    history: History = field(init=False)
    look_of: CardLook = field(init=False)
    passing: Passing = field(init=False)
    strayed_for: Callable[[str], Callable[[Place, str], None]] = lambda _conversation: _stays
    """Told of what was posted for a conversation under a lease that had ended."""
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    _reachable: bool = False
    shared: bool = False
    """Whether another company is in the team's channel: it would read what customers wrote."""
    _looked_at: float = field(default=0.0)
    _why: str = ""
    """Why it was not reachable when it was last found so."""
    _losses: int = 0
    """How often a post to the team's channel has failed for good."""

    def __post_init__(self) -> None:
        self.history = History(self.slack, self.limiter, self.team)
        self.sight = Sight(self.history, self.background)
        self.staffing = Staff(
            self.redis,
            self.history,
            self.channel,
            self.group,
            self.bot_user,
            self.background,
            tenant=self.team,
        )
        self.staffing.strangers = lambda: self.shared
        if self.channel:
            self.slack.guards[self.channel] = self._barred
        self.look_of = CardLook(self.phrases, self.language)
        self.passing = Passing(self.inbox, self.redis, self.bot_user)
        self.slack.gone.append(self._post_failed)

    @property
    def manned(self) -> bool:
        """Whether anybody ever takes conversations over."""
        return self.channel is not None or self.help_desk is not None

    def reachable(self) -> bool:
        """Tell whether a person can be reached, as far as is known; a channel that was away is asked anew.

        Without a channel, whether the help desk lately took what it was sent.
        """
        if self.hours.never_again(time.time()):
            return False
        if self.channel is None:
            return self.help_desk is not None and self.help_desk.there
        if not self._reachable and time.monotonic() - self._looked_at > LOOK_AGAIN_S:
            self._looked_at = time.monotonic()
            self.background.run(self.look())
        return self._reachable

    async def look(self, *, paced: bool = False) -> None:
        """Find out whether the team's channel can be reached: an archived one can still be read.

        `paced` is for looks that come often: each waits for its turn among the calls.
        """
        if self.channel is None:
            return
        self._looked_at, losses = time.monotonic(), self._losses
        try:
            call = self.history.call if paced else self.slack.call
            found = await call("conversations.info", channel=self.channel)
            about = Fields(found).at("channel")
            self._note_shared(shared=about.value("is_ext_shared") is True)
            if self.shared:
                self._unreachable(SHARED)
            elif about.value("is_archived") is True:
                self._unreachable("is_archived")
            elif about.value("is_member") is False:
                self._unreachable("not_in_channel")
            else:
                if not self._reachable:
                    await call("conversations.history", channel=self.channel, limit=1)
                # What was read before a post failed says less than the post.
                self._reachable = self._losses == losses
        except Limited as limited:
            log.info("slack.skipped", method=limited.method, why=limited.why)
        except SlackFault as fault:
            self._unreachable(fault.why)

    async def _barred(self) -> str:
        """Say why nothing may be written into the team's channel, as it is now."""
        if time.monotonic() - self._looked_at > FRESH_S:
            await self.look(paced=True)
        return SHARED if self.shared else ""

    def _note_shared(self, *, shared: bool) -> None:
        if shared and not self.shared:
            hint = (
                "another company would read what customers wrote: no cards until the channel is yours alone"
            )
            log.error("handoff.shared", channel=self.channel, hint=hint)
        elif self.shared and not shared:
            log.info("handoff.unshared", channel=self.channel)
        self.shared = shared

    def lost(self, why: str) -> None:
        """Take note that the team's channel cannot be reached."""
        self._looked_at = time.monotonic()
        self._losses += 1
        self._unreachable(why)

    def _post_failed(self, channel: str, why: str) -> None:
        if channel == self.channel and why in AWAY:
            self.lost(why)

    def _unreachable(self, why: str) -> None:
        if self._reachable or why != self._why:  # every look finds it again
            log.warning("handoff.unreachable", why=why)
        self._reachable, self._why = False, why

    async def owner(self, conversation: str) -> str | None:
        """Return who has a conversation; None where the bot has it.

        Raises StateError, and a SlackFault where Redis lost it and Slack does not tell.
        """
        if not self.manned:
            return None
        await self.ensure_read()
        return await self.store.owner(conversation)

    async def left_until(self, conversation: str) -> float:
        """Return until when what nobody answered was left to a person; 0 where nobody has had it yet."""
        known = await self.store.get(conversation) if self.manned else None
        return left_until(known) if known else 0.0

    async def staff(self) -> frozenset[str]:
        """Return who takes over conversations, as far as is known."""
        return await self.staffing.members() or frozenset()

    async def ensure_read(self) -> None:
        """Read back from the cards what Redis lost; raises StateError and a SlackFault."""
        if self.channel is None or await self.store.read():
            return
        async with self._reading:  # once, however many jobs wait for it
            if not await self.store.read():
                await self._read_back(self.channel)

    async def _read_back(self, channel: str) -> None:
        try:
            cards = await self.history.top(channel, time.time() - KEEP_S)
        except Refused as refused:
            # Nobody can have claimed anything there since.
            log.warning("handoff.unread", why=refused.why)
            cards = []
        newest: dict[str, Handoff] = {}
        for message in cards:
            found = read_card(message, channel, self.bot_user)
            if found and found.since >= newest.get(found.conversation, found).since:
                newest[found.conversation] = found
        for handoff in newest.values():
            await self.store.put_lost(handoff)
        await self.store.mark_read()
        if newest:
            log.info("handoff.read_back", conversations=len(newest))

    async def ask_for_person(self, lease: Lease, customer: str, handed: HandedOff, place: Place) -> None:
        """Post the card of a conversation, once; where it cannot be, the customer is told so."""
        if not self.manned:
            return
        job, promised = lease.job, self.reachable()
        await self.ensure_read()
        known = await self.store.get(job.thread)
        since = said_at(job.members[0]) if job.members else time.time()
        carded = known is not None and (bool(known.ts) or self.channel is None)
        if known and known.state == OPEN and carded and known.turn != job.turn:
            # Asked again while nobody has come: the card that is there says the newest.
            handoff = replace(known, summary=handed.summary, reason=handed.reason, changed_at=time.time())
            await self.store.put(handoff)
            await self.show(lease, handoff)
            return
        # Whoever began with this job and died has opened it already.
        opened_at = known.opened_at if known and known.turn == job.turn else time.time()
        handoff = Handoff(
            job.thread, customer, turn=job.turn, summary=handed.summary, reason=handed.reason,
            link=await self.link(place), channel=self.channel or "", opened_at=opened_at,
            changed_at=time.time(), since=since, stretches=known.stretches if known else "",
        )  # fmt: skip
        await self.post(lease, handoff)
        if promised and not self.reachable():
            await self._nobody(lease, place)

    async def post(self, lease: Lease, handoff: Handoff, notice: str = "", *, again: bool = False) -> Handoff:
        """Post a card, once, and keep the handoff; one that cannot be posted is kept without a card.

        With `again`, there was one that may be there or not.
        """
        if self.channel is None:
            await self.store.put(handoff)
            return handoff
        drawn = self.look_of.draw(handoff, notice)
        of, pen = card_of(handoff.conversation, handoff.turn), self.pen(lease, self.channel)
        again = again or lease.job.deliveries > 1
        await self.look(paced=True)  # whose words are on it, must not be read by strangers since a moment ago
        try:
            ts = await self.passing.post(pen, of, handoff.opened_at - CLOCKS_S, look=again, **drawn)
            if again:  # the one that was there already may say something older
                await pen.insist("chat.update", ts=ts, **drawn)
            self._reachable = True
        except Refused as refused:
            ts = ""
            self._unreachable(refused.why)
        posted = replace(handoff, channel=self.channel, ts=ts)
        await self.store.put(posted)
        return posted

    async def show(self, lease: Lease, handoff: Handoff, notice: str = "") -> Handoff:
        """Show on the card how a handoff stands; a card that is gone is posted anew."""
        if self.channel is None:
            return handoff
        if not handoff.ts:
            return await self.post(lease, handoff, notice, again=True)
        drawn = self.look_of.draw(handoff, notice)
        try:
            await self.pen(lease, handoff.channel).insist("chat.update", ts=handoff.ts, **drawn)
        except Refused as refused:
            log.warning("handoff.card_gone", why=refused.why)
            return await self.post(lease, handoff, notice, again=True)
        return handoff

    async def _nobody(self, lease: Lease, place: Place) -> None:
        """Take back that a person comes."""
        pen = self.pen(lease, place.channel, place.thread_ts)
        try:
            await self.passing.post(
                pen, f"nobody:{lease.job.turn}", float(place.first_ts),
                text=self.phrases.say("nobody_there", self.language),
            )  # fmt: skip
        except Refused as refused:
            log.warning("slack.refused", method=refused.method, why=refused.why)

    async def link(self, place: Place) -> str:
        """Return the permalink of a conversation's first message; empty where Slack gives none."""
        try:
            found = await self.slack.call(
                "chat.getPermalink", channel=place.channel, message_ts=place.first_ts
            )
        except SlackFault as fault:
            log.info("slack.skipped", method=fault.method, why=fault.why)
            return ""
        return str(found.get("permalink", ""))

    def pen(self, lease: Lease, channel: str, thread_ts: str = "") -> Pen:
        """Return what is written with for a conversation, in the team's channel or in the customer's."""
        place = Place(self.team, channel, thread_ts, "", self.team, "0")
        strayed = self.strayed_for(lease.job.thread)
        return Pen(self.slack, self.limiter, lease, place, self.bot_user, self.background, strayed)
