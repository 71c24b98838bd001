"""The diff of a proposal applies with git and with patch, and the edited files say what was proposed."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from evals.improve.ladder import Routes
from evals.improve.proposal import Files, Proposal, files_of, propose, rule_off, set_effort, without_tier
from graph.settings import GraphSettings
from graph.tiers import SHIPPED, Candidate, load_tiers, usable
from prompts import open_prompts
from tests.evals.improve.made import EFFORT, LARGE, SMALL, climbed

RULE = "rule: complex wording"
ESCALATION = open_prompts().files["escalation"]


def home(folder: Path) -> Files:
    """Return copies of the shipped files, as an adopter has them."""
    (folder / "prompts").mkdir()
    tiers = shutil.copy(SHIPPED, folder / "tiers.toml")
    escalation = shutil.copy(ESCALATION, folder / "prompts" / "escalation.md")
    return Files(folder, Path(tiers), Path(escalation))


def apply(proposal: Proposal, folder: Path, how: str) -> None:
    """Apply the diff as a person would."""
    (folder / "proposal.diff").write_text(proposal.diff, encoding="utf-8")
    command = {"git": ["git", "apply", "proposal.diff"], "patch": ["patch", "-p1", "-i", "proposal.diff"]}
    if shutil.which(how) is None:
        pytest.skip(f"needs {how}, which is not installed")
    subprocess.run(command[how], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize("how", ["git", "patch"])
def test_more_effort_and_a_rule_less_are_taken_over(tmp_path: Path, how: str) -> None:
    files = home(tmp_path)
    proposal = propose(climbed({"all": EFFORT, RULE: SMALL}), files)
    assert len(proposal.edits) == 2
    apply(proposal, tmp_path, how)
    before, after = load_tiers(), load_tiers(files.tiers)
    lead, *others = after.first.candidates
    assert (lead.effort, others) == ("low", list(before.first.candidates[1:]))
    assert replace(lead, effort="off") == before.first.candidates[0]
    assert after.ladder[1:] == before.ladder[1:]
    rules = [rule.name for rule in open_prompts(tmp_path / "prompts").escalation.rules]
    assert rules == [r.name for r in open_prompts().escalation.rules if r.name != "complex wording"]


@pytest.mark.parametrize("how", ["git", "patch"])
def test_a_tier_that_nothing_needs_goes(tmp_path: Path, how: str) -> None:
    files = home(tmp_path)
    apply(propose(climbed({"all": LARGE}), files), tmp_path, how)
    assert load_tiers(files.tiers).ladder == load_tiers().ladder[1:]


@pytest.mark.parametrize("how", ["git", "patch"])
@pytest.mark.parametrize("ending", ["", "\n"])
def test_a_file_without_a_last_line_break_can_be_patched(tmp_path: Path, how: str, ending: str) -> None:
    files = home(tmp_path)
    lines = files.tiers.read_text(encoding="utf-8").split("[deadlines]")[0].rstrip()
    files.tiers.write_text(lines + ending, encoding="utf-8")
    apply(propose(climbed({"all": EFFORT}), files), tmp_path, how)
    assert load_tiers(files.tiers).first.candidates[0].effort == "low"
    assert files.tiers.read_text(encoding="utf-8").endswith("]" + ending)


def test_what_is_as_it_should_be_or_undecided_changes_nothing(tmp_path: Path) -> None:
    files = home(tmp_path)
    assert propose(climbed({"all": SMALL, RULE: LARGE}), files) == Proposal("", (), ())
    undecided = climbed({"all": EFFORT})
    (part,) = undecided.slices
    assert part.choice is not None
    part = replace(part, choice=replace(part.choice, word="undecided"))
    assert propose(replace(undecided, slices=(part,)), files).diff == ""


def test_more_effort_keeps_a_rule_off_only_where_all_get_it(tmp_path: Path) -> None:
    files = home(tmp_path)
    assert propose(climbed({"all": SMALL, RULE: EFFORT}), files).diff == ""
    assert "off: true" in propose(climbed({"all": EFFORT, RULE: EFFORT}), files).diff


def test_what_only_a_person_can_write_is_advice(tmp_path: Path) -> None:
    files = home(tmp_path)
    proposal = propose(
        replace(climbed({"all": SMALL, "refunds": LARGE}), routes=(Routes("refunds", 0, 7, None),)), files
    )
    assert proposal.diff == ""
    assert "`refunds` needs large, and 7" in proposal.advice[0]
    quoting = propose(climbed({"all": "extractive"}), files)
    assert (quoting.diff, len(quoting.advice)) == ("", 1)
    reason = propose(climbed({"all": SMALL, "rule: comparison": SMALL}), files)
    assert (reason.diff, len(reason.advice)) == ("", 1)


THINKS = Candidate("openai", "gpt-6-luna", "low", tools=False)
INLINE = """\
[tiers.small]
candidates = [
    { provider = "openai", model = "gpt-6-luna", effort = "off" },
]
"""
TABLES = """\
[tiers.small]
escalates_to = "large"

