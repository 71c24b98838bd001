"""Small stand-ins that tests share: articles in memory, a turn, the services around scripted models."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import cache

from graph.knowledge import Found, Hit, Knowledge, Passage
from graph.models import ChatModel
from graph.models.pool import ModelPool
from graph.routing.language import LanguageDetector
from graph.services import Services, TurnContext
from graph.settings import GraphSettings
from graph.speaker import Speaker
from graph.tiers import Candidate, Deadlines, Tier, Tiers
from graph.turn import Attachment, Audience, Chunk, Message, Signals, Turn
from prompts import Prompts, open_prompts

SMALL = Tier("small", (Candidate("scripted", "little"),), "large", top=False)
LARGE = Tier("large", (Candidate("scripted", "big"),))
LADDER = Tiers((SMALL, LARGE))


def make_passage(
    text: str, article: str = "returns.md", title: str = "Returns", url: str | None = None
) -> Passage:
    """Make a passage of an article."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return Passage(f"{article}#{digest}", article, title, text, digest, url)


class InMemoryKnowledge:
    """Finds the same passages whatever is asked, and records what was asked."""

    def __init__(
        self, passages: Iterable[Passage | str] = (), covered: bool | None = True, language: str = "en"
    ) -> None:
        self.passages = [make_passage(p) if isinstance(p, str) else p for p in passages]
        self.covered = covered
        self.language = language
        self.queries: list[str] = []

    def open_to(self, audience: Audience) -> InMemoryKnowledge:
        return self

    def search(self, query: str, k: int = 6) -> Found:
        self.queries.append(query)
        hits = tuple(Hit(passage, 1.0) for passage in self.passages[:k])
        return Found(hits, self.covered, 1.0 if self.covered else 0.0)

    def refresh(self) -> None:
        """Do nothing: these articles do not change."""

    def passage(self, id: str) -> Passage | None:
        return next((passage for passage in self.passages if passage.id == id), None)


def make_turn(
    text: str = "How long do I have to send shoes back?",
    *,
    id: str = "t1",
    conversation: str = "c1",
    attachments: Iterable[Attachment] = (),
    signals: Signals = Signals(),  # noqa: B008  # frozen
    received_at: float = 0.0,
    audience: Audience = "internal",
) -> Turn:
    """Make a turn of one message."""
    messages = (Message(f"{id}-m", text),)
    files = tuple(attachments)
    return Turn(id, conversation, "u1", messages, received_at, files, signals, audience=audience)


@cache
def shipped_prompts() -> Prompts:
    """Read the shipped prompts once for all tests."""
    return open_prompts()


def make_pool(**models: ChatModel) -> ModelPool:
    """Make a pool of the models by provider, which reads no environment."""
    return ModelPool(GraphSettings.model_construct(), Deadlines(), models)


def make_services(
    knowledge: Knowledge | None = None,
    *,
    tiers: Tiers = LADDER,
    people: bool = True,
    **models: ChatModel,
) -> Services:
    """Make services over the shipped prompts."""
    return Services(
        tiers,
        shipped_prompts(),
        knowledge or InMemoryKnowledge(),
        make_pool(**models),
        LanguageDetector(),
        people=lambda: people,
    )


def make_context(
    turn: Turn | None = None,
    services: Services | None = None,
    passages: Iterable[Passage] = (),
    emit: Callable[[Chunk], None] = lambda chunk: None,
) -> TurnContext:
    """Make the context of a turn whose passages are found already."""
    context = TurnContext(services or make_services(), turn or make_turn(), Speaker(emit))
    context.passages = tuple(passages)
    return context
