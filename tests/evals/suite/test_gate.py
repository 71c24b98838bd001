"""The gate's word: what blocks, what does not, and what is not known."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from evals.suite.baseline import Baseline, keep
from evals.suite.case import EscalationLabel, Says, Trials
from evals.suite.gate import make_report
from evals.suite.report import CaseResult, Report
from evals.suite.trial import Mode, Source, Status, Trial
from tests.evals.suite.making import make_case, make_played, make_result, make_trial


def accepted(results: Sequence[CaseResult], mode: Mode = "keyless", source: Source = "none") -> Baseline:
    return Baseline("cases", mode, source, "Ann", "2026-11-26", "as agreed", "r1", 0, keep(results, source))


def judged(
    results: Sequence[CaseResult], before: Sequence[CaseResult] | None = None, *, part: bool = False
) -> Report:
    return make_report(
        "r2", "keyless", "none", results, None if before is None else accepted(before), part=part
    )


def many(*statuses: Status, hard: bool = False) -> list[CaseResult]:
    cases = [make_case(f"c{number}") for number in range(len(statuses))]
    return [
        make_result(case, make_trial(case.id, status, hard=hard))
        for case, status in zip(cases, statuses, strict=True)
    ]


def test_a_run_like_its_baseline_is_fine_however_bad_it_is() -> None:
    results = many("passed", "failed", "failed", hard=True)
    report = judged(results, results)
    assert (report.gate.word, report.gate.exit_code, report.flips) == ("fine", 0, ())
    assert report.passed.value == pytest.approx(1 / 3)
    assert any("did so already" in note for note in report.gate.notes)
    assert report.baseline == "accepted by Ann on 2026-11-26: as agreed"


def test_without_a_baseline_every_hard_finding_blocks_and_nothing_else() -> None:
    assert judged(many("passed", "failed")).gate.word == "fine"
    report = judged(many("passed", "failed", hard=True))
    assert report.gate.word == "regressed"
    assert report.gate.reasons == ("1 case must not fail, and does: c1 (says).",)


def test_a_hard_finding_blocks_that_the_baseline_does_not_have() -> None:
    report = judged(many("passed", "failed", hard=True), many("passed", "passed"))
    assert (report.gate.word, report.gate.exit_code) == ("regressed", 1)
    (flip,) = report.flips
    assert (flip.case, flip.kind, flip.hard) == ("c1", "broke", True)
    assert flip.says == "It passed and now fails: It does not say “30 days”. (turn 1)"
    assert flip.before is not None
    assert flip.before.turns[0].answer == "Within 30 days [1]."


def test_another_hard_check_of_a_case_that_failed_already_blocks() -> None:
    case = make_case("a")
    before = [make_result(case, make_trial("a", "failed", hard=True))]
    after = [make_result(case, make_trial("a", "failed", check="limits", hard=True))]
    assert judged(after, before).gate.reasons == ("1 case must not fail, and does: a (limits).",)


def test_one_failed_trial_of_a_case_that_passes_blocks_nothing() -> None:
    case = make_case("a", trials=Trials(3, 2))
    trials = [make_trial("a", "failed" if n == 1 else "passed", number=n, hard=True) for n in (1, 2, 3)]
    assert judged([make_result(case, *trials)]).gate.word == "fine"


@pytest.mark.parametrize(
    ("broke", "fixed", "word"),
    [(5, 0, "fine"), (6, 0, "regressed"), (7, 1, "fine"), (8, 1, "regressed"), (0, 6, "fine")],
)
def test_soft_losses_block_when_exact_mcnemar_calls_them_one(broke: int, fixed: int, word: str) -> None:
    same = 40 - broke - fixed
    passed: list[Status] = ["passed"]
    failed: list[Status] = ["failed"]
    before = many(*passed * broke, *failed * fixed, *passed * same)
    after = many(*failed * broke, *passed * fixed, *passed * same)
    report = judged(after, before)
    assert report.gate.word == word
    assert len(report.flips) == broke + fixed
    assert report.smallest_visible == pytest.approx(6 / 40)


def test_noise_alone_is_rarely_called_a_loss() -> None:
    draw = random.Random(4)
    alarms = 0
    for _ in range(200):
        runs: list[list[Status]] = [
            ["passed" if draw.random() < 0.7 else "failed" for _ in range(60)] for _ in range(2)
        ]
        alarms += judged(many(*runs[1]), many(*runs[0])).gate.word == "regressed"
    # Two-sided 5 %, of which the gate uses one side, and exact tests stay below their level.
    assert alarms <= 200 * 0.05


def test_what_is_not_re_recorded_has_its_own_word_and_names_what_changed() -> None:
    results = many("passed", "stale", "stale")
    trials = [make_trial("c1", "stale", changed=("escalation.md",)), make_trial("c2", "stale")]
    results[1:] = [make_result(r.case, trial) for r, trial in zip(results[1:], trials, strict=True)]
    report = judged(results, many("passed", "passed", "passed"))
    assert (report.gate.word, report.gate.exit_code, report.flips) == ("not_re_recorded", 3, ())
    assert report.gate.reasons == (
        "escalation.md changed: 1 of 3 cases has no recording.",
        "New, or never recorded: 1 of 3 cases has no recording.",
    )


def test_a_case_with_one_stale_trial_is_not_passed() -> None:
    case = make_case("a", trials=Trials(3, 2))
    trials: list[Trial] = [
        make_trial("a", "stale" if n == 3 else "passed", number=n, changed=("answer.md",)) for n in (1, 2, 3)
    ]
    report = judged([make_result(case, *trials)], [make_result(case, *trials[:2])])
    assert report.gate.word == "not_re_recorded"
    assert report.changes == ()


@pytest.mark.parametrize(("errors", "word"), [(2, "fine"), (3, "too_little_data"), (100, "could_not_run")])
def test_errors_are_no_failures_and_too_many_leave_too_little(errors: int, word: str) -> None:
    passed: list[Status] = ["passed"]
    statuses: list[Status] = ["error" if n < errors else "passed" for n in range(100)]
    report = judged(many(*statuses), many(*passed * 100))
    assert report.gate.word == word
    assert report.flips == ()


def test_a_run_that_left_cases_out_is_unfinished() -> None:
    report = judged([CaseResult(make_case("a"), (), 1), *many("passed")])
    assert (report.gate.word, report.gate.exit_code) == ("unfinished", 4)
    assert report.gate.reasons[0].startswith("1 of 2 trials were not played")


def test_an_unfinished_run_is_not_called_worse_and_tells_what_is_wrong_so_far() -> None:
    """Neither for what must not fail, nor for a loss that is more than chance."""
    failed: list[Status] = ["failed"] * 12
    passed: list[Status] = ["passed"] * 12
    failing = many(*failed, hard=True)
    report = judged([CaseResult(make_case("a"), (), 1), *failing], many(*passed))
    assert (report.gate.word, report.gate.exit_code) == ("unfinished", 4)
    assert [reason.startswith("So far: ") for reason in report.gate.reasons] == [False, True, True]
    assert judged(failing, many(*passed)).gate.word == "regressed"


def test_trials_that_were_not_played_leave_it_unfinished_however_many_of_the_others_passed() -> None:
    """A case that needs two of three does not pass by the one that there was time for."""
    case = make_case("a", trials=Trials(3, 2))
    one = CaseResult(case, (make_trial("a", "passed"),), 3)
    assert one.passed is None
    report = judged([one, *many("passed")])
    assert report.gate.word == "unfinished"
    assert "2 of " in report.gate.reasons[0]
    two = CaseResult(case, (make_trial("a", "passed"), make_trial("a", "passed")), 3)
    assert two.passed is True


def test_drafts_and_what_needs_a_model_count_nowhere_in_the_keyless_run() -> None:
    cases = [make_case("a"), make_case("b", draft=True), make_case("c", needs_model=True)]
    results = [
        make_result(case, make_trial(case.id, "passed" if case.id == "a" else "failed", hard=True))
        for case in cases
    ]
    report = judged(results)
    assert (report.gate.word, report.passed.cases, report.passed.value) == ("fine", 1, 1.0)
    assert report.gate.notes[1:] == (
        "1 case needs a model and does not count here; 0 of them pass.",
        "1 draft without a label: shown, and not counted.",
    )
    assert judged(results[1:]).gate.word == "too_little_data"
    assert make_report("r", "replay", "live", results, None).gate.word == "regressed"


def test_a_baseline_of_another_mode_is_not_compared() -> None:
    results = many("failed", hard=True)
    other = accepted(results, "replay", "live")
    report = make_report("r", "keyless", "none", results, other)
    assert (report.gate.word, report.baseline, report.confusion_before) == ("regressed", "", None)


def test_an_edited_case_is_not_compared() -> None:
    before, after = make_case("a"), make_case("a", expect=[Says(("14 days",))])
    report = judged([make_result(after, make_trial("a", "failed"))], [make_result(before, make_trial("a"))])
    assert (report.flips, report.changes) == ((), ())
    assert "Edited since the baseline and so not compared: a." in report.gate.notes


@pytest.mark.parametrize("part", [True, False])
def test_a_case_of_the_baseline_that_is_gone_is_said_unless_a_part_was_wanted(part: bool) -> None:
    both = many("passed", "passed")
    notes = judged(both[:1], both, part=part).gate.notes
    assert ("In the baseline and no longer a case: c1." in notes) is not part


def test_escalation_is_counted_in_trials_and_flips_in_words() -> None:
    person = make_played(escalated="person", reason="The customer asked for a person.")
    must = make_case("must", escalation=EscalationLabel("must", by_turn=1))
    must_not = make_case("must_not", escalation=EscalationLabel("must_not"))
    may = make_case("may")
    before = [make_result(case, make_trial(case.id)) for case in (must, must_not, may)]
    after = [
        make_result(must, make_trial("must", "passed", person, late=True), make_trial("must", number=2)),
        make_result(must_not, make_trial("must_not", "failed", person)),
        make_result(may, make_trial("may", "passed", person)),
    ]
    report = judged(after, before)
    now = report.confusion
    assert (now.hit, now.missed, now.needless, now.right, now.late) == (1, 1, 1, 0, 1)
    assert (now.precision, now.recall) == (0.5, 0.5)
    assert report.confusion_before is not None
    assert (report.confusion_before.missed, report.confusion_before.right) == (1, 1)
    says = {flip.case: flip.says for flip in report.flips if flip.kind == "now_escalates"}
    assert says["may"] == (
        "It is answered by the first tier and now goes to a person: The customer asked for a person."
    )


def test_pass_hat_goes_as_far_as_every_case_has_trials() -> None:
    case = make_case("a", trials=Trials(3, 1))
    trials = [make_trial("a", "passed" if n < 3 else "failed", number=n) for n in (1, 2, 3)]
    report = judged([make_result(case, *trials)])
    assert report.pass_hat == pytest.approx((2 / 3, 1 / 3, 0))


def live(usd: float, ms: float, number: int) -> CaseResult:
    case = make_case(f"c{number}")
    turn = make_played(total_ms=ms, first_words_ms=ms / 3, usd=usd)
    return make_result(case, make_trial(case.id, "passed", turn, mode="live", source="live", usd=usd))


@pytest.mark.parametrize(
    ("usd", "ms", "word", "what"),
    [
        (1.0, 1.0, "fine", ""),
        (1.1, 1.1, "fine", ""),
        (1.3, 1.0, "regressed", "The cost of a conversation went up by 30%, and may by 15%."),
        (0.5, 2.0, "regressed", "The wait for the first words went up by 100%, and may by 15%."),
    ],
)
def test_dearer_and_slower_answers_block_only_beyond_what_is_allowed(
    usd: float, ms: float, word: str, what: str
) -> None:
    before = [live(0.01, 900 + 10 * n, n) for n in range(20)]
    after = [live(0.01 * usd, (900 + 10 * n) * ms, n) for n in range(20)]
    report = make_report("r", "live", "live", after, accepted(before, "live", "live"))
    assert report.gate.word == word
    assert (not what) or what in report.gate.reasons
    assert report.usd_per_conversation == pytest.approx(0.01 * usd)


def test_a_resolved_conversation_carries_the_cost_of_those_that_were_not() -> None:
    case = make_case("a", trials=Trials(4, 1))
    person = make_played(escalated="person", usd=0.01)
    trials = [
        make_trial("a", "passed", number=1, source="live", usd=0.01),
        make_trial("a", "failed", number=2, source="live", usd=0.01),
        make_trial("a", "passed", person, number=3, source="live", usd=0.01),
        make_trial("a", "passed", person, number=4, source="none", usd=0.0),
    ]
    report = make_report("r", "live", "live", [make_result(case, *trials)], None)
    assert report.usd_per_conversation == pytest.approx(0.0075)
    assert report.usd_per_resolved == pytest.approx(0.03)
    assert report.usd_per_resolved_assumed == pytest.approx(0.015)


def test_an_unknown_cost_is_never_taken_for_none() -> None:
    case = make_case("a", trials=Trials(2, 1))
    trials = [make_trial("a", number=n, source="live", usd=None if n == 1 else 0.01) for n in (1, 2)]
    report = make_report("r", "live", "live", [make_result(case, *trials)], None)
    assert report.usd_per_conversation is None
