"""A model as judge of what no rule can check: asked one question at a time, and believed only in part.

What it says gates a case only while it holds a certificate of agreement with people (`certificate.py`);
without one, its answers are shown and decide nothing.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Literal

from evals.judge.opinion import Opinion, Unreadable, read_verdict
from evals.judge.prompt import JudgePrompt, Talk, comparing, judging, talk_of
from evals.recording.played import playing
from evals.suite.case import Case
from evals.suite.settling import settle
from evals.suite.trial import Finding, Judged, Trial
from graph.errors import ModelError
from graph.models import ChatMessage, ChatModel, Done, Request, Text
from graph.models.prices import cost_usd
from graph.tiers import Candidate
from graph.turn import Usage

ANSWER_S = 60.0
MOST_TOKENS = 1500
"""Some models think within this limit before they write."""
CUT = {"length": "was cut at the token limit", "refusal": "is a refusal", "tool": "is a tool call"}
YES_NO = ("yes", "no")
WHICH = ("first", "second", "tie")
_OPENAI = re.compile(r"(?:chatgpt|gpt|o\d)")


@dataclass(frozen=True, slots=True)
class Judge:
    """A model with the judge's prompt."""

    model: ChatModel
    candidate: Candidate
    prompt: JudgePrompt
    uncertified: str = "it holds no certificate"
    """Why its answers are report-only; empty where it holds a valid certificate."""

    async def ask(self, talk: Talk, rubric: str) -> Opinion:
        """Ask a yes-or-no question about a conversation; what goes wrong is an opinion without verdict."""
        return await self._ask(self.prompt, judging(self.prompt, talk, rubric), YES_NO)

    async def compare(
        self, prompt: JudgePrompt, one: Talk, other: Talk, rubric: str
    ) -> Literal["one", "other", "tie"] | None:
        """Say which conversation does better by a question, asked in both orders; None of an error.

        A judge that changes its mind with the order has no preference: that is a tie.
        """
        there = await self._ask(prompt, comparing(prompt, one, other, rubric), WHICH)
        back = await self._ask(prompt, comparing(prompt, other, one, rubric), WHICH)
        if not (there.verdict and back.verdict):
            return None
        if (there.verdict, back.verdict) == ("first", "second"):
            return "one"
        return "other" if (there.verdict, back.verdict) == ("second", "first") else "tie"

    async def _ask(self, prompt: JudgePrompt, message: str, allowed: tuple[str, ...]) -> Opinion:
        request = Request(
            model=self.candidate.model,
            system=prompt.system,
            messages=(ChatMessage("user", message),),
            context="",
            question="",
            passages=(),
            effort=self.candidate.effort,
            max_output_tokens=MOST_TOKENS,
            cache_key=f"firstline-judge-{prompt.prompt.version}",
        )
        try:
            text, done = await self._heard(request)
        except ModelError as error:
            return Opinion("", f"The judge could not be asked ({error.kind}): {error}", None, heard=False)
        except TimeoutError:
            return Opinion("", f"The judge gave no whole answer within {ANSWER_S:g} s.", None, heard=False)
        usd = self._price(done.usage)
        if done.stop in CUT:
            return Opinion("", f"The judge's answer {CUT[done.stop]}.", usd)
        try:
            return Opinion(*read_verdict(text, allowed), usd)
        except Unreadable as error:
            return Opinion("", f"The judge's answer {error}.", usd)

    async def _heard(self, request: Request) -> tuple[str, Done]:
        try:
            return await _listen(self.model, request)
        except ModelError as error:
            if not error.retry_same:
                raise
            await asyncio.sleep(min(error.retry_after or 0.0, ANSWER_S))
            return await _listen(self.model, request)

    def _price(self, usage: Usage | None) -> float | None:
        return cost_usd(self.candidate.provider, self.candidate.model, usage)


async def judge_trial(case: Case, trial: Trial, judge: Judge) -> Trial:
    """Return the trial with the judge's answers to the case's rubrics, and what they change.

    A no fails the trial only where the rubric gates and the judge is certified; an error of the judge on
    such a rubric makes a trial that passed otherwise an error, and a missing recording makes it stale. What
    was not played is not judged.
    """
    if not case.rubric or trial.status not in ("passed", "failed") or not trial.turns:
        return trial
    talk, judged = talk_of(trial.turns), []
    with playing(kept_as(case.id), trial.number) as told:
        for rubric in case.rubric:
            opinion = await judge.ask(talk, rubric.ask)
            gates = rubric.gate and not judge.uncertified
            judged.append(Judged(rubric.id, opinion.passed, opinion.why, gates))
    kept = settle(trial, told)
    if told.over:
        unknown = tuple(replace(answer, passed=None, why=kept.problem) for answer in judged)
        decides = trial.passed and any(answer.gates for answer in judged)
        return kept if decides else replace(trial, judged=(*trial.judged, *unknown))
    return weigh(replace(trial, judged=(*trial.judged, *judged)))


def kept_as(case: str) -> str:
    """Return the name under which a judge's words about a case are recorded, apart from the bot's."""
    return f"{case}.judge"


def weigh(trial: Trial) -> Trial:
    """Return the trial with the status that its gating answers leave it."""
    gating = [answer for answer in trial.judged if answer.gates]
    noes = [answer for answer in gating if answer.passed is False]
    errors = [answer for answer in gating if answer.passed is None]
    if noes:
        found = (Finding("rubric", f"{answer.rubric}: {answer.why}") for answer in noes)
        return replace(trial, status="failed", findings=(*trial.findings, *found))
    if errors and trial.passed:
        return replace(trial, status="error", problem=f"{errors[0].rubric}: {errors[0].why}")
    return trial


def family(model: str) -> str:
    """Return what a model's name begins with: relatives share it, and like one another's answers."""
    name = model.lower().rsplit("/", 1)[-1]
    if _OPENAI.match(name):
        return "gpt"
    found = re.match(r"[a-z]+", name)
    return found[0] if found else name


def relatives(judge: Candidate, judged: Iterable[str]) -> str:
    """Return a warning where the judge judges models of its own family; empty where it does not."""
    same = sorted({model for model in judged if family(model) == family(judge.model)})
    if not same:
        return ""
    return (
        f"The judge {judge.model} is of the same family as what it judges ({', '.join(same)}): models favour"
        " their own kind. Take a judge of the other vendor with --judge PROVIDER:MODEL."
    )


async def _listen(model: ChatModel, request: Request) -> tuple[str, Done]:
    words: list[str] = []
    done = Done("length", None)
    async with asyncio.timeout(ANSWER_S), aclosing(model.stream(request)) as events:
        async for event in events:
            if isinstance(event, Text):
                words.append(event.text)
            elif isinstance(event, Done):
                done = event
    return "".join(words), done
