"""The commands of `evals`: measuring through the same door as the bot."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from evals.bench.answers import measure_answers, print_answers
from evals.bench.chaos import SCENARIOS, bench_chaos
from evals.bench.chaos_run import Plan
from evals.bench.first_text import bench_first_text
from evals.bench.retrieve import measure_quality, measure_speed, print_retrieve
from evals.bench.stats import bench_stats
from evals.bench.suite import bench_suite
from evals.bench.turn import bench_turn
from evals.importers import commands as importing
from evals.improve import commands as improving
from evals.judge import commands as judging
from evals.options import read_settings
from evals.preview import commands as preview
from evals.publishing import commands as publishing
from evals.retrieve import retrieve_lines
from evals.route import route_lines
from evals.running import commands as running
from evals.sim.script import DefaultRule, Script
from evals.sim.server import Sim
from evals.sim.settings import Settings
from evals.sim.slack.server import SlackSim, told_to_end
from evals.sim.slack.settings import SlackSettings
from evals.suite import case_commands
from graph.command_line import make_app, make_console, run_to_exit
from graph.errors import InputError
from graph.support import load_all_tiers, open_articles, open_services, open_support
from graph.turn import Audience

IMPROVE, PLUMBING = "Improve", "Plumbing"

app = make_app("evals", "Measure the bot: where turns go, what is found, how fast it is.")
bench = make_app("bench", "The benchmarks. They print medians of one run; compare within a run.")
app.add_typer(bench, name="bench", rich_help_panel=IMPROVE)
for room in (running, preview, case_commands, publishing, improving, judging, importing):
    room.add(app)
improving.add_bench(bench)

Knowledge: TypeAlias = Annotated[
    Path | None, typer.Option("--knowledge", metavar="DIR", help="The folder of Markdown articles.")
]
Lines: TypeAlias = Annotated[
    Path | None, typer.Argument(metavar="[FILE]", help="JSON lines; standard input without it.")
]


@app.command(rich_help_panel=IMPROVE)
def route(file: Lines = None, knowledge: Knowledge = None) -> None:
    """Say which tier each message goes to and why, as JSON lines; calls no model.

    In: {"id", "messages": [{"role", "text"}]}. Out: {"id", "tier", "by", "reason", "confidence", "ms"}.

    Example: evals route messages.jsonl | jq -r .tier | sort | uniq -c
    """

    async def run() -> int:
        settings = read_settings()
        # All tiers, whatever keys there are: what is asked is where a turn would go.
        services = open_services(settings, open_articles(settings, knowledge), load_all_tiers(settings))
        services.languages.warm_up()  # or the first message would be timed with it
        async for line in route_lines(_lines(file), services):
            typer.echo(json.dumps(line, ensure_ascii=False))
        return 0

    run_to_exit(run)


@app.command(rich_help_panel=IMPROVE)
def retrieve(
    file: Lines = None,
    knowledge: Knowledge = None,
    k: Annotated[
        int, typer.Option("-k", min=1, max=100, help="Passages per question, each of another article.")
    ] = 10,
    audience: Annotated[
        Audience, typer.Option(help="Whose articles are searched: everyone's alone, or all.")
    ] = "internal",
) -> None:
    """Say which passages are found for each question, as JSON lines.

    In: {"id", "query"}. Out: {"id", "passages": [{"article", "passage", "score"}]}, best first.

    Example: evals retrieve -k 3 questions.jsonl --knowledge help/
    """

    async def run() -> int:
        articles = open_articles(read_settings(), knowledge)
        for line in retrieve_lines(_lines(file), articles, k, audience):
            typer.echo(json.dumps(line, ensure_ascii=False))
        return 0

    run_to_exit(run)


@app.command(rich_help_panel=PLUMBING)
def sim(
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 0,
    ttft: Annotated[float, typer.Option(help="Seconds to the first token.")] = 0.3,
    rate: Annotated[float, typer.Option(help="Tokens a second.")] = 100.0,
    slack: Annotated[int, typer.Option(help="The port of Slack; 0 takes a free one.")] = 0,
) -> None:
    r"""Run stand-ins for both vendors' streaming APIs, with the key `sim-key`, and for Slack.

    A message with the word \[hard] in it makes the small model escalate.

    Prints one JSON line: the addresses, and under `env` the variables to set for `bot`.

    Example: evals sim --port 8765

    Say something in Slack with curl and POST /control/say: user, channel, text.
    """

    async def run() -> int:
        script = Script(DefaultRule(ttft_s=ttft, tokens_per_s=rate))
        ended = told_to_end()
        async with Sim(Settings(port=port), script) as models, SlackSim(SlackSettings(port=slack)) as there:
            typer.echo(json.dumps(_addresses(models, there)))
            await ended.wait()
        return 0

    run_to_exit(run)


@bench.command("turn")
def turn(turns: Annotated[int, typer.Option(min=5, help="Turns a vendor, one at a time.")] = 40) -> None:
    """Measure what a turn costs beside the model: time, CPU, state, import; exits 1 where a limit is passed.

    Example: evals bench turn
    """
    run_to_exit(lambda: bench_turn(make_console(), turns=turns))


@bench.command("first-text")
def first_text(
    part: Annotated[list[str] | None, typer.Option(help="Only this part; may be given again.")] = None,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="A small sample of everything.")] = False,
) -> None:
    """Measure how soon first words are in Slack, and what that takes; exits 1 where a limit is passed.

    Takes about ten minutes. Parts: start, limits-off, latency, limits-on, openai, acks, memory, yardstick.

    Example: evals bench first-text --part limits-off --part yardstick
    """
    run_to_exit(lambda: bench_first_text(make_console(), quick=quick, parts=part or ()))


@bench.command("chaos")
def chaos(
    *,
    seconds: Annotated[float, typer.Option(min=1, help="How long things break in the main scenario.")] = 600,
    seed: Annotated[int, typer.Option(help="The same seed breaks the same things.")] = 1,
    processes: Annotated[int, typer.Option(min=1, help="Processes of the bot.")] = 3,
    threads: Annotated[int, typer.Option(min=1, help="Customers who write at the same time.")] = 40,
    scenario: Annotated[
        list[str] | None, typer.Option(help=f"Only this one; may be given again: {', '.join(SCENARIOS)}.")
    ] = None,
    scale: Annotated[
        float, typer.Option(min=0.01, max=1, help="Make outages, and Slack's retries, shorter by this.")
    ] = 1.0,
    flush: Annotated[bool, typer.Option(help="Let Redis lose everything once, in the middle.")] = True,
    timed: Annotated[bool, typer.Option(help="Judge how long recovery takes, not only what is left.")] = True,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the history and the logs in this folder.")
    ] = None,
) -> None:
    """Break everything while people write, and look that nothing is lost, doubled or out of order.

    Real processes of the bot and a real Redis are killed, stopped and started again; Slack and the vendors
    are stand-ins that fail as well. From 600 seconds on all scenarios follow, which takes half an hour;
    below, only the main one. Exits 1 where something is found.

    Example: evals bench chaos --seconds 60 --seed 7 --keep /tmp/chaos
    """
    chosen = scenario or (list(SCENARIOS) if seconds >= 600 else ["main"])
    plan = Plan(seconds, seed, processes, threads, scale, flush, timed, keep)
    run_to_exit(lambda: bench_chaos(make_console(), plan, chosen))


@bench.command("stats")
def stats(data: Annotated[Path | None, typer.Option("--data", metavar="FILE")] = None) -> None:
    """Print the statistics of tau-bench's transcripts; as data, ../shared/data/tau_airline/ without --data.

    Example: evals bench stats --data gpt-4o-airline.json
    """
    run_to_exit(lambda: bench_stats(make_console(), data))


@bench.command("suite")
def suite(
    cases: Annotated[int, typer.Option(min=3, help="The shipped ones, over and over.")] = 1000,
    trials: Annotated[int, typer.Option(min=1, help="Of each case, bare and as a run.")] = 3,
) -> None:
    """Measure what playing, checking and reporting cases costs beside their turns, and whether memory grows.

    Times the shipped cases without a key, and a preview of a rule, too; exits 1 where a limit is passed.

    Example: evals bench suite --cases 100 --trials 1
    """
    run_to_exit(lambda: bench_suite(make_console(), cases=cases, trials=trials))


@bench.command("retrieve")
def bench_retrieve(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help='JSON lines: {"id", "query", "articles": [...]}.')
    ],
    knowledge: Knowledge = None,
) -> None:
    """Measure how well and how fast articles are found: recall, hits, index and search time.

    Example: evals bench retrieve questions.jsonl --knowledge help/
    """

    async def run() -> int:
        quality = measure_quality(_lines(file), open_articles(read_settings(), knowledge))
        print_retrieve(make_console(), quality, measure_speed())
        return 0

    run_to_exit(run)


@bench.command("answers")
def bench_answers(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help='JSON lines: {"id", "query", "articles": [...]}.')
    ],
    knowledge: Knowledge = None,
) -> None:
    """Measure how many questions are answered with no model at all, and from which articles.

    Example: evals bench answers questions.jsonl --knowledge help/
    """

    async def run() -> int:
        settings = read_settings().alone
        async with open_support(settings, knowledge=knowledge) as support:
            answers = await measure_answers(_lines(file), support, make_console(stderr=True))
        print_answers(make_console(), answers)
        return 0

    run_to_exit(run)


def _addresses(models: Sim, slack: SlackSim) -> dict[str, object]:
    settings = slack.settings
    env = {
        "ANTHROPIC_API_KEY": "sim-key",
        "ANTHROPIC_BASE_URL": models.anthropic_url,
        "SLACK_API_URL": slack.api_url,
        "SLACK_BOT_TOKEN": settings.bot_token,
        "SLACK_APP_TOKEN": settings.app_token,
        "SLACK_SIGNING_SECRET": settings.signing_secret,
    }
    vendors = {"anthropic": models.anthropic_url, "openai": models.openai_url}
    return vendors | {"slack": slack.api_url, "slack_control": slack.control_url, "env": env}


def _lines(file: Path | None) -> Iterator[str]:
    """Read lines one by one, so that a pipe is answered as it comes."""
    try:
        with nullcontext(sys.stdin.buffer) if file is None else file.open("rb") as source:
            for number, raw in enumerate(source, 1):
                try:
                    yield raw.decode("utf-8").removeprefix("\ufeff")
                except UnicodeDecodeError:
                    raise InputError(f"line {number} is not UTF-8 text; save the file as UTF-8") from None
    except OSError as error:
        raise InputError(
            f"{file or 'standard input'} cannot be read ({error.strerror}); give JSON lines"
        ) from None
