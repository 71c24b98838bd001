"""The rungs of a ladder, each as a ladder of its own, so that one model answers everything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from evals.suite.case import Case, CaseTurn, Escalates, EscalationLabel
from graph.routing.decide import LARGE
from graph.tiers import EXTRACTIVE, FLOOR, Candidate, Tier, Tiers
from graph.turn import PERSON

MORE_EFFORT = {"off": "low", "none": "low", "minimal": "low", "low": "medium", "medium": "high"}


@dataclass(frozen=True, slots=True)
class Rung:
    """One choice of model and effort."""

    name: str
    tier: str
    """The tier of tiers.toml that it comes from; `extractive` for the one below them."""
    candidate: Candidate
    tiers: Tiers
    """The ladder that has this rung only, and a person above it."""


def rungs_of(ladder: Tiers) -> tuple[Rung, ...]:
    """Return every rung, smallest first: quoting, each tier, and the smallest tier with more effort.

    Only the first candidate of a tier counts: two models under one name would be no measurement.
    """
    return (_rung(EXTRACTIVE, FLOOR, FLOOR.candidates[0], ladder), *_models(ladder))


def top_rung(ladder: Tiers) -> Rung | None:
    """Return the largest tier as a rung; None where only quoting is left."""
    models = [rung for rung in _models(ladder) if rung.name == rung.tier]
    return models[-1] if len(models) > 1 else None


def _models(ladder: Tiers) -> Iterator[Rung]:
    for place, tier in enumerate(ladder.ladder):
        if tier.name == EXTRACTIVE:
            continue
        lead = tier.candidates[0]
        yield _rung(tier.name, tier, lead, ladder)
        effort = MORE_EFFORT.get(lead.effort or "")
        if place == 0 and len(ladder.ladder) > 1 and effort:
            # Whoever thinks first needs as long for its first word as the larger tier may take.
            patient = replace(tier, first_token=tier.first_token or ladder.ladder[-1].first_token)
            name = f"{tier.name}, {effort} effort"
            # At this vendor a model that thinks takes no tools: it escalates by the marker.
            tools = lead.tools and lead.provider != "openai"
            yield _rung(name, patient, replace(lead, effort=effort, tools=tools), ladder)


def _rung(name: str, tier: Tier, candidate: Candidate, ladder: Tiers) -> Rung:
    # Rules that say `to: large` then lead to this very rung: what is asked is how well it answers, also what
    # is sent past it today. Quoting keeps its name, by which the router knows that no model is there.
    called = tier.name if tier.name == EXTRACTIVE else LARGE
    alone = replace(tier, name=called, candidates=(candidate,), escalates_to=PERSON, top=True)
    return Rung(name, tier.name, candidate, replace(ladder, ladder=(alone,)))


def for_one_rung(case: Case) -> Case:
    """Return the case without what only a ladder of several rungs can meet.

    Where the label wants the large model, or either it or a person, answering well is enough, and so is it
    in a turn that should have been passed on; that a person must or must not have it stays.
    """
    label = case.escalation
    if label.verdict == "must" and label.to != PERSON:
        label = EscalationLabel("may")
    return replace(case, escalation=label, turns=tuple(_without_routing(turn) for turn in case.turns))


def tells_rungs_apart(case: Case, *, judged: bool) -> bool:
    """Return whether an answer can fail a case that is made for one rung: drafts and mere labels cannot.

    Any answer at all meets `may` and `must_not`, so cases with nothing else would make all rungs look alike.
    """
    expects = any(turn.expect for turn in case.turns) or case.escalation.verdict == "must"
    return not case.draft and (expects or (judged and any(rubric.gate for rubric in case.rubric)))


def _without_routing(turn: CaseTurn) -> CaseTurn:
    kept = (e for e in turn.expect if not (isinstance(e, Escalates) and e.wanted))
    return replace(turn, expect=tuple(kept))
