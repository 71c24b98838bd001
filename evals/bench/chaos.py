"""`evals bench chaos`: whether every message is answered once and in order, whatever dies meanwhile."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from random import Random

from rich.console import Console

from evals.bench.chaos_people import TEAM_CHANNEL, Colleagues
from evals.bench.chaos_people_checker import check_people, excuse
from evals.bench.chaos_run import Plan, Run, report, running
from evals.bench.chaos_script import ChaosRule
from evals.bench.chaos_stage import LEASE_S, START_S
from evals.bench.figures import Figure
from evals.sim.slack import SlackSettings
from graph.errors import InputError

SLACK_RETRIES_S = (0.0, 60.0, 300.0)
RETRIES_S = (0.0, 3.0, 15.0)
"""The same for runs that last minutes."""
FAULT_SHARE = 0.06
"""Of the requests to the vendors."""
REDELIVERED = 1 / 3
AROUND_S = 10.0
"""How long people write before and after an outage."""
FEW = 10
"""Customers who write through an outage."""
STREAMS = 20
SLOWLY = 6.0
"""Tokens a second, so that streams last seconds."""
DRAIN_S = 40.0
DELIVERIES = 5
POISONER = 900
"""A customer with nothing else to say."""


async def bench_chaos(console: Console, plan: Plan, scenarios: Sequence[str]) -> int:
    """Go through the scenarios and print what was found; returns 1 where something is wrong.

    Raises InputError for a scenario that there is not.
    """
    if unknown := [name for name in scenarios if name not in SCENARIOS]:
        raise InputError(f"there is no scenario `{unknown[0]}`; there are {', '.join(SCENARIOS)}")
    return max([await SCENARIOS[name](console, plan) for name in scenarios], default=0)


async def _main(console: Console, plan: Plan) -> int:
    """Break everything, again and again."""
    slack = SlackSettings(seed=plan.seed, redeliver_share=REDELIVERED, retry_after_s=RETRIES_S)
    async with running("main", plan, slack, ChaosRule(plan.seed, fault_share=FAULT_SHARE)) as run:
        await _open(run, plan.processes)
        run.traffic.start(plan.threads)
        run.nemesis.start(flush_after_s=plan.seconds / 2 if plan.flush else None)
        await run.watch(plan.seconds, "breaking things")
        await run.traffic.end()
        await run.nemesis.heal()
        found, figures = await run.conclude(await run.settle())
    return report(console, f"{plan.seconds:g} s of chaos, seed {plan.seed}", found, figures)


async def _people(console: Console, plan: Plan) -> int:
    """Break everything while colleagues take conversations over."""
    slack = SlackSettings(seed=plan.seed, redeliver_share=REDELIVERED, retry_after_s=RETRIES_S)
    rule = ChaosRule(plan.seed, fault_share=FAULT_SHARE)
    team = {"BOT_HANDOFF_CHANNEL": TEAM_CHANNEL}
    async with running("people", plan, slack, rule, team) as run:
        colleagues = Colleagues(run.stage.slack, run.traffic, plan.seed)
        await _open(run, plan.processes)
        run.traffic.start(plan.threads)
        colleagues.start()
        run.nemesis.start(flush_after_s=plan.seconds / 2 if plan.flush else None)
        await run.watch(plan.seconds, "breaking things")
        await run.traffic.end()
        await run.nemesis.heal()
        await colleagues.end()
        settled_s = await run.settle()
        history = await run.gather()
        people = check_people(colleagues, history)
        found, figures = await run.conclude(settled_s, excuse=partial(excuse, colleagues))
    for kind in ("spoke", "lost", "doubled", "misordered"):
        for name in getattr(people, kind)[:5]:
            console.print(f"people, {kind}: {name}", highlight=False, soft_wrap=True)
    title = f"{plan.seconds:g} s of chaos with people, seed {plan.seed}"
    return report(console, title, found, [*people.figures(), *figures])


async def _open(run: Run, processes: int) -> None:
    run.stage.supervise(processes)
    await run.stage.until_serving(processes)


async def _redis_away(seconds: float, console: Console, plan: Plan) -> int:
    """Take Redis away for longer than Slack's first retries, or for longer than all of them."""
    schedule = tuple(wait * plan.scale for wait in SLACK_RETRIES_S)
    slack = SlackSettings(seed=plan.seed, retry_after_s=schedule)
    async with running(f"redis-away-{seconds:g}", plan, slack, ChaosRule(plan.seed)) as run:
        await _open(run, plan.processes)
        run.traffic.start(FEW)
        await run.watch(AROUND_S, "before")
        away = asyncio.create_task(run.nemesis.take_redis_away(seconds * plan.scale))
        await run.watch(seconds * plan.scale, "Redis is away")
        await away
        await run.watch(AROUND_S, "after")
        await run.traffic.end()
        settled_s = await run.settle(schedule[-1] + 90.0)
        found, figures = await run.conclude(settled_s, all_said=True)
    return report(console, f"Redis away for {seconds * plan.scale:g} s", found, figures)


