"""`bot serve`: Slack's side of the process, from opening everything to draining at SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
from aiohttp import web
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow

from bot.app import App, running
from bot.at_work import at_work, caught_up, drained
from bot.floor import START_TRIES, Floor, Identity, open_floor, patiently
from bot.metrics import Metrics, health_app, metrics_app
from bot.people.calls_in import add_handoffs
from bot.settings import BotSettings, Transport
from bot.slack.api import Limited, Slack, SlackFault, Unsure, open_slack
from bot.slack.handoff import Handoffs
from bot.slack.installs.flow import add_pages, make_flow
from bot.slack.installs.problem import installing_problem
from bot.slack.installs.sealing import Seal
from bot.slack.installs.store import Installations, States
from bot.slack.intake import IntakeMiddleware
from bot.slack.transports import Sockets, add_events
from bot.workspaces import Authorize, Workspaces
from graph.errors import FirstlineError
from graph.tasks import end

log = structlog.get_logger()


class ServeError(FirstlineError):
    """The bot cannot serve as it is set up."""


async def serve(settings: BotSettings, *, transport: Transport | None, sample: bool) -> int:
    """Serve until SIGTERM or SIGINT; a second one stops at once."""
    chosen = _checked(settings, transport, sample=sample)
    stopping = asyncio.Event()
    _on_signals(stopping)
    await serve_until(stopping, settings, chosen)
    return 0


async def serve_until(stopping: asyncio.Event, settings: BotSettings, transport: Transport) -> None:
    """Serve until told to stop, then drain; raises ServeError where it cannot."""
    metrics = Metrics()
    token = settings.slack_bot_token
    assert token
    url, timeout_s = settings.slack_api_url, settings.slack_timeout_s
    people: list[Handoffs] = []
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(
            open_slack(token.get_secret_value(), metrics, url=url, timeout_s=timeout_s)
        )
        # Slack is asked who the bot is while the articles are read.
        identity = asyncio.create_task(_identity(slack))
        stack.push_async_callback(end, identity)
        app = await patiently(
            lambda: stack.enter_async_context(
                running(settings, people=lambda: bool(people) and people[0].reachable(), deploys=True)
            )
        )
        # The second vendor can wait.
        leader = app.support.services.tiers.first.candidates[0].provider
        opening = asyncio.create_task(app.support.services.models.opened(leader))
        stack.push_async_callback(end, opening)
        floor = await open_floor(settings, app, slack, await identity, metrics)
        _refuse_shared(floor)
        people.append(floor.handoffs)
        served = _workspaces(settings, app, floor, metrics)
        await stack.enter_async_context(_listening(settings, served, transport, metrics, stopping))
        # What came until now is in the inbox, and others who can answer already may have taken it.
        await opening
        floor.workers.start()
        served.start()
        app.support.warm_up()
        paused = {pause.scope: f"{pause.reason} (by {pause.by})" for pause in floor.control.pauses.all}
        log.info("serving", transport=transport, articles=app.support.knowledge.articles, paused=paused)
        await stopping.wait()
        log.info("draining", under_way=len(floor.workers.leases))


def _refuse_shared(floor: Floor) -> None:
    """Raise ServeError where another company would read what is written to the team."""
    if floor.handoffs.shared:
        raise ServeError(
            f"BOT_HANDOFF_CHANNEL {floor.handoffs.channel} is shared with another company, which would read"
            " what customers wrote: choose a channel of your own."
        )


def _checked(settings: BotSettings, transport: Transport | None, *, sample: bool) -> Transport:
    """Return how Slack is listened to; raises ServeError with what is missing."""
    if settings.slack_bot_token is None:
        raise ServeError(
            "SLACK_BOT_TOKEN is not set: install the app (README, “In Slack”) and give its bot token."
        )
    chosen = transport or settings.transport
    if chosen is None:
        raise ServeError(
            "Set SLACK_APP_TOKEN to listen by socket, or SLACK_SIGNING_SECRET to listen over HTTP."
        )
    if chosen == "socket" and settings.slack_app_token is None:
        raise ServeError("--transport socket needs SLACK_APP_TOKEN.")
    if chosen == "http" and settings.slack_signing_secret is None:
        raise ServeError("--transport http needs SLACK_SIGNING_SECRET.")
    if chosen == "http" and settings.redis_url is None:
        raise ServeError(
            "Over HTTP the bot needs REDIS_URL: what was acknowledged would be lost with the process."
        )
    _check_installing(settings)
    if settings.bot_home is None and not sample:
        raise ServeError(
            "BOT_HOME is not set, so the bot would answer for the sample shop Larkfield:"
            " make your own folder with `bot init DIR`, or say --sample to try it out."
        )
    return chosen


def _check_installing(settings: BotSettings) -> None:
    """Raise ServeError where other workspaces are to install the app and something for it is missing."""
    if problem := installing_problem(settings):
        raise ServeError(problem + ".")


def _on_signals(stopping: asyncio.Event) -> None:
    def stop() -> None:
        if stopping.is_set():
            log.warning("stopped", why="a second signal came while draining")
            os._exit(1)
        stopping.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)


async def _identity(slack: Slack) -> Identity:
    """Ask Slack who the bot is; raises ServeError where the token is refused."""
    for number in range(START_TRIES):
        try:
            found = await slack.call("auth.test")
            return Identity(
                str(found["team_id"]),
                str(found["user_id"]),
                str(found.get("bot_id", "")),
                str(found.get("enterprise_id") or ""),
            )
        except (Limited, Unsure) as fault:
            log.warning("slack.waiting", why=fault.why)
            await asyncio.sleep(2**number / 2)
        except SlackFault as fault:
            raise ServeError(f"Slack refuses SLACK_BOT_TOKEN ({fault.why}); `bot check` says more.") from None
    raise ServeError("Slack cannot be reached: see the network, or SLACK_API_URL.")


@asynccontextmanager
async def _listening(
    settings: BotSettings,
    served: Workspaces,
    transport: Transport,
    metrics: Metrics,
    stopping: asyncio.Event,
) -> AsyncIterator[None]:
    """Listen to Slack and answer health checks; at the end, first stop listening, then drain."""
    floor = served.home
    flow = _flow(settings, served)
    bolt = _bolt(settings, served, flow)

    def ready() -> str | None:
        if stopping.is_set():
            return "draining"
        if not floor.workers.started:
            return "starting"
        return None if floor.workers.reachable else "Redis does not answer"

    health = health_app(ready)
    if transport == "http":
        add_events(health, bolt)
        if flow:
            add_pages(health, flow)
    if floor.people.calls_in:
        add_handoffs(health, floor.people.calls_in)

    async def drain() -> None:
        await asyncio.gather(drained(floor, settings.bot_drain_s), served.close())

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(caught_up(floor))
        await stack.enter_async_context(_site(health, settings.port, "health.on"))
        if settings.metrics_port:
            pages = metrics_app(metrics, served.stats)
            await stack.enter_async_context(_site(pages, settings.metrics_port, "metrics.on"))
        await stack.enter_async_context(at_work(settings, floor, drain))
        if transport == "socket":
            token = settings.slack_app_token
            assert token
            url = floor.slack.client.base_url
            sockets = Sockets(
                bolt, token.get_secret_value(), url, floor.inbox.workers,
                back=served.heard_again_since,
            )  # fmt: skip
            stack.push_async_callback(sockets.close)
            await sockets.open()
        yield


def _workspaces(settings: BotSettings, app: App, floor: Floor, metrics: Metrics) -> Workspaces:
    installations = None
    if settings.installable:
        keys = settings.bot_token_keys
        installations = Installations(app.redis, Seal(keys.get_secret_value() if keys else ""))
    return Workspaces(settings, app, floor, metrics, installations)


def _flow(settings: BotSettings, served: Workspaces) -> AsyncOAuthFlow | None:
    if served.installations is None:
        return None
    return make_flow(settings, served.installations, States(served.app.redis))


def _bolt(settings: BotSettings, served: Workspaces, flow: AsyncOAuthFlow | None) -> AsyncApp:
    secret = settings.slack_signing_secret
    # It would say that the token which its client brings is not used: `Authorize` knows better.
    chatty = logging.getLogger("slack_bolt.AsyncApp")
    chatty.addFilter(_silent)
    bolt = AsyncApp(
        name="firstline",  # else it looks through every loaded module for one
        client=served.home.slack.client,
        signing_secret=secret.get_secret_value() if secret else "",
        authorize=Authorize(served),
        oauth_flow=flow,
        # Where it is given none, it makes one of its own from the environment, which keeps files.
        oauth_settings=flow.settings if flow else None,
    )
    chatty.removeFilter(_silent)
    bolt.use(IntakeMiddleware(served.receive))
    return bolt


def _silent(_record: logging.LogRecord) -> bool:
    return False


@asynccontextmanager
async def _site(application: web.Application, port: int, event: str) -> AsyncIterator[None]:
    """Serve an application on a port of all interfaces; raises ServeError where the port is taken."""
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, None, port).start()
        except OSError as error:
            raise ServeError(
                f"Port {port} cannot be listened on ({error.strerror}): set another one."
            ) from None
        log.info(event, port=runner.addresses[0][1])
        yield
    finally:
        await runner.cleanup()