[[tiers.small.candidates]]
provider = "openai"
model = "gpt-6-luna"
effort = "off"  # fast

[tiers.large]
candidates = [{ provider = "openai", model = "gpt-6.1-sol", effort = "low" }]
"""


def test_tables_written_otherwise_are_edited_too() -> None:
    more = 'effort = "low"\ntools = false'
    assert set_effort(TABLES, "small", THINKS) == TABLES.replace('effort = "off"', more)
    assert set_effort(INLINE, "small", THINKS) == INLINE.replace('"off"', '"low", tools = false')
    with_tools = replace(THINKS, tools=True)
    assert set_effort(INLINE, "small", with_tools) == INLINE.replace('"off"', '"low"')
    remark = INLINE.replace("candidates", '# effort = "off"\ncandidates')
    assert set_effort(remark, "small", with_tools) == remark.replace('"off" },', '"low" },')
    assert without_tier(TABLES, "small") == TABLES[TABLES.index("[tiers.large]") :]


LUNA = 'provider = "openai", model = "gpt-6-luna"'


@pytest.mark.parametrize(
    "text",
    [
        f'tiers.small.candidates = [{{ {LUNA}, effort = "off" }}]\n',
        f"[tiers.small]\ncandidates = [{{ {LUNA} }}]\n",
        f'[tiers.small]\ncandidates = [{{ {LUNA}, effort = "off", tools = true }}]\n',
        f'[tiers.small]\ncandidates = [{{ {LUNA}, effort = "off" }}, {{ {LUNA}, effort = "low" }}]\n',
        INLINE.replace("gpt-6-luna", "gpt-6-sol"),
        "[tiers.large]\ncandidates = []\n",
        "not toml",
    ],
)
def test_a_file_that_cannot_be_edited_safely_is_left_alone(text: str) -> None:
    assert set_effort(text, "small", THINKS) is None


def test_the_candidate_that_was_measured_is_edited_and_no_other(tmp_path: Path) -> None:
    files = home(tmp_path)
    openai = usable(load_tiers(), {"openai"})
    apply(propose(climbed({"all": EFFORT}, openai), files), tmp_path, "git")
    before, after = load_tiers().first.candidates, load_tiers(files.tiers).first.candidates
    assert after == (before[0], replace(before[1], effort="low", tools=False))


def test_a_rule_that_is_not_there_cannot_be_switched_off() -> None:
    text = ESCALATION.read_text(encoding="utf-8")
    assert rule_off(text, "no such rule", ESCALATION) is None
    assert rule_off(text, "long message", ESCALATION) is None
    one = rule_off(text, "thumbs down", ESCALATION)
    assert one is not None
    assert rule_off(one, "same question again", ESCALATION) is not None


def test_the_files_in_force_are_the_adopters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = home(tmp_path)
    monkeypatch.chdir("/")
    found = files_of(GraphSettings(bot_home=tmp_path))
    assert (found.tiers, found.escalation) == (files.tiers.resolve(), files.escalation.resolve())
    assert files_of(GraphSettings(bot_home=None)).tiers == SHIPPED.resolve()
