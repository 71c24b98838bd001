"""Which model judges, and whether it may gate today."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from evals.judge.certificate import find_certificate, uncertified
from evals.judge.judge import Judge, family
from evals.judge.prompt import open_judge_prompt
from evals.recording.budget import Budget, BudgetModel
from graph.errors import InputError
from graph.models import ChatModel
from graph.models.pool import ModelPool
from graph.settings import GraphSettings
from graph.tiers import EXTRACTIVE, PROVIDERS, Candidate, Tiers

SHIPPED = Path(__file__).with_name("certificates")
VENDORS = ("anthropic", "openai")
ASKABLE = tuple(provider for provider in PROVIDERS if provider != EXTRACTIVE)


def certificate_folders(home: Path | None) -> list[Path]:
    """Return where certificates are, the adopter's folder first; new ones go into the first."""
    return [home / "judge" / "certificates", SHIPPED] if home else [SHIPPED]


def choose_judge(given: str | None, tiers: Tiers) -> Candidate:
    """Return the model that `PROVIDER:MODEL` or `PROVIDER:MODEL:EFFORT` names.

    Without one: of the largest tier, the first candidate that is no relative of the model that answers
    first, or else its leading one. Raises InputError where the name is not right, or no model is left.
    """
    if given is not None:
        return _named(given)
    largest = [c for c in tiers.ladder[-1].candidates if c.provider != EXTRACTIVE]
    if not largest:
        raise InputError(
            "there is no model to judge with; set a vendor's key, or name one with --judge PROVIDER:MODEL"
        )
    answers = family(tiers.first.candidates[0].model)
    return next((c for c in largest if family(c.model) != answers), largest[0])


def open_judge(
    judge: Candidate, models: Mapping[str, ChatModel], *, today: date, home: Path | None = None
) -> Judge:
    """Make a judge of one of the given clients; raises InputError where there is none for its provider."""
    model = models.get(judge.provider)
    if model is None:
        known = ", ".join(sorted(models)) or "none"
        raise InputError(f"no model of the judge's provider {judge.provider} is open, only of: {known}")
    prompt = open_judge_prompt("judge", home / "judge" if home else None)
    found = find_certificate(prompt.prompt.version, judge, certificate_folders(home))
    return Judge(model, judge, prompt, uncertified(found, prompt.prompt.version, judge, today))


def open_live_judge(settings: GraphSettings, name: str | None, ladder: Tiers, budget: Budget) -> Judge:
    """Open the judge of that name, or the one that `choose_judge` takes, within a budget."""
    candidate = choose_judge(name, ladder)
    models: dict[str, ChatModel] = {}
    if candidate.provider in settings.providers & set(VENDORS):
        pool = ModelPool(settings, ladder.deadlines)
        models[candidate.provider] = BudgetModel(pool.model(candidate.provider), budget)
    return open_judge(candidate, models, today=datetime.now(UTC).date(), home=settings.bot_home)


def _named(given: str) -> Candidate:
    provider, _, rest = given.partition(":")
    model, _, effort = rest.partition(":")
    if provider not in ASKABLE or not model:
        raise InputError(
            f"--judge {given}: must be PROVIDER:MODEL or PROVIDER:MODEL:EFFORT,"
            f" with one of {', '.join(ASKABLE)} as the provider"
        )
    return Candidate(provider, model, effort or None)
