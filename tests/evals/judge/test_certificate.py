"""A certificate covers one prompt, one model and half a year, and needs enough agreement with people."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from evals.judge.certificate import (
    Certificate,
    find_certificate,
    key_of,
    read_certificate,
    uncertified,
    wanting,
    write_certificate,
)
from evals.judge.opening import choose_judge, open_judge
from evals.judge.prompt import open_judge_prompt
from graph.errors import InputError
from graph.models.scripted import ScriptedModel
from graph.records.agreement import Agreement
from graph.tiers import FLOOR, Candidate, Tiers, load_tiers, usable
from tests.evals.judge.made import CANDIDATE

TODAY = date(2026, 11, 26)
GOOD = Certificate(
    prompt="abc",
    provider=CANDIDATE.provider,
    model=CANDIDATE.model,
    effort=CANDIDATE.effort,
    agreement=Agreement(both_yes=28, only_judge=3, only_human=2, both_no=27),
    unreadable=1,
    labelled_by=("ada",),
    labels_hash="123",
    made="2026-11-20",
)


def test_a_good_certificate_covers_its_judge() -> None:
    assert uncertified(GOOD, "abc", CANDIDATE, TODAY) == ""


@pytest.mark.parametrize(
    ("certificate", "version", "judge", "today", "says"),
    [
        (None, "abc", CANDIDATE, TODAY, "no certificate"),
        (GOOD, "abd", CANDIDATE, TODAY, "another judge.md"),
        (GOOD, "abc", replace(CANDIDATE, model="gpt-6.1-sol"), TODAY, "another model"),
        (GOOD, "abc", replace(CANDIDATE, effort="high"), TODAY, "another model"),
        (GOOD, "abc", CANDIDATE, date(2027, 5, 20), "expired"),
        (GOOD, "abc", CANDIDATE, date(2026, 11, 19), "expired"),
        (replace(GOOD, agreement=Agreement(20, 10, 10, 20)), "abc", CANDIDATE, TODAY, "kappa is 0.33"),
    ],
)
def test_whatever_else_it_is_says_why_not(
    certificate: Certificate | None, version: str, judge: Candidate, today: date, says: str
) -> None:
    assert says in uncertified(certificate, version, judge, today)


def test_the_last_day_still_counts() -> None:
    assert uncertified(GOOD, "abc", CANDIDATE, date(2027, 5, 19)) == ""


@pytest.mark.parametrize(
    ("counted", "unreadable", "says"),
    [
        (Agreement(25, 0, 0, 24), 0, "49 labels"),
        (Agreement(25, 0, 0, 24), 1, "49 labels"),
        (Agreement(60, 0, 0, 0), 0, "none of its labels is no"),
        (Agreement(0, 0, 0, 60), 0, "none of its labels is yes"),
        (Agreement(30, 0, 0, 30), 2, "2 of 62 answers"),
        (Agreement(24, 12, 0, 24), 0, ""),
        (Agreement(22, 14, 0, 24), 0, "kappa is 0.56"),
    ],
)
def test_too_little_agreement_or_too_little_to_tell_it_by_is_not_enough(
    counted: Agreement, unreadable: int, says: str
) -> None:
    found = wanting(replace(GOOD, agreement=counted, unreadable=unreadable))
    assert says in "; ".join(found)
    assert bool(found) == bool(says)


def test_a_certificate_is_found_by_prompt_and_model_the_adopters_first(tmp_path: Path) -> None:
    own, shipped = tmp_path / "own", tmp_path / "shipped"
    write_certificate(replace(GOOD, made="2026-01-01"), shipped)
    file = write_certificate(GOOD, own)
    assert (file.parent, file.name) == (own, f"{key_of('abc', CANDIDATE)}.json")
    assert find_certificate("abc", CANDIDATE, [own, shipped]) == GOOD
    assert find_certificate("abc", CANDIDATE, [shipped]) != GOOD
    assert find_certificate("abd", CANDIDATE, [own, shipped]) is None
    assert sorted(path.name for path in own.iterdir()) == [file.name]


def test_figures_that_somebody_edited_change_nothing(tmp_path: Path) -> None:
    file = write_certificate(replace(GOOD, agreement=Agreement(15, 15, 15, 15)), tmp_path)
    written = json.loads(file.read_text(encoding="utf-8"))
    assert written["figures"]["kappa"][0] == 0
    written["figures"]["kappa"] = [1, 1, 1]
    file.write_text(json.dumps(written), encoding="utf-8")
    assert "kappa is 0.00" in uncertified(read_certificate(file), "abc", CANDIDATE, TODAY)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"made": 3}'])
def test_a_broken_certificate_is_an_error_and_no_certificate(tmp_path: Path, text: str) -> None:
    file = tmp_path / f"{key_of('abc', CANDIDATE)}.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="evals certify"):
        find_certificate("abc", CANDIDATE, [tmp_path])


def test_a_date_that_is_none_is_an_error(tmp_path: Path) -> None:
    file = write_certificate(replace(GOOD, made="soon"), tmp_path)
    with pytest.raises(InputError, match="evals certify"):
        read_certificate(file)


def test_a_judge_opens_with_the_certificate_of_its_prompt(tmp_path: Path) -> None:
    version = open_judge_prompt("judge").prompt.version
    models = {"scripted": ScriptedModel.of()}
    assert open_judge(CANDIDATE, models, today=TODAY, home=tmp_path).uncertified
    write_certificate(replace(GOOD, prompt=version), tmp_path / "judge" / "certificates")
    assert open_judge(CANDIDATE, models, today=TODAY, home=tmp_path).uncertified == ""
    with pytest.raises(InputError, match="openai"):
        open_judge(Candidate("openai", "gpt-6.1-sol"), models, today=TODAY)


def test_the_judge_is_no_relative_of_what_it_judges_where_there_is_a_choice() -> None:
    tiers = load_tiers()
    assert choose_judge(None, tiers).model == "gpt-6.1-sol"
    assert choose_judge(None, usable(tiers, {"anthropic"})).model == "claude-sonnet-5-5"
    assert choose_judge("openai:gpt-6.1-sol:low", tiers) == Candidate("openai", "gpt-6.1-sol", "low")


@pytest.mark.parametrize("given", ["", "gpt-6.1-sol", "extractive:extractive", "openai:", "other:model"])
def test_a_judge_that_is_no_model_is_refused(given: str) -> None:
    with pytest.raises(InputError, match="PROVIDER:MODEL"):
        choose_judge(given, load_tiers())


def test_without_a_model_there_is_no_judge() -> None:
    with pytest.raises(InputError, match="no model to judge with"):
        choose_judge(None, Tiers((FLOOR,)))
