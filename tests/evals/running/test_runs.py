"""Runs on stand-ins for the vendors: a budget, recordings, and a replay of them."""

from __future__ import annotations

import io
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr
from rich.console import Console

from evals.publishing.commands import read_run
from evals.running.accepting import accept
from evals.running.runs import CERTIFICATE, Done, Wish, resume_run, start_run
from evals.running.stage import Way
from evals.sim import Script, Sim
from evals.sim.script import Body, Reply
from evals.sim.settings import Settings as SimSettings
from graph.errors import InputError
from graph.records.certificate import read_certificate
from graph.settings import GraphSettings
from prompts import open_prompts
from prompts.folder import SHIPPED
from tests.evals.running.folders import MISSED, PERSON, WINDOW, write_cases


def says_it(_body: Body) -> Reply:
    """Answer every question with the same fact, and cite the first passage."""
    return Reply("Within 30 days [1].")


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    """Both vendors, which always say the same."""
    async with Sim(script=Script(lambda _vendor, body: says_it(body))) as sim:
        yield sim


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An adopter's folder, with the shipped prompts and articles."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "prompts").mkdir()
    for prompt in SHIPPED.glob("*.md"):
        shutil.copy(prompt, folder / "prompts")
    shutil.copytree(SHIPPED / "knowledge", folder / "knowledge")
    write_cases(folder / "cases", WINDOW, PERSON)
    return folder


def settings(home: Path, sim: Sim | None = None) -> GraphSettings:
    """Settings of an adopter, with the key of the stand-ins where there are some."""
    key = SecretStr("sim-key") if sim else None
    url = sim.anthropic_url if sim else None
    return GraphSettings.model_construct(bot_home=home, anthropic_api_key=key, anthropic_base_url=url)


async def played(home: Path, way: Way, sim: Sim | None = None) -> Done:
    """Start a run in the adopter's folder."""
    return await start_run(settings(home, sim), Wish(), way, home / "runs", quiet())


def quiet() -> Console:
    """A console that nobody sees."""
    return Console(file=io.StringIO())


CUT = "the budget was spent, or the run was stopped"
LIVE = Way("live", budget_usd=1.0, record=True)


async def test_what_is_recorded_is_replayed_and_judged_alike(home: Path, sim: Sim) -> None:
    live = await played(home, LIVE, sim)
    again = await played(home, Way("replay"))
    for done in (live, again):
        assert (done.report.gate.word, done.report.source) == ("fine", "stand-in")
        assert [result.passed for result in done.report.results] == [True, True]
        assert done.report.usd_per_conversation is None
    assert (home / "cases/recordings/window.json").exists()


async def test_the_summary_for_a_person_is_written_priced_recorded_and_replayed(home: Path, sim: Sim) -> None:
    live, again = await played(home, LIVE, sim), await played(home, Way("replay"))
    for done in (live, again):
        (trial,) = next(result.trials for result in done.report.results if result.case.id == "person")
        (turn,) = trial.turns
        assert (turn.outcome, turn.summary) == ("handed_off", "Within 30 days [1].")
        assert [call.outcome for call in turn.record.calls] == ["ok"]
        assert trial.usd == turn.record.calls[0].cost_usd
        assert trial.usd
    assert "I want to talk to a person." in str(sim.requests[-1].body) + str(sim.requests[0].body)


async def test_the_words_of_a_server_of_ones_own_are_live_where_somebody_says_so(
    home: Path, sim: Sim
) -> None:
    """Its cost and times are shown, and its recordings are live from then on."""
    async with Sim(SimSettings(keys=frozenset({"mine"})), sim.script) as own:
        mine = settings(home, own).model_copy(update={"anthropic_api_key": SecretStr("mine")})
        done = await start_run(mine, Wish(), replace(LIVE, own=True), home / "runs", quiet())
    assert done.report.source == "live"
    assert done.report.usd_per_conversation is not None
    assert (await played(home, Way("replay"))).report.source == "live"
    with pytest.raises(InputError, match="its words are not live"):
        await played(home, replace(LIVE, own=True), sim)


async def test_an_edited_word_is_named_and_its_case_alone_is_stale(home: Path, sim: Sim) -> None:
    await played(home, LIVE, sim)
    accept(settings(home), (await played(home, Way("replay"))).folder, why="first", who="Ann")
    prompt = home / "prompts/answer.md"
    prompt.write_text(prompt.read_text("utf-8").replace("Small talk", "Chatter"), encoding="utf-8")
    report = (await played(home, Way("replay"))).report
    assert (report.gate.word, report.gate.exit_code) == ("not_re_recorded", 3)
    assert report.gate.reasons == ("answer.md changed: 1 of 2 cases has no recording.",)
    assert report.flips == ()


