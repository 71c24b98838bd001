"""tiers.toml: what it may say, what is kept of it, and one sentence for each mistake."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.errors import TiersError
from graph.tiers import FLOOR, PROVIDERS, Candidate, Tier, Tiers, load_tiers, usable
from graph.turn import PERSON

ONE = '[tiers.small]\ncandidates = [{ provider = "anthropic", model = "m" }]\n'


def load(tmp_path: Path, text: str | bytes) -> Tiers:
    path = tmp_path / "tiers.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_tiers(path)


def test_the_shipped_file_is_the_ladder_of_two_with_both_vendors_each() -> None:
    tiers = load_tiers()
    assert [(tier.name, tier.escalates_to, tier.top) for tier in tiers.ladder] == [
        ("small", "large", False),
        ("large", PERSON, True),
    ]
    assert all({c.provider for c in tier.candidates} == {"anthropic", "openai"} for tier in tiers.ladder)
    assert tiers.first.candidates[0] == Candidate("anthropic", "claude-haiku-5-5", "off")
    assert tiers.ladder[1].first_token == 20


def test_what_a_file_leaves_out_has_a_default(tmp_path: Path) -> None:
    tiers = load(tmp_path, ONE)
    assert tiers.ladder == (Tier("small", (Candidate("anthropic", "m"),)),)
    assert (tiers.deadlines.answer, tiers.history_tokens) == (45, 2000)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "tiers"),
        ("[tiers]", "tiers"),
        ("[tiers.small]", "tiers.small.candidates"),
        ("[tiers.small]\ncandidates = []", "tiers.small.candidates"),
        ('[tiers.small]\ncandidates = [{ provider = "openai" }]', "tiers.small.candidates.0.model"),
        (
            '[tiers.small]\ncandidates = [{ provider = "openai", model = "" }]',
            "tiers.small.candidates.0.model",
        ),
        (ONE + "temperature = 1", "tiers.small.temperature"),
        (ONE + "max_output_tokens = 0", "tiers.small.max_output_tokens"),
        (ONE + 'first_token = "soon"', "tiers.small.first_token"),
        (ONE + "[deadlines]\nanswer = -1", "deadlines.answer"),
        (ONE + "[deadlines]\nanswer = inf", "deadlines.answer"),
        (ONE + "[deadlines]\nstall = nan", "deadlines.stall"),
        (ONE + "[deadlines]\nfirst = 1", "deadlines.first"),
        (ONE + "[history]\ntokens = -1", "history.tokens"),
        (ONE + 'escalates_to = "large"', "tiers.small.escalates_to"),
        (ONE + 'escalates_to = "small"', "tiers.small.escalates_to"),
        (ONE.replace("small", "person"), "tiers.person"),
        (ONE.replace("small", "extractive"), "tiers.extractive"),
        (ONE.replace("anthropic", "antropic"), "tiers.small"),
        (ONE + ONE, "not readable as TOML"),
        ("tiers = [", "not readable as TOML"),
        (b"\xff\xfe", "not readable as TOML"),
    ],
)
def test_a_mistake_is_said_in_one_sentence_with_file_and_key(
    tmp_path: Path, text: str | bytes, key: str
) -> None:
    with pytest.raises(TiersError) as caught:
        load(tmp_path, text)
    said = str(caught.value)
    assert said.startswith(f"{tmp_path / 'tiers.toml'}: {key}: ")
    assert "\n" not in said
    assert "pydantic" not in said


@pytest.mark.parametrize("name", ["missing.toml", "."])
def test_a_file_that_is_not_there_or_is_a_folder_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(TiersError, match=re.escape(str(tmp_path / name))):
        load_tiers(tmp_path / name)


def test_a_lower_tier_cannot_be_escalated_to(tmp_path: Path) -> None:
    text = ONE + ONE.replace("small", "large") + 'escalates_to = "small"\n'
    with pytest.raises(
        TiersError, match=r"tiers\.large\.escalates_to: 'small' is not a tier above it.*person"
    ):
        load(tmp_path, text)


def test_a_wrong_provider_is_answered_with_the_right_ones(tmp_path: Path) -> None:
    with pytest.raises(TiersError, match="unknown provider 'gemini'; it must be one of anthropic, openai"):
        load(tmp_path, ONE.replace("anthropic", "gemini"))


def test_without_any_key_the_floor_is_the_ladder() -> None:
    assert usable(load_tiers(), {"scripted"}).ladder == (FLOOR,)


def test_one_key_keeps_that_vendors_models() -> None:
    kept = usable(load_tiers(), {"openai"})
    assert [[c.model for c in tier.candidates] for tier in kept.ladder] == [["gpt-6-luna"], ["gpt-6.1-sol"]]


def test_what_would_escalate_to_an_unusable_tier_goes_to_the_next_above_it() -> None:
    small = Tier("small", (Candidate("openai", "s"),), "medium", top=False)
    medium = Tier("medium", (Candidate("anthropic", "m"),), "large", top=False)
    large = Tier("large", (Candidate("openai", "l"),))
    kept = usable(Tiers((small, medium, large)), {"openai"})
    assert [(tier.name, tier.escalates_to) for tier in kept.ladder] == [("small", "large"), ("large", PERSON)]
    kept = usable(Tiers((small, medium)), {"openai"})
    assert [(tier.name, tier.escalates_to) for tier in kept.ladder] == [("small", PERSON)]


@given(
    st.lists(st.sets(st.sampled_from(PROVIDERS[:3]), min_size=1), min_size=1, max_size=4),
    st.sets(st.sampled_from(PROVIDERS[:3])),
)
def test_every_kept_tier_can_be_called_and_escalates_upwards(
    offered: list[set[str]], providers: set[str]
) -> None:
    names = [str(number) for number in range(len(offered))]
    ladder = tuple(
        Tier(name, tuple(Candidate(p, "m") for p in sorted(has)), up, up == PERSON)
        for name, up, has in zip(names, [*names[1:], PERSON], offered, strict=True)
    )
    kept = usable(Tiers(ladder), providers).ladder
    assert kept
    for place, tier in enumerate(kept):
        assert tier == FLOOR or {c.provider for c in tier.candidates} <= providers
        assert tier.escalates_to in [PERSON, *(above.name for above in kept[place + 1 :])]
