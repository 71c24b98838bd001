"""A handful of planted cases through the bot's own door: the machinery that simulated tables leave out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from evals.improve.cause import Cause
from evals.improve.diagnose import diagnose
from evals.improve.ground import Ground
from evals.improve.ladder import climb
from evals.improve.planted import Chances, PlantedModel, planted_case
from evals.improve.simulated import Rate
from evals.improve.slices import ALL
from evals.suite.case import Case
from graph.knowledge.live import open_knowledge
from graph.settings import GraphSettings
from graph.tiers import Candidate, Tier, Tiers
from graph.turn import PERSON
from prompts import Prompts, open_prompts

SMALL, LARGE = Candidate("scripted", "small", "off"), Candidate("scripted", "large", "low")
LADDER = Tiers(
    (Tier("small", (SMALL,), escalates_to="large", top=False), Tier("large", (LARGE,), escalates_to=PERSON))
)
RIGHT, WRONG = Chances(1.0, 1.0), Chances(0.0, 0.0)
SEEDS = range(2)
CASES = 18
WIDE = 0.3
"""A margin that so few cases can decide about."""

RUNGS: dict[str, dict[str, Chances]] = {
    "small": {"small off": RIGHT, "small low": RIGHT, "large low": RIGHT},
    "small, low effort": {"small off": Chances(0.1, 0.1), "small low": RIGHT, "large low": RIGHT},
    "large": {"small off": Chances(0.1, 0.1), "small low": Chances(0.1, 0.1), "large low": RIGHT},
}
"""The rung that should be found, and what is planted for it."""

KINDS: dict[str, tuple[Cause, Chances, Chances]] = {
    "k": ("knowledge missing", WRONG, WRONG),
    "n": ("not found", Chances(0.0, 1.0), Chances(0.0, 1.0)),
    "i": ("ignored", Chances(0.0, 1.0), Chances(0.0, 1.0)),
    "c": ("capability", WRONG, RIGHT),
    "l": ("label", WRONG, WRONG),
    "f": ("flake", Chances(0.7, 0.7), RIGHT),
}
"""The cause that should be found, and the chances of the small and of the large model."""

_LAMPS = "# Lamps\n\nHow long may you keep a lamp before you send it back? Look at the code of the lamp.\n"
_HIDDEN = "# Marigolds\n\nFlowers want sun (x{code}x).\n"
_NEAR = "# Lamps of one kind\n\nA lamp is sent back in its box, with all that came with it (x{code}x).\n"


async def play_planted(
    settings: GraphSettings, folder: Path, seeds: Sequence[int] = SEEDS
) -> tuple[Rate, ...]:
    """Climb and diagnose with planted models and articles, which are written into an empty folder."""
    write_articles(folder)
    rates = [await _climbs(rung, settings, folder, seeds) for rung in RUNGS]
    causes = [await planted_causes(settings, folder, seed) for seed in seeds]
    for kind, (cause, _, _) in KINDS.items():
        found = sum(by_kind[kind] == cause for by_kind in causes)
        rates.append(Rate(f"end to end: diagnose finds {cause}", found, len(seeds), at_least=1.0))
    return tuple(rates)


async def _climbs(rung: str, settings: GraphSettings, folder: Path, seeds: Sequence[int]) -> Rate:
    found = 0
    for seed in seeds:
        chances = {(name, "a"): planted for name, planted in RUNGS[rung].items()}
        cases = [planted_case(f"a{number}") for number in range(CASES)]
        result = await climb(cases, LADDER, _ground(settings, folder, seed, chances), margin=WIDE)
        everything = result.on(ALL)
        choice = everything.choice if everything else None
        found += choice is not None and (choice.word, choice.rung) == ("chosen", rung)
    return Rate(f"end to end: the ladder picks {rung}", found, len(seeds), at_least=1.0)


async def planted_causes(settings: GraphSettings, folder: Path, seed: int) -> dict[str, Cause]:
    """Return the cause that was found for the case of each kind."""
    chances: dict[tuple[str, str], Chances] = {}
    for kind, (_, small, large) in KINDS.items():
        chances |= {("small off", kind): small, ("large low", kind): large}
    cases = [_case(kind) for kind in KINDS]
    found = await diagnose(cases, LADDER, _ground(settings, folder, seed, chances))
    return {diagnosis.case.id.removeprefix("planted-")[0]: diagnosis.cause for diagnosis in found}


def _case(kind: str) -> Case:
    article = {"k": "no-such-article.md", "n": "hidden.md"}.get(kind, f"near-{kind}.md")
    return planted_case(f"{kind}1", gold=(article,))


def _ground(
    settings: GraphSettings, folder: Path, seed: int, chances: Mapping[tuple[str, str], Chances]
) -> Ground:
    model = PlantedModel(seed, chances)
    return Ground(
        settings,
        open_knowledge(folder),
        _prompts(),
        lambda _: {"scripted": model},
        mode="live",
        source="stand-in",
    )


@lru_cache(maxsize=1)
def _prompts() -> Prompts:
    return open_prompts()


def write_articles(folder: Path) -> None:
    """Write the articles that the planted cases are about."""
    articles = {"lamps.md": _LAMPS, "hidden.md": _HIDDEN.format(code="n1")}
    articles |= {f"near-{kind}.md": _NEAR.format(code=f"{kind}1") for kind in KINDS if kind not in "kn"}
    for name, text in articles.items():
        (folder / name).write_text(text, encoding="utf-8")
