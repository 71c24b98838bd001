"""`bot chat`: a conversation in a terminal, or line by line from a pipe."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bot.app import App, running
from bot.conversation import Conversations, log_told
from bot.lines import Lines
from bot.settings import BotSettings
from bot.terminal import Screen, counted, why
from graph.command_line import COULD_NOT_RUN, FINE, INTERRUPTED, make_console
from graph.errors import StateError
from graph.records.codec import to_line
from graph.tiers import EXTRACTIVE
from graph.turn import Audience, Chunk, Finished, Message, Signals, TextDelta, Thumb, Turn, TurnRecord

CUSTOMER = "terminal"
LEAVE_WITHIN_S = 2.0
HELP = """\
/why     how the last answer came about: route, calls, sources, prompts
/good    the last answer helped
/bad     it did not: the next message goes to a larger model
/person  ask for a person
/new     start a new conversation
/help    this list
Ctrl-C stops an answer; Ctrl-C twice or Ctrl-D leaves."""


async def chat(
    settings: BotSettings, *, knowledge: Path | None, as_json: bool, audience: Audience = "internal"
) -> int:
    """Talk until the input ends; returns the exit code."""
    async with running(settings, knowledge=knowledge) as app:
        talk = Talk(app, as_json, audience)
        for line in opening(app, knowledge, audience):
            talk.notices.line(line, "dim")
        if talk.interactive:
            talk.notices.line("/help lists what else you can do here.\n", "dim")
        app.support.warm_up()
        await talk.run()
        return talk.leave()


def opening(app: App, knowledge: Path | None, audience: Audience = "internal") -> Iterator[str]:
    """Say what answers, from what, and what does not last, a line each."""
    settings, support = app.settings, app.support
    articles = support.knowledge.articles
    if knowledge is None and settings.bot_home is None:
        yield (
            f"This is the sample shop Larkfield ({articles} articles)."
            " For your own articles: --knowledge DIR, or `bot init DIR` and BOT_HOME."
        )
    else:
        yield f"{counted(articles, 'article')} from {support.knowledge.folder}."
    if audience == "everyone" and support.knowledge.closed:
        yield f"Answers rest on {support.knowledge.for_everyone} of them: those with `audience: everyone`."
    tiers = support.services.tiers.ladder
    if tiers[0].name == EXTRACTIVE:
        yield "No model key is set: answers are quotations. Set ANTHROPIC_API_KEY or OPENAI_API_KEY."
    else:
        yield " → ".join([*(f"{tier.name} ({tier.candidates[0].model})" for tier in tiers), "person"])
    if settings.redis_url is None:
        yield "No REDIS_URL: the conversation ends with the program; its numbers stay (`bot report`)."


@dataclass(slots=True)
class Talk:
    """One sitting at the terminal."""

    app: App
    as_json: bool
    audience: Audience = "internal"
    screen: Screen = field(init=False)
    notices: Screen = field(init=False)
    """Where the program itself speaks: beside the answers where these go into a pipe, and beside records."""
    lines: Lines = field(init=False)
    conversations: Conversations = field(init=False)
    interactive: bool = field(init=False)
    id: str = ""
    last: TurnRecord | None = None
    unanswered: int = 0
    """Messages that could not be answered because the state was away."""
    _stop: asyncio.Event | None = None
    _leave: asyncio.Event = field(default_factory=asyncio.Event)
    _interrupted_at: float = -LEAVE_WITHIN_S
    _said: str = ""

    def __post_init__(self) -> None:
        self.screen = Screen(make_console())
        beside = self.as_json or not sys.stdout.isatty()
        self.notices = Screen(make_console(stderr=True)) if beside else self.screen
        self.interactive = sys.stdin.isatty()
        self.lines = Lines(sys.stdin.fileno())
        self.conversations = Conversations(self.app)
        self._new()

    async def run(self) -> None:
        """Take line after line until the end, or until somebody leaves."""
        with suppress(NotImplementedError):  # Windows has no such handlers: there, Ctrl-C just leaves
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._interrupt)
        while (line := await self._next_line()) is not None:
            if self.interactive and not line.strip():
                continue
            if not await self._command(line.strip()):
                await self._say(line)

    async def _next_line(self) -> str | None:
        if self._leave.is_set():
            return None
        if self.interactive:
            self.notices.ask()
        line = asyncio.create_task(self.lines.next())
        leave = asyncio.create_task(self._leave.wait())
        await asyncio.wait((line, leave), return_when=asyncio.FIRST_COMPLETED)
        said = line.result() if line.done() and not self._leave.is_set() else None
        for task in (line, leave):
            task.cancel()
        return said

    async def _say(self, text: str, *, person: bool = False) -> None:
        turn_id = uuid.uuid4().hex[:12]
        turn = Turn(
            id=turn_id,
            conversation=self.id,
            customer=CUSTOMER,
            messages=(Message(turn_id, text),),
            received_at=time.time(),
            signals=Signals(person=person),
            audience=self.audience,
        )
        self._stop = asyncio.Event()
        try:
            told = await self.conversations.answer(turn, self, stop=self._stop)
            await self.conversations.keep(told)
            self.last = told.record
            if self.as_json:
                self._record(told.record)
            else:
                self.screen.show(Finished(told.record))
            # After the end of the answer is shown: in one pipe it would stand in its middle.
            log_told(told)
        except StateError as error:
            self.unanswered += 1
            say = self.app.support.services.prompts.phrases.say
            if not self.as_json:
                self.screen.show(TextDelta(say("error", self.app.support.knowledge.language)))
                self.screen.line("")
            self.notices.line(str(error), "red")
        finally:
            self._stop = None
        self._say_problem()

    async def show(self, chunk: Chunk) -> None:
        """Write a chunk, unless records are wanted instead of answers."""
        if not self.as_json:
            self.screen.show(chunk)

    async def finish(self, record: TurnRecord) -> TurnRecord:
        """Return the record as it is: words are seen here as soon as they are written."""
        return record

    def _record(self, record: TurnRecord) -> None:
        sys.stdout.write(to_line(record) + "\n")
        sys.stdout.flush()

    def _say_problem(self) -> None:
        """Say once what keeps the ledger from being written, and again when it is something else."""
        problem = self.conversations.problem
        if problem and problem != self._said:
            self.notices.line(problem, "red")
        self._said = problem

    async def _command(self, line: str) -> bool:
        """Carry out a command; False where the line is none, but something a customer may say."""
        match line:
            case "/help":
                self.notices.line(HELP)
            case "/new":
                self._new()
                self.notices.line("A new conversation.", "dim")
            case "/person":
                await self._say("", person=True)
            case "/why" if self.last:
                used = [call.prompt_versions for call in self.last.calls if call.prompt_versions]
                versions = used[-1] if used else self.app.support.services.prompts.versions
                self.notices.console.print(why(self.last, versions))
            case "/good" if self.last:
                await self._rate(self.last, "up")
            case "/bad" if self.last:
                await self._rate(self.last, "down")
            case "/why" | "/good" | "/bad":
                self.notices.line("There is no answer yet.")
            case _ if line.startswith("/") and line[1:].isalpha():
                self.notices.line(f"There is no command {line}; /help lists them.")
            case _:
                return False
        return True

    async def _rate(self, record: TurnRecord, value: Thumb) -> None:
        try:
            await self.conversations.rate(
                record.turn_id, record.conversation, value, person=CUSTOMER, who="asker", via="button"
            )
        except StateError as error:
            self.notices.line(str(error), "red")
        else:
            say = self.app.support.services.prompts.phrases.say
            self.notices.line(say("rating_thanks", record.language), "dim")
        self._say_problem()

    def _new(self) -> None:
        self.id = f"terminal-{uuid.uuid4().hex[:12]}"
        self.last = None

    def _interrupt(self) -> None:
        now = time.monotonic()
        # A pipe has nobody who could go on talking after the first.
        if not self.interactive or now - self._interrupted_at < LEAVE_WITHIN_S:
            self._leave.set()
        elif self._stop is None:
            self.notices.line("\nCtrl-C once more leaves.", "dim")
            self.notices.ask()
        self._interrupted_at = now
        if self._stop is not None:
            self._stop.set()

    def leave(self) -> int:
        """Say goodbye with what the ledger would not take, so that nothing is lost; returns the exit code."""
        if self.interactive:
            self.notices.line("")
        if self.conversations.unsaved:
            self.notices.line(self.conversations.problem, "red")
            self.notices.line("What follows, a line each, is not in the ledger; keep it:", "red")
            for line in self.conversations.unsaved_lines():
                sys.stderr.write(line + "\n")
            return COULD_NOT_RUN
        if self.unanswered:
            self.notices.line(f"{counted(self.unanswered, 'message')} got no answer; send them again.", "red")
            return COULD_NOT_RUN
        return INTERRUPTED if self._leave.is_set() else FINE
