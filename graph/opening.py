"""Open what thinking needs without the graph: who only decides starts in half the time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

import prompts
from graph.allowance import Purse
from graph.knowledge import Knowledge
from graph.knowledge.live import FolderKnowledge, open_knowledge
from graph.models import ChatModel
from graph.models.extractive import ExtractiveModel, ExtractivePhrases
from graph.models.pool import ModelPool
from graph.routing.language import LanguageDetector
from graph.services import Services, nobody
from graph.settings import GraphSettings
from graph.tiers import EXTRACTIVE, SHIPPED, Tiers, load_tiers, usable
from prompts import Prompts, open_prompts

DAY_S = 24 * 3600
SAMPLE_SHOP = Path(prompts.__file__).parent / "knowledge"


def open_services(
    settings: GraphSettings,
    articles: Knowledge,
    ladder: Tiers,
    *,
    models: Mapping[str, ChatModel] | None = None,
    people: Callable[[], bool] = nobody,
    prompts: Prompts | None = None,
    purse: Purse | None = None,
) -> Services:
    """Make the services around articles and a ladder; the caller closes their models."""
    words = prompts or open_prompts(settings.bot_home / "prompts" if settings.bot_home else None)
    extractive = ExtractiveModel(lambda: _around_quotes(words, articles.language))
    pool = ModelPool(settings, ladder.deadlines, {EXTRACTIVE: extractive, **(models or {})}, purse)
    return Services(
        ladder, words, articles, pool, LanguageDetector(), people=people, purse=purse,
        keep_text_s=keep_text_s(settings),
    )  # fmt: skip


def keep_text_s(settings: GraphSettings) -> int:
    """Return how long an open conversation is remembered: a day at least, or it could not be gone on with."""
    return max(1, settings.bot_keep_text_days) * DAY_S


def open_articles(settings: GraphSettings, folder: Path | None = None) -> FolderKnowledge:
    """Open the given folder, the adopter's, or the sample shop's."""
    home = settings.bot_home
    return open_knowledge(folder or (home / "knowledge" if home else SAMPLE_SHOP))


def load_ladder(settings: GraphSettings, more: AbstractSet[str] = frozenset()) -> Tiers:
    """Load the tiers in force, without what no key is there for; `more` are further providers."""
    return usable(load_all_tiers(settings), settings.providers | more)


def load_all_tiers(settings: GraphSettings) -> Tiers:
    """Load the tiers of the adopter's folder, or the shipped ones, whether or not there are keys for them."""
    own = settings.bot_home / "tiers.toml" if settings.bot_home else SHIPPED
    return load_tiers(own if own.exists() else SHIPPED)


def _around_quotes(words: Prompts, language: str) -> ExtractivePhrases:
    say = words.phrases.say
    return ExtractivePhrases(
        opening=say("extractive_opening", language),
        source=say("extractive_source", language, title="{title}"),
        closing=say("extractive_closing", language),
    )
