"""`bot chat`: a conversation in a terminal, or line by line from a pipe."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
import uuid
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from bot.app import App, running
from bot.conversation import Conversations
from bot.lines import Lines
from bot.settings import BotSettings
from bot.terminal import Screen, why
from graph.errors import StateError
from graph.records.codec import to_line
from graph.tiers import EXTRACTIVE
from graph.turn import Finished, Message, Signals, Thumb, Turn, TurnRecord

CUSTOMER = "terminal"
LEAVE_WITHIN_S = 2.0
HELP = """\
/why     who answered the last message, with every model call
/good    the last answer helped
/bad     it did not: the next message goes to a larger model
/person  ask for a person
/new     start a new conversation
/help    this list
Ctrl-C stops the answer; twice, or Ctrl-D, leaves."""


async def chat(settings: BotSettings, *, knowledge: Path | None, as_json: bool) -> int:
    """Talk until the input ends; returns the exit code."""
    # Notices go beside the answers, so that a pipe holds answers or records alone.
    notices = Console(stderr=True)
    async with running(settings, knowledge=knowledge) as app:
        talk = Talk(app, as_json, Lines(sys.stdin.buffer), notices)
        for line in opening(app, knowledge):
            notices.print(line, highlight=False, soft_wrap=True)
        app.support.warm_up()
        await talk.run()
        return talk.report_unsaved()


def opening(app: App, knowledge: Path | None) -> list[str]:
    """Say what answers, from what, and what does not last, a line each."""
    support, settings = app.support, app.settings
    articles = support.knowledge.articles
    lines = []
    if knowledge is None and settings.bot_home is None:
        lines.append(
            f"[dim]This is the sample shop Larkfield ({articles} articles)."
            " Your own articles: --knowledge DIR, or BOT_HOME after `bot init DIR`.[/dim]"
        )
    else:
        lines.append(f"[dim]{articles} articles from {knowledge or settings.bot_home}[/dim]")
    tiers = support.services.tiers.ladder
    if tiers[0].name == EXTRACTIVE:
        lines.append(
            "[dim]No model key is set: answers are quotations. Set ANTHROPIC_API_KEY or OPENAI_API_KEY.[/dim]"
        )
    else:
        ladder = " → ".join(f"{tier.name} ({tier.candidates[0].model})" for tier in tiers)
        lines.append(f"[dim]{ladder} → person[/dim]")
    if settings.redis_url is None:
        lines.append("[dim]No REDIS_URL: this conversation ends with the program; its numbers stay.[/dim]")
    lines += [f"[yellow]{warning}[/yellow]" for warning in support.knowledge.warnings]
    return lines


@dataclass(slots=True)
class Talk:
    """One sitting at the terminal."""

    app: App
    as_json: bool
    lines: Lines
    notices: Console
    screen: Screen = field(init=False)
    conversations: Conversations = field(init=False)
    interactive: bool = field(init=False)
    id: str = ""
    last: TurnRecord | None = None
    _stop: asyncio.Event | None = None
    _leave: asyncio.Event = field(default_factory=asyncio.Event)
    _interrupted_at: float = -LEAVE_WITHIN_S

    def __post_init__(self) -> None:
        self.screen = Screen(Console(), self.app.support.services.prompts.phrases)
        self.conversations = Conversations(self.app)
        self.interactive = sys.stdin.isatty() and sys.stdout.isatty()
        self._new()

    async def run(self) -> None:
        """Take line after line until the end, or until somebody leaves."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._interrupt)
        while (line := await self._next_line()) is not None:
            if line.startswith("/") and await self._command(line.strip()):
                continue
            if self.interactive and not line.strip():
                continue
            await self._say(line)

    async def _next_line(self) -> str | None:
        if self.interactive:
            self.notices.print("[bold]you>[/bold] ", end="")
        line = asyncio.create_task(self.lines.next())
        leave = asyncio.create_task(self._leave.wait())
        await asyncio.wait((line, leave), return_when=asyncio.FIRST_COMPLETED)
        leave.cancel()
        if line.done():
            return line.result()
        line.cancel()
        return None

    async def _say(self, text: str, *, person: bool = False) -> None:
        id = uuid.uuid4().hex[:12]
        turn = Turn(
            id=id,
            conversation=self.id,
            customer=CUSTOMER,
            messages=(Message(id, text),),
            received_at=time.time(),
            signals=Signals(person=person),
        )
        self._stop = asyncio.Event()
        try:
            async with aclosing(self.conversations.answer(turn, self._stop)) as chunks:
                async for chunk in chunks:
                    if isinstance(chunk, Finished):
                        self.last = chunk.record
                    if not self.as_json:
                        self.screen.show(chunk)
                    elif isinstance(chunk, Finished):
                        print(to_line(chunk.record), flush=True)
        except StateError as error:
            self.notices.print(f"[red]{error}[/red]", highlight=False)
        finally:
            self._stop = None
        if self.conversations.problem:
            self.notices.print(f"[red]{self.conversations.problem}[/red]", highlight=False)

    async def _command(self, line: str) -> bool:
        """Carry out a command; False where the line is none, but something a customer may say."""
        match line:
            case "/help":
                self.notices.print(HELP, highlight=False, markup=False)
            case "/new":
                self._new()
            case "/person":
                await self._say("", person=True)
            case "/why" if self.last:
                self.notices.print(why(self.last))
            case "/good" if self.last:
                await self._rate(self.last, "up")
            case "/bad" if self.last:
                await self._rate(self.last, "down")
            case "/why" | "/good" | "/bad":
                self.notices.print("There is no answer yet.")
            case _ if line.startswith("/") and line[1:].isalpha():
                self.notices.print(f"There is no command {line}; /help lists them.", highlight=False)
            case _:
                return False
        return True

    async def _rate(self, record: TurnRecord, value: Thumb) -> None:
        try:
            await self.conversations.rate(record, value, person=CUSTOMER, who="asker", via="button")
        except StateError as error:
            self.notices.print(f"[red]{error}[/red]", highlight=False)
            return
        say = self.app.support.services.prompts.phrases.say
        self.notices.print(f"[dim]{say('rating_thanks', record.language)}[/dim]")

    def _new(self) -> None:
        self.id = f"terminal-{uuid.uuid4().hex[:12]}"
        self.last = None

    def _interrupt(self) -> None:
        now = time.monotonic()
        if now - self._interrupted_at < LEAVE_WITHIN_S:
            self._leave.set()
        elif self._stop is None:
            self.notices.print("\n[dim]Ctrl-C once more leaves.[/dim]")
        self._interrupted_at = now
        if self._stop is not None:
            self._stop.set()

    def report_unsaved(self) -> int:
        """Print what the ledger would not take, so that nothing is lost; returns the exit code."""
        unsaved = self.conversations.unsaved
        if not unsaved:
            return 0
        self.notices.print(f"[red]{self.conversations.problem}[/red]", highlight=False)
        self.notices.print(f"These {len(unsaved)} turns are not in the ledger:", highlight=False)
        for record in unsaved:
            print(to_line(record), file=sys.stderr)
        return 2
