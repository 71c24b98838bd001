"""What works for Slack in a process, put together: from the inbox to the desk that deals with its jobs."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

import structlog

from bot.app import App
from bot.conversation import Conversations
from bot.inbox import Inbox
from bot.metrics import Metrics
from bot.people.hours_file import load_hours
from bot.people.store import HandoffStore
from bot.settings import BotSettings
from bot.slack.api import Slack, SlackFault
from bot.slack.audience import Audiences
from bot.slack.catch_up import CatchUp
from bot.slack.channels import Channels, load_channels
from bot.slack.control.room import ControlRoom, control_room
from bot.slack.desk import Desk
from bot.slack.erasing import Erasing
from bot.slack.events import Pressed
from bot.slack.files import ORIGINS
from bot.slack.handoff import Handoffs
from bot.slack.history import History
from bot.slack.home import Home
from bot.slack.intake import Intake
from bot.slack.limiter import Limiter, Rates
from bot.slack.marks import Marks
from bot.slack.people.door import PeopleDoor
from bot.slack.presence import Offered
from bot.slack.ratings import Ratings
from bot.slack.strays import Strays
from bot.slack.turns import Turns
from bot.tasks import Background
from bot.worker import Workers
from graph.errors import StateAway
from graph.routing.decide import asks_for_person
from graph.support import keep_text_s

log = structlog.get_logger()
T = TypeVar("T")

START_TRIES = 5


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the bot is in its workspace, as auth.test tells."""

    team: str
    user: str
    bot_id: str
    enterprise: str = ""
    """The organisation that the workspace belongs to; empty where it stands alone."""


async def patiently(opening: Callable[[], Awaitable[T]]) -> T:
    """Open what needs Redis; one that is away may be starting as well."""
    for number in range(START_TRIES):
        try:
            return await opening()
        except StateAway as error:
            log.warning("redis.waiting", why=str(error))
            await asyncio.sleep(2**number / 2)
    return await opening()


@dataclass(frozen=True, slots=True)
class Floor:
    """Everything that works for Slack in this process."""

    identity: Identity
    inbox: Inbox
    workers: Workers
    intake: Intake
    handoffs: Handoffs
    slack: Slack
    catch_up: CatchUp
    background: Background
    people: PeopleDoor
    control: ControlRoom


async def open_floor(
    settings: BotSettings, app: App, slack: Slack, identity: Identity, metrics: Metrics,
    *, above: Floor | None = None,
) -> Floor:  # fmt: skip
    """Put the parts together; `above` is the first workspace's, where this one is a guest at it."""
    inbox = await _inbox(settings, app, identity.team)
    limiter, channels = _limiter(settings, app), load_channels(settings.bot_home)
    prompts, language = app.support.services.prompts, app.support.knowledge.language
    conversations, background = Conversations(app), Background()
    handoffs = _handoffs(settings, app, identity, inbox, slack, limiter, background)
    ratings = Ratings(conversations, inbox, app.redis, slack, channels, handoffs)
    marks, history = Marks(app.redis, tenant=identity.team), History(slack, limiter, identity.team)
    strays = Strays(inbox, marks, history, background, identity.user)
    handoffs.strayed_for = strays.posted_for
    people = PeopleDoor(app.support, handoffs, channels, settings)

    async def look_at(conversation: str) -> None:
        await catch_up.look_at(conversation)

    switch = above.control.pauses if above else None
    control = control_room(settings, conversations, channels, handoffs, people.people.claim, above=switch)
    await patiently(control.pauses.look)
    turns = Turns(
        conversations, inbox, slack, limiter, handoffs, metrics, identity.user, _token(settings),
        app.support.knowledge.hosts, _audiences(app, slack, channels, None if above else identity),
        _origins(settings), Offered(), background, strays, people.relay.mirror, control.gate, control.making,
    )  # fmt: skip
    home = Home(slack, limiter, prompts, language, control.team)
    erasing = Erasing(conversations, inbox, handoffs, control.sending.store)
    rooms = people.desk, control.sending, control.team, erasing
    desk = Desk(inbox, turns, handoffs, ratings, home, strays, metrics, look_at, *rooms)
    workers = Workers(inbox, desk.handle, settings.bot_lease_s, settings.bot_turns_at_once, metrics)

    intake = Intake(
        inbox, workers, channels, metrics, identity.user,
        lambda text: asks_for_person(prompts.edition.escalation, text),
        lambda press: _tell_presser(slack, press, prompts.phrases.say("press_failed", language)), background,
        people.reception, people.tell_unknown,
    )  # fmt: skip
    people.opened(intake)
    catch_up = CatchUp(intake, handoffs, settings.bot_lease_s, {control.pauses.key: control.pauses.saw})
    intake.saw, intake.opens = catch_up.saw, control.dialogues.open
    await handoffs.look()
    await patiently(handoffs.staffing.read)
    return Floor(identity, inbox, workers, intake, handoffs, slack, catch_up, background, people, control)


async def _inbox(settings: BotSettings, app: App, tenant: str) -> Inbox:
    inbox = Inbox(
        app.redis, process=_process_name(), lease_s=settings.bot_lease_s, keep_text_s=keep_text_s(settings),
        tenant=tenant,
    )  # fmt: skip
    await patiently(inbox.open)
    return inbox


def _limiter(settings: BotSettings, app: App) -> Limiter:
    rates = Rates(burst=settings.slack_burst, unlimited=settings.slack_limits == "off")
    return Limiter(app.redis, rates=rates)


def _handoffs(  # noqa: PLR0917  # in the order in which open_floor makes them
    settings: BotSettings, app: App, us: Identity, inbox: Inbox, slack: Slack, limiter: Limiter,
    background: Background,
) -> Handoffs:  # fmt: skip
    return Handoffs(
        app.redis, HandoffStore(app.redis, us.team, keep_text_s(settings)), inbox, slack, limiter,
        app.support.services.prompts.phrases, app.support.knowledge.language, us.team, us.user,
        settings.bot_handoff_channel, background, settings.bot_handoff_group, load_hours(settings.bot_home),
    )  # fmt: skip


def _audiences(app: App, slack: Slack, channels: Channels, us: Identity | None) -> Audiences:
    """Return who tells colleagues from others; in a workspace that is not ours, all are others."""
    ours = frozenset(filter(None, (us.team, us.enterprise) if us else ()))
    return Audiences(slack, channels, lambda: app.support.knowledge.closed, ours)


def _token(settings: BotSettings) -> str:
    return settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else ""


def _process_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"


async def _tell_presser(slack: Slack, press: Pressed, words: str) -> None:
    where = {"channel": press.channel, "thread_ts": press.thread_ts}
    try:
        await slack.call("chat.postEphemeral", user=press.user, text=words, **where)
    except SlackFault as fault:
        log.info("slack.skipped", method=fault.method, why=fault.why)


def _origins(settings: BotSettings) -> frozenset[str]:
    """Return where files may be fetched from: Slack, or the stand-in that SLACK_API_URL names."""
    if settings.slack_api_url is None:
        return ORIGINS
    parts = urlsplit(settings.slack_api_url)
    return frozenset({f"{parts.scheme}://{parts.netloc}"})
