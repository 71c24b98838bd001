"""What was recorded is played again; what was not is stale, names what changed, and never passes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from evals.recording.fingerprint import HISTORY, MODEL
from evals.recording.store import Store
from evals.sim import Sim
from evals.suite.case import CaseTurn
from evals.suite.playing import play
from evals.suite.trial import Trial
from graph.support import SAMPLE_SHOP
from graph.tiers import SHIPPED
from prompts import Prompts, open_prompts
from prompts.folder import SHIPPED as PROMPTS
from tests.evals.recording.sample import CASES, play_all, recording, replaying

HANDED_OFF = {"wants-person"}
"""Its only call is for the summary, which reads voice.md and handoff.md alone."""
HAIKU = "anthropic claude-haiku-5-5"
CALLS = 16
BY_ID = {case.id: case for case in CASES}


def edited_prompts(tmp_path: Path, name: str, before: str, after: str) -> Prompts:
    """Return the shipped prompts with one edit."""
    folder = tmp_path / "prompts"
    folder.mkdir()
    text = (PROMPTS / name).read_text(encoding="utf-8")
    assert before in text
    (folder / name).write_text(text.replace(before, after, 1), encoding="utf-8")
    return open_prompts(folder)


def answers(trials: dict[str, Trial]) -> dict[str, list[tuple[str, str]]]:
    return {name: [(turn.answer, turn.outcome) for turn in t.turns] for name, t in trials.items()}


def times(trial: Trial) -> list[tuple[float | None, float]]:
    return [(turn.record.first_words_ms, turn.record.total_ms) for turn in trial.turns]


async def test_a_replay_gives_the_same_answers_times_and_costs_without_asking_anybody(
    sim: Sim, tmp_path: Path
) -> None:
    folder = tmp_path / "recordings"
    async with recording(sim, Store(folder)) as support:
        live = await play_all(support, "live")
    asked = len(sim.requests)
    async with replaying(Store(folder)) as support:
        replayed = await play_all(support, "replay")
    assert len(sim.requests) == asked == CALLS
    assert answers(replayed) == answers(live)
    assert {trial.status for trial in replayed.values()} == {"passed"}
    for name, trial in replayed.items():
        assert trial.source == "stand-in"
        assert trial.usd == live[name].usd
        assert times(trial) == times(live[name])
        calls = [call for turn in trial.turns for call in turn.record.calls]
        assert [(c.ttft_ms, c.total_ms) for c in calls] == [
            (recorded.ttft_ms, recorded.total_ms) for recorded in Store(folder).of(name)
        ]
    assert replayed["compare-later"].escalated == "large"


async def test_both_vendors_are_recorded_and_the_recorded_one_leads(sim: Sim, tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    async with recording(sim, Store(folder), vendor="openai") as support:
        await play_all(support, "live")
    assert {request.vendor for request in sim.requests} == {"openai"}
    async with replaying(Store(folder)) as support:
        replayed = await play_all(support, "replay")
    assert {trial.status for trial in replayed.values()} == {"passed"}
    models = {c.model for trial in replayed.values() for turn in trial.turns for c in turn.record.calls}
    assert models == {"gpt-6-luna", "gpt-6.1-sol"}


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("answer.md", "Answer from these passages only", "Answer from these passages alone"),
        ("escalation.md", "The customer contests a decision", "The customer disputes a decision"),
        ("voice.md", "You are a program", "You are a bot"),
        ("context.md", "Now answer", "Answer"),
    ],
)
async def test_an_edited_word_is_named_by_its_file(
    store: Store, tmp_path: Path, name: str, before: str, after: str
) -> None:
    async with replaying(store, prompts=edited_prompts(tmp_path, name, before, after)) as support:
        trials = await play_all(support, "replay")
    for case, trial in trials.items():
        if case in HANDED_OFF and name != "voice.md":
            assert trial.status == "passed"
        else:
            assert (trial.status, trial.changed) == ("stale", (name,))
            assert trial.problem.startswith(f"Changed since this was recorded: {name} (")
            assert not trial.findings


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("handoff.md", "They have ten seconds", "They have five seconds"),
        ("escalation.md", "The customer asked for a person.", "The customer wants a person."),
    ],
)
async def test_an_edited_word_of_the_summary_ages_what_was_handed_off_alone(
    store: Store, tmp_path: Path, name: str, before: str, after: str
) -> None:
    prompts = edited_prompts(tmp_path, name, before, after)
    async with replaying(store, prompts=prompts) as support:
        trials = await play_all(support, "replay")
    stale = {name: trial.changed for name, trial in trials.items() if trial.status == "stale"}
    assert stale == dict.fromkeys(HANDED_OFF, (name,))


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("escalation.md", "---\n#", "---\n# A note to ourselves.\n#"),
        ("answer.md", "description: How", "description: In which way"),
    ],
)
async def test_a_comment_in_front_matter_changes_nothing(
    store: Store, tmp_path: Path, name: str, before: str, after: str
) -> None:
    prompts = edited_prompts(tmp_path, name, before, after)
    async with replaying(store, prompts=prompts) as support:
        trials = await play_all(support, "replay")
    assert {trial.status for trial in trials.values()} == {"passed"}


async def test_a_new_rule_is_named_by_its_file_where_it_sends_a_question_elsewhere(
    store: Store, tmp_path: Path
) -> None:
    rule = "rules:\n  - {name: beds, on: {says: {en: [mattress]}}, to: large, reason: Hard.}\n"
    async with replaying(
        store, prompts=edited_prompts(tmp_path, "escalation.md", "rules:\n", rule)
    ) as support:
        trials = await play_all(support, "replay")
    stale = {name: trial.changed for name, trial in trials.items() if trial.status == "stale"}
    assert stale == {"mattress": ("escalation.md", f"{MODEL} ({HAIKU} -> anthropic claude-sonnet-5-5)")}


async def test_an_edited_article_touches_only_the_cases_that_retrieved_it(
    sim: Sim, store: Store, tmp_path: Path
) -> None:
    articles = tmp_path / "knowledge"
    shutil.copytree(SAMPLE_SHOP, articles)
    article = articles / "returns" / "exchanges.md"
    text = article.read_text(encoding="utf-8")
    article.write_text(text.replace("The same product", "The very same product"), encoding="utf-8")
    async with replaying(store) as support:
        before = await play_all(support, "replay")
    used = {
        name
        for name, trial in before.items()
        if name not in HANDED_OFF
        and any(passage.startswith("returns/exchanges.md") for t in trial.turns for passage in t.passages)
    }
    async with replaying(store, articles=articles) as support:
        after = await play_all(support, "replay")
    stale = {name for name, trial in after.items() if trial.status == "stale"}
    assert "exchange" in stale
    assert stale <= used
    for name in stale:
        assert after[name].changed == ("returns/exchanges.md",)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            lambda text: text.replace("claude-haiku-5-5", "claude-haiku-6"),
            f"{MODEL} ({HAIKU} -> anthropic claude-haiku-6)",
        ),
        (
            lambda text: text.replace("max_output_tokens = 700", "max_output_tokens = 600"),
            "the limit of tokens",
        ),
        (lambda text: text.replace('effort = "off"', 'effort = "low"', 1), "the effort"),
    ],
)
async def test_another_model_or_limit_is_named(
    store: Store, tmp_path: Path, change: Callable[[str], str], named: str
) -> None:
    tiers = tmp_path / "tiers.toml"
    tiers.write_text(change(SHIPPED.read_text(encoding="utf-8")), encoding="utf-8")
    async with replaying(store, tiers=tiers) as support:
        trial = await play(BY_ID["invoice"], 1, support, mode="replay")
    assert (trial.status, trial.changed) == ("stale", (named,))


async def test_a_case_or_trial_without_recording_says_so(store: Store) -> None:
    async with replaying(store) as support:
        third = await play(BY_ID["invoice"], 3, support, mode="replay")
        edited = await play(
            replace(BY_ID["invoice"], turns=(CaseTurn("An invoice, please"),)), 1, support, mode="replay"
        )
        new = await play(replace(BY_ID["invoice"], id="never-seen"), 1, support, mode="replay")
    assert third.problem == "Trial 3 was never recorded; there is one recording of the case."
    assert (third.status, third.changed) == ("stale", ())
    assert edited.status == "stale"
    assert "the customer's words" in edited.changed
    assert (new.status, new.problem) == ("stale", "It was never recorded.")


async def test_an_earlier_answer_that_changed_ends_the_trial_at_the_first_miss(store: Store) -> None:
    first, second = store.of("express-and-bulky")
    other = tuple({"text": "Another answer [1]."} for _ in first.events)
    changed = replace(first, events=other)
    store.keep("express-and-bulky", 1, [changed, second])
    async with replaying(store) as support:
        trial = await play(BY_ID["express-and-bulky"], 1, support, mode="replay")
    assert (trial.status, trial.changed) == ("stale", (HISTORY,))


async def test_misses_of_many_trials_do_not_spoil_the_others(store: Store) -> None:
    """Misses are no faults: a breaker that they opened would send recorded trials to the floor."""
    async with replaying(store) as support:
        for number in range(2, 12):
            await play(BY_ID["invoice"], number, support, mode="replay")
        trial = await play(BY_ID["invoice"], 1, support, mode="replay")
    assert trial.status == "passed"


async def test_only_what_is_missing_is_recorded_again(sim: Sim, store: Store, tmp_path: Path) -> None:
    asked = len(sim.requests)
    store.keep("invoice", 1, [])
    async with recording(sim, store) as support:
        trials = await play_all(support, "live")
    assert len(sim.requests) == asked + 1
    assert {trial.status for trial in trials.values()} == {"passed"}
    assert len(store.of("invoice")) == 1
    async with recording(sim, store, anew=True) as support:
        await play_all(support, "live")
    assert len(sim.requests) == asked + 1 + CALLS