async def test_a_comment_in_a_prompt_changes_nothing(home: Path, sim: Sim) -> None:
    await played(home, LIVE, sim)
    prompt = home / "prompts/answer.md"
    prompt.write_text(prompt.read_text("utf-8").replace("---\n", "---\n# A note.\n", 1), encoding="utf-8")
    assert (await played(home, Way("replay"))).report.gate.word == "fine"


async def test_a_budget_that_is_too_small_ends_the_run_which_goes_on_with_another(
    home: Path, sim: Sim
) -> None:
    console = quiet()
    way = Way("live", budget_usd=0.0001)
    done = await start_run(settings(home, sim), Wish(), way, home / "runs", console, at_once=1)
    again = read_run(settings(home, sim), done.folder).report
    for report in (done.report, again):
        assert (report.gate.word, report.gate.exit_code) == ("unfinished", 4)
        assert report.gate.reasons == (f"2 of 2 trials were not played: {CUT}.",)
    assert not done.info.finished
    shown = console.file.getvalue()  # type: ignore[attr-defined]  # it is a StringIO
    assert "budget of $0.0001 is spent" in shown
    assert f"evals run --resume {done.info.id} --live --budget USD" in " ".join(shown.split())
    more = await resume_run(settings(home, sim), done.info.id, LIVE, home / "runs", console)
    assert more.report.gate.word == "fine"
    assert more.info.finished


async def test_a_vendor_that_cannot_be_reached_could_not_run(home: Path, sim: Sim) -> None:
    write_cases(home / "cases", WINDOW)
    unreachable = settings(home, sim).model_copy(update={"anthropic_base_url": "http://127.0.0.1:1"})
    done = await start_run(unreachable, Wish(), LIVE, home / "runs", quiet())
    assert (done.report.gate.word, done.report.gate.exit_code) == ("could_not_run", 2)
    assert "No model could be reached" in done.report.gate.reasons[0]


async def test_a_run_that_is_fine_against_a_baseline_certifies_its_prompts(home: Path) -> None:
    before = await played(home, Way("keyless"))
    assert before.report.gate.word == "fine"
    assert "nothing is accepted yet" in before.uncertified
    assert not (before.folder / CERTIFICATE).exists()
    accept(settings(home), before.folder, why="first", who="Ann")
    fine = await played(home, Way("keyless"))
    certificate = read_certificate(fine.folder / CERTIFICATE)
    assert fine.uncertified == ""
    assert certificate.edition == open_prompts(home / "prompts").edition.version
    assert (certificate.fine, certificate.mode, certificate.run) == (True, "keyless", fine.info.id)


async def test_what_is_less_than_the_gate_certifies_nothing(home: Path, tmp_path: Path) -> None:
    """A part, another folder with a baseline of its own, fewer trials, and a run that is worse."""
    write_cases(home / "cases", WINDOW.replace("turns:", "trials: {n: 2, need: 2}\n  turns:"), PERSON)
    accept(settings(home), (await played(home, Way("keyless"))).folder, why="first", who="Ann")
    other = write_cases(tmp_path / "other", PERSON)
    easy = await start_run(settings(home), Wish(other), Way("keyless"), home / "runs", quiet())
    accept(settings(home), easy.folder, why="an easy one", who="Ann")
    for wish, says in (
        (Wish(only=["window"]), "these are others"),
        (Wish(other), "these are others"),
        (Wish(home / "cases/cases.yaml"), "these are others"),
        (Wish(times=1), "--trials left trials out"),
    ):
        done = await start_run(settings(home), wish, Way("keyless"), home / "runs", quiet())
        assert done.report.gate.word == "fine"
        assert says in done.uncertified
        assert not (done.folder / CERTIFICATE).exists()
    whole = await start_run(settings(home), Wish(home / "cases"), Way("keyless"), home / "runs", quiet())
    assert whole.uncertified == ""
    write_cases(home / "cases", WINDOW, MISSED)
    worse = await played(home, Way("keyless"))
    assert worse.report.gate.word == "regressed"
    assert not (worse.folder / CERTIFICATE).exists()


async def test_rubrics_that_were_not_judged_certify_nothing(home: Path, sim: Sim) -> None:
    asks = WINDOW + "  rubric: [{id: kind, ask: Is it kind?}]\n"
    write_cases(home / "cases", asks)
    way = Way("live", budget_usd=1.0, judged=False)
    accept(settings(home), (await played(home, way, sim)).folder, why="first", who="Ann")
    done = await played(home, way, sim)
    assert done.report.gate.word == "fine"
    assert done.uncertified == "rubrics were not judged"
    assert not (done.folder / CERTIFICATE).exists()