async def _sigterm(console: Console, plan: Plan) -> int:
    """End a process while it streams, as a deployment does, with another one coming up."""
    rule = ChaosRule(plan.seed, tokens_per_s=SLOWLY)
    async with running("sigterm", plan, SlackSettings(seed=plan.seed), rule) as run:
        leaving = await run.stage.start_bot()
        await run.stage.until_serving(1)
        _ask(run, range(STREAMS))
        await _until(lambda: sum(shown.streaming for shown in run.traffic.shown()) >= STREAMS, run)
        await run.stage.start_bot()
        streams = sum(shown.streaming for shown in run.traffic.shown())
        began = time.monotonic()
        leaving.process.send_signal(signal.SIGTERM)
        _ask(run, range(STREAMS, STREAMS + FEW))
        code = await asyncio.wait_for(leaving.process.wait(), DRAIN_S + LEASE_S)
        drained_s = time.monotonic() - began
        run.stage.bots.remove(leaving)
        found, figures = await run.conclude(await run.settle())
    figures += [
        Figure("streams under way at SIGTERM", streams, ""),
        Figure("drained in", drained_s, "s", DRAIN_S),
        Figure("its exit code", abs(code), "", 0),
    ]
    return report(console, "SIGTERM while answers are streamed", found, figures)


def _ask(run: Run, customers: range) -> None:
    draw = Random(run.plan.seed)
    for number in customers:
        run.traffic.ask(number, number, draw)


async def _until(happened: Callable[[], bool], run: Run) -> None:
    ends = time.monotonic() + START_S
    while not happened() and time.monotonic() < ends:
        await run.watch(0.05, "waiting")


async def _poison(console: Console, plan: Plan) -> int:
    """Let one message kill each process that asks a model about it, while others write."""
    slack = SlackSettings(seed=plan.seed, retry_after_s=RETRIES_S)
    async with running("poison", plan, slack, ChaosRule(plan.seed)) as run:
        await _open(run, plan.processes)
        poison = run.traffic.ask(POISONER, 0, Random(0))
        killing = asyncio.create_task(_kill_askers(run, poison.nonce))
        run.traffic.start(FEW)
        await run.watch(DELIVERIES * LEASE_S, "one message kills")
        await run.traffic.end()
        settled_s = await run.settle()
        killing.cancel()
        found, figures = await run.conclude(settled_s)
    kills = sum(trouble.kind == "kill" for trouble in run.stage.troubles)
    figures = [figure for figure in figures if figure.name != "dead letters"]
    figures += [
        Figure("processes that the message killed", kills, "", DELIVERIES),
        Figure("dead letters beside it", found.dead - 1, "", 0),
        Figure("still tried", float(found.dead == 0), "", 0),
    ]
    return report(console, "a message that kills", found, figures)


async def _kill_askers(run: Run, nonce: str) -> None:
    stage, known = run.stage, 0
    while True:
        stage.look()
        asking = {asked.process for asked in stage.asked[known:] if nonce in asked.nonces}
        known = len(stage.asked)
        for bot in stage.bots:
            if bot.number in asking:
                stage.kill(bot)
        await asyncio.sleep(0.01)


SCENARIOS: dict[str, Callable[[Console, Plan], Awaitable[int]]] = {
    "main": _main,
    "people": _people,
    "redis-away-30": partial(_redis_away, 30.0),
    "redis-away-600": partial(_redis_away, 600.0),
    "sigterm": _sigterm,
    "poison": _poison,
}
