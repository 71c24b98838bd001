"""Each way to run opens its own models: without a key, from recordings, or within a budget."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from evals.recording.budget import Budget
from evals.recording.opening import open_keyless, open_live, open_replay, source_of
from evals.recording.recording import RecordedSource
from evals.recording.store import Store
from evals.sim import Fault, Reply, Script, Sim
from evals.suite.playing import play
from graph.errors import InputError
from graph.settings import GraphSettings
from graph.tiers import FLOOR, SHIPPED, load_tiers
from prompts import Edition
from tests.evals.recording.opening_way import Way, open_way
from tests.evals.recording.sample import CASES, play_all, quoting, recording, sim_settings
from tests.fakes import shipped_prompts

TIERS = load_tiers(SHIPPED)


def edition() -> Edition:
    return shipped_prompts().edition


def settings(**given: Any) -> GraphSettings:
    return GraphSettings.model_construct(**given)


def test_keyless_asks_no_model() -> None:
    opened = open_keyless(TIERS)
    assert (opened.ladder.ladder, dict(opened.models), opened.source) == ((FLOOR,), {}, None)


def test_replay_has_the_whole_ladder_without_a_key(tmp_path: Path) -> None:
    opened = open_replay(TIERS, Store(tmp_path), edition)
    assert [tier.name for tier in opened.ladder.ladder] == ["small", "large"]
    assert [len(tier.candidates) for tier in opened.ladder.ladder] == [1, 1]
    assert set(opened.models) == {"anthropic"}
    assert opened.source is None


async def test_replay_says_where_the_words_come_from(store: Store) -> None:
    assert open_replay(TIERS, store, edition).source == "stand-in"


def test_a_live_run_needs_a_key() -> None:
    with pytest.raises(InputError, match="ANTHROPIC_API_KEY"):
        open_live(settings(), TIERS, edition, Budget(1.0))


def test_a_live_run_needs_prices(tmp_path: Path) -> None:
    file = tmp_path / "tiers.toml"
    file.write_text('[tiers.small]\ncandidates = [{provider = "anthropic", model = "mine"}]\n')
    with pytest.raises(InputError, match=r"tiers\.small: no price is known for anthropic mine"):
        open_live(settings(anthropic_api_key=SecretStr("k")), load_tiers(file), edition, Budget(1.0))


@pytest.mark.parametrize(
    ("provider", "given", "declared", "source"),
    [
        ("anthropic", {"anthropic_api_key": SecretStr("k")}, None, "live"),
        ("anthropic", {"anthropic_base_url": "https://api.anthropic.com/"}, None, "live"),
        ("anthropic", {"anthropic_base_url": "http://127.0.0.1:8765"}, None, "stand-in"),
        ("anthropic", {"anthropic_base_url": "https://api.anthropic.com.example"}, None, "stand-in"),
        ("openai", {"openai_base_url": "https://gateway.example/v1"}, None, "stand-in"),
        ("openai", {"openai_base_url": "https://gateway.example/v1"}, "live", "live"),
        ("openai", {"openai_api_key": SecretStr("k")}, "stand-in", "stand-in"),
        ("openai", {"openai_api_key": SecretStr("sim-key")}, None, "stand-in"),
    ],
)
def test_only_a_vendors_own_host_is_live_unasked(
    provider: str, given: dict[str, Any], declared: RecordedSource | None, source: str
) -> None:
    assert source_of(provider, settings(**given), declared) == source


def test_the_stand_in_cannot_be_declared_live() -> None:
    with pytest.raises(InputError, match="are not live"):
        source_of("anthropic", settings(anthropic_api_key=SecretStr("sim-key")), "live")


async def test_a_spent_budget_makes_trials_errors_and_keeps_what_was_whole(sim: Sim, tmp_path: Path) -> None:
    store, budget = Store(tmp_path), Budget(0.01)
    async with recording(sim, store, budget=budget) as support:
        trials = await play_all(support, "live")
    refused = {name: trial for name, trial in trials.items() if trial.status == "error"}
    assert refused
    assert budget.over
    assert all(trial.problem.startswith("The budget of $0.0100 is spent: $0.0") for trial in refused.values())
    assert store.cases()
    assert not set(store.cases()) & set(refused)
    assert {trial.status for name, trial in trials.items() if name not in refused} == {"passed"}


async def test_a_trial_with_a_fault_that_no_retry_mended_is_not_kept(tmp_path: Path) -> None:
    async with Sim(script=Script(quoting)) as sim:
        sim.script.next(*_overloaded(2))
        async with recording(sim, Store(tmp_path)) as support:
            trial = await play(CASES[0], 1, support, mode="live")
            assert trial.status == "error"
            assert Store(tmp_path).cases() == ()
            sim.script.next(*_overloaded(1))
            mended = await play(CASES[1], 1, support, mode="live")
    assert mended.status == "passed"
    assert Store(tmp_path).cases() == (CASES[1].id,)


def _overloaded(times: int) -> list[Reply]:
    return [Reply(fault=Fault("status", status=529))] * times


async def test_a_keyless_run_opens_whatever_keys_are_set(sim: Sim) -> None:
    async with open_way(sim_settings(sim), Way("keyless")) as (support, source):
        trial = await play(CASES[0], 1, support, mode="keyless", source=source)
    assert (trial.status, trial.source, sim.requests) == ("passed", "none", [])
    assert support.services.tiers.first.name == "extractive"
