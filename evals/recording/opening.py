"""The models of each way to run, for `open_support(models=..., ladder=...)`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from evals.recording.budget import Budget, BudgetModel
from evals.recording.models import RecordingModel, ReplayModel
from evals.recording.recording import RecordedSource, source_of_all
from evals.recording.store import Store
from graph.errors import InputError
from graph.models import ChatModel
from graph.models.pool import ModelPool
from graph.models.prices import cost_usd
from graph.settings import GraphSettings
from graph.tiers import Tier, Tiers, usable
from graph.turn import Usage
from prompts import Edition

OWN_HOSTS = {"anthropic": "api.anthropic.com", "openai": "api.openai.com"}
SIM_KEY = "sim-key"
"""What `evals sim` takes, and no vendor does."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Models by provider, and the ladder of those that can be asked; `open_support` closes the models."""

    ladder: Tiers
    models: Mapping[str, ChatModel] = field(default_factory=dict)
    source: RecordedSource | None = None
    """Where their words come from; None where no model is asked, or nothing is recorded."""


def open_keyless(tiers: Tiers) -> Opened:
    """Open no model, whatever keys are set: the extractive tier answers."""
    return Opened(usable(tiers, frozenset()))


def open_replay(tiers: Tiers, store: Store, edition: Callable[[], Edition]) -> Opened:
    """Open the recordings, which need no key; each tier's lead is its first model of a recorded vendor."""
    recorded = store.providers()
    ladder = tuple(_led(tier, recorded) for tier in tiers.ladder)
    providers = {candidate.provider for tier in ladder for candidate in tier.candidates}
    models = {provider: ReplayModel(provider, store, edition) for provider in providers}
    return Opened(replace(tiers, ladder=ladder), models, store.source())


def open_live(
    settings: GraphSettings,
    tiers: Tiers,
    edition: Callable[[], Edition],
    budget: Budget,
    *,
    store: Store | None = None,
    anew: bool = False,
    declared: RecordedSource | None = None,
) -> Opened:
    """Open the vendors that there are keys for, within a budget.

    With a store, calls that it holds are played from it and the others are recorded; `anew` records all.
    `declared` is the source that somebody vouches for, as with a gateway or a server of one's own. Raises
    InputError where there is no key, or no price for a model.
    """
    ladder = usable(tiers, settings.providers - {"scripted"})
    providers = {candidate.provider for tier in ladder.ladder for candidate in tier.candidates}
    if not providers & set(OWN_HOSTS):
        raise InputError(
            "a live run needs ANTHROPIC_API_KEY or OPENAI_API_KEY, and a model of that vendor in tiers.toml"
        )
    _check_prices(ladder)
    pool = ModelPool(settings, ladder.deadlines)
    sources = {provider: source_of(provider, settings, declared) for provider in sorted(providers)}
    models: dict[str, ChatModel] = {}
    for provider, source in sources.items():
        # Inside out: what the budget refuses is not recorded, and what the store plays costs nothing.
        model: ChatModel = RecordingModel(pool.model(provider), edition, source, store)
        model = BudgetModel(model, budget)
        if store is not None and not anew:
            model = ReplayModel(provider, store, edition, missing=model)
        models[provider] = model
    return Opened(ladder, models, source_of_all(sources.values()))


def source_of(
    provider: str, settings: GraphSettings, declared: RecordedSource | None = None
) -> RecordedSource:
    """Tell whether a vendor's words would be its own: only its own host is taken for live unasked.

    Raises InputError where `evals sim` is declared to be live.
    """
    key, base = settings.anthropic_api_key, settings.anthropic_base_url
    if provider == "openai":
        key, base = settings.openai_api_key, settings.openai_base_url
    if key is not None and key.get_secret_value() == SIM_KEY:
        if declared == "live":
            raise InputError(f"the key of {provider} is the stand-in's ({SIM_KEY}): its words are not live")
        return "stand-in"
    if declared is not None:
        return declared
    return "live" if base is None or urlsplit(base).hostname == OWN_HOSTS[provider] else "stand-in"


def _led(tier: Tier, recorded: frozenset[str]) -> Tier:
    lead = next((c for c in tier.candidates if c.provider in recorded), tier.candidates[0])
    return replace(tier, candidates=(lead,))


def _check_prices(ladder: Tiers) -> None:
    for tier in ladder.ladder:
        for candidate in tier.candidates:
            if cost_usd(candidate.provider, candidate.model, Usage(1, 1)) is None:
                named = f"{candidate.provider} {candidate.model}"
                raise InputError(
                    f"tiers.{tier.name}: no price is known for {named}, so that no budget can be kept;"
                    " choose a model with a known price"
                )
