"""Everything that keeps the bot in hand, put together for one process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from redis.asyncio import Redis

from bot.control.alarms import Alarms
from bot.control.budget import Budget
from bot.control.drafts import DraftStore
from bot.control.limits import MessageLimits, Most
from bot.control.pause import Pauses
from bot.conversation import Conversations
from bot.settings import BotSettings
from bot.slack.channels import Channels
from bot.slack.control.alarm_bell import LOOK_S, AlarmBell
from bot.slack.control.dialogues import Dialogues
from bot.slack.control.draft_making import DraftMaking
from bot.slack.control.draft_sending import DraftSending
from bot.slack.control.gate import Gate
from bot.slack.control.team_home import TeamHome
from bot.slack.handoff import Handoffs
from bot.worker import Lease
from graph.support import keep_text_s


@dataclass(frozen=True, slots=True)
class ControlRoom:
    """What the turns, the desk, the intake and the home tab have of it."""

    pauses: Pauses
    gate: Gate
    making: DraftMaking
    sending: DraftSending
    dialogues: Dialogues
    team: TeamHome
    bell: AlarmBell


def control_room(
    settings: BotSettings,
    conversations: Conversations,
    channels: Channels,
    handoffs: Handoffs,
    claim: Callable[[Lease, str, float], Awaitable[object]],
    *,
    above: Pauses | None = None,
) -> ControlRoom:
    """Put the parts together; what is paused is not known yet.

    `claim` gives a conversation to a colleague. `above` is the switch of whoever runs the bot, where this is
    the room of a workspace that is a guest: what all workspaces cost and did is not shown there.
    """
    metrics, inbox = handoffs.slack.metrics, handoffs.inbox
    app, services = conversations.app, conversations.app.support.services
    team = handoffs.team
    phrases, usd = services.prompts.phrases, settings.bot_daily_budget_usd
    pauses = Pauses(app.redis, handoffs.background, team if above else "", above)
    alarms = Alarms(app.redis, team)
    drafts = DraftStore(app.redis, team, keep_text_s(settings))
    budget = None if usd is None or above else Budget(app.redis, usd)

    hosts = app.support.knowledge.hosts
    return ControlRoom(
        pauses,
        Gate(pauses, _limits(settings, app.redis), channels, handoffs, inbox),
        DraftMaking(conversations, inbox, handoffs, drafts, metrics, phrases, hosts),
        DraftSending(conversations, inbox, handoffs, drafts, metrics, phrases, hosts, claim),
        Dialogues(handoffs, drafts, phrases),
        TeamHome(handoffs, pauses, drafts, alarms, app.ledger, phrases, budget),
        AlarmBell(alarms, handoffs, pauses, phrases, services.models, budget, LOOK_S),
    )


def _limits(settings: BotSettings, redis: Redis) -> MessageLimits:
    customer = Most(
        settings.bot_limit_customer_minute,
        settings.bot_limit_customer_hour,
        settings.bot_limit_customer_day,
    )
    workspace = Most(
        settings.bot_limit_workspace_minute,
        settings.bot_limit_workspace_hour,
        settings.bot_limit_workspace_day,
    )
    return MessageLimits(redis, customer, workspace)
