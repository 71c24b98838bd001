"""Cases are read strictly: whatever is wrong is said with file and line, and what to write instead."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer

from evals.suite.case import (
    AsksBack,
    Case,
    CaseTurn,
    Cites,
    Escalates,
    EscalationLabel,
    InLanguage,
    Limits,
    Origin,
    Rubric,
    Says,
    SaysNoneOf,
    SaysOneOf,
    SaysUnknown,
    Trials,
)
from evals.suite.case_checks import known_passages
from evals.suite.case_commands import add
from evals.suite.case_file import dump_case, dump_cases, load_cases
from evals.suite.case_schema import case_schema
from graph.errors import InputError
from prompts.folder import Prompts
from tests.cli import invoke
from tests.evals.suite.json_schema import accepts

KNOWLEDGE = Path(__file__).parents[3] / "prompts" / "knowledge"
ORIGIN = Origin("written", added="2026-11-26", labelled_by="maintainers")
EVERYTHING = Case(
    id="late-return-2",
    origin=Origin("feedback", "slack:C1/169", "MIT", "2026-11-20", "reviewer"),
    turns=(
        CaseTurn(
            "Is it: too late?\n- or not # yet",
            (
                Cites(("returns/late-returns.md",)),
                Says(("85%", "yes", "no", "1")),
                SaysOneOf(("gift card", "true")),
                SaysNoneOf(("refunded",)),
                InLanguage("no"),
                AsksBack(wanted=False),
                Escalates(wanted=False),
                SaysUnknown(wanted=False),
            ),
        ),
        CaseTurn("No. Person!", (AsksBack(), Escalates(), SaysUnknown()), "down"),
    ),
    escalation=EscalationLabel("must", "asks_for_person", 2, "person"),
    tags=("returns", "prompt:answer"),
    gold_passages=("returns/late-returns.md#returns-that-arrive-late",),
    rubric=(Rubric("tone", "Is it kind?", gate=True), Rubric("short", "Is it short?")),
    limits=Limits(0.03, 2500, 12000.5, 6),
    trials=Trials(3, 2),
    risk="high",
    draft=True,
    audience="everyone",
    needs="model",
)
SMALL = """\
id: small
origin: { kind: written, labelled_by: me }
turns:
  - user: Hello
    expect:
      - escalates: false
"""


def write(folder: Path, text: str, name: str = "a.yaml") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def problems(folder: Path, text: str, **options: Any) -> list[str]:
    """Return what is said about a file, a line each, without the file's name."""
    file = write(folder, text)
    with pytest.raises(InputError) as caught:
        load_cases(folder, **options)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{file}:") for line in lines)
    return [line.removeprefix(f"{file}:") for line in lines]


def test_a_small_case_is_what_its_file_says(tmp_path: Path) -> None:
    file = write(tmp_path, "# about it\n" + SMALL)
    (case,) = load_cases(tmp_path)
    turns = (CaseTurn("Hello", (Escalates(wanted=False),)),)
    assert case == Case("small", Origin("written", labelled_by="me"), turns, where=f"{file}:2")


def test_what_is_dumped_is_read_back(tmp_path: Path) -> None:
    plain = Case("plain", ORIGIN, (CaseTurn("Hi", (Escalates(),)),))
    for cases in ([EVERYTHING], [plain], [EVERYTHING, plain]):
        write(tmp_path, dump_cases(cases) if len(cases) > 1 else dump_case(cases[0]))
        assert [replace(case, where="") for case in load_cases(tmp_path)] == cases


def test_every_setting_is_in_the_dumped_example() -> None:
    unsaid = Case("", ORIGIN, ())
    fields = Case.__dataclass_fields__.keys() - {"where"}
    assert all(getattr(EVERYTHING, name) != getattr(unsaid, name) for name in fields)


def test_a_list_holds_several_cases_each_with_its_line(tmp_path: Path) -> None:
    listed = "".join(f"- {dump_case(case)}".replace("\n", "\n  ") + "\n" for case in _numbered(2))
    file = write(tmp_path, listed)
    first, second = load_cases(tmp_path)
    assert (first.id, first.where) == ("case-0", f"{file}:1")
    line = listed.splitlines().index("- id: case-1") + 1
    assert (second.id, second.where) == ("case-1", f"{file}:{line}")


def _numbered(number: int) -> list[Case]:
    return [Case(f"case-{n}", ORIGIN, (CaseTurn("Hi", (Escalates(),)),)) for n in range(number)]


def test_files_of_folders_below_and_both_endings_are_read_in_order(tmp_path: Path) -> None:
    for name in ("b.yml", "a/z.yaml", "a.yaml", "notes.md"):
        write(tmp_path, SMALL.replace("small", name.translate(str.maketrans("/.", "--"))), name)
    assert [case.id for case in load_cases(tmp_path)] == ["a-z-yaml", "a-yaml", "b-yml"]
    assert [case.id for case in load_cases(tmp_path / "b.yml")] == ["b-yml"]


def test_without_need_all_trials_must_pass(tmp_path: Path) -> None:
    write(tmp_path, SMALL + "trials: { n: 3 }\n")
    assert load_cases(tmp_path)[0].trials == Trials(3, 3)


def test_an_id_that_is_there_twice_names_both_places(tmp_path: Path) -> None:
    first, second = write(tmp_path, SMALL, "a.yaml"), write(tmp_path, "\n" + SMALL, "b.yaml")
    with pytest.raises(InputError) as caught:
        load_cases(tmp_path)
    assert str(caught.value).startswith(f"{second}:2: the id `small` is at {first}:1 too")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("id: small", "id: Not small"), "1: `id` must be small letters and digits"),
        (("kind: written", "kind: wriTten"), "2: `kind` must be `written`, `feedback`"),
        (("labelled_by", "labeled_by"), "2: `labeled_by` is not a setting here; did you mean `labelled_by`?"),
        (("turns:", "tag: [a]\nturns:"), "3: `tag` is not a setting here; did you mean `tags`?"),
        (("turns:", 'tags: ["risk:high"]\nturns:'), "3: an entry of `tags` must be small letters"),
        (("turns:", "tags: [a, b, a]\nturns:"), "3: `a` is there twice"),
        (("- user: Hello", "- usr: Hello"), "4: `user:` is missing"),
        (("user: Hello", "user: 7"), "4: `user` must be a text"),
        (("user: Hello", 'user: " "'), "4: `user` must not be empty"),
        (("user: Hello", "user:"), "4: `user` has no value"),
        (("user: Hello", "rating: up\n    user: Hello"), "4: there is no answer before the first turn"),
        (("escalates: false", "escalated: false"), "6: `escalated` is not a setting here; did you mean"),
        (("escalates: false", "escalates: no"), "6: `escalates` must be true or false"),
        (("escalates: false", "says: 30 days"), "6: `says` must be a list"),
        (("escalates: false", "says: []"), "6: `says` must not be empty"),
        (("escalates: false", "says: [a, '?!']"), "6: `?!` holds no word"),
        (("escalates: false", "language: german"), "6: `language` must be a language's two letters"),
        (
            ("escalates: false", "{asks_back: true, escalates: true}"),
            "6: an entry of `expect` has exactly one",
        ),
        (("escalates: false", "{}"), "6: an entry of `expect` has exactly one name"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(change: tuple[str, str], said: str, tmp_path: Path) -> None:
    text = SMALL.replace(*change)
    assert text != SMALL
    found = problems(tmp_path, text)
    assert any(line.startswith(said) for line in found), found


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("trials: { n: 2, need: 3 }", "7: `need` is 3, more than the 2 of `n`"),
        ("trials: { n: 0 }", "7: `n`: input should be greater than or equal to 1, not `0`"),
        ("trials: { n: 1.5 }", "7: `n` must be a whole number"),
        ("limits: { usd: much }", "7: `usd` must be a number"),
        ("escalation: must", "7: `escalation` must be a mapping"),
        ("escalation: { verdict: never }", "7: `verdict` must be `must`, `may` or `must_not`, not `never`"),
        ("escalation: { verdict: must, by_turn: 2 }", "7: `by_turn` is 2, but the case has 1 turn"),
        ("escalation: { verdict: must_not, to: person }", "7: `must_not` has no `reason`"),
        ("escalation: { verdict: must, reason: nosuch }", "7: escalation.md has no reason or rule `nosuch`"),
        ("escalation: { verdict: must, reason: disputes }", "7: escalation.md has no reason or rule"),
        ("gold_passages:\n  - returns/return-window.md\n  - returns/no.md", "9: the knowledge folder has no"),
        ("rubric:\n  - { id: a, ask: b }\n  - { id: a, ask: c }", "9: `a` is there twice"),
        ("risk: high\nrisk: low", "8: `risk` is there twice, first on line 7"),
    ],
)
def test_what_does_not_fit_is_said_with_its_line(more: str, said: str, tmp_path: Path) -> None:
    known = known_passages(KNOWLEDGE)
    found = problems(tmp_path, SMALL + more + "\n", escalation=Prompts(None).escalation, known=known)
    assert len(found) == 1
    assert found[0].startswith(said), found


def test_names_are_looked_up_only_where_they_are_given(tmp_path: Path) -> None:
    text = SMALL.replace("escalates: false", "cites: [x/y.md]")
    text += "escalation: { verdict: must, reason: nosuch }\ngold_passages: [nothing]\n"
    write(tmp_path, text)
    assert load_cases(tmp_path)[0].gold_passages == ("nothing",)
    found = problems(tmp_path, text, known={"x/z.md"})
    assert found == [
        "6: the knowledge folder has no `x/y.md`; did you mean `x/z.md`?",
        "8: the knowledge folder has no `nothing`; give an article's path, or `path#heading`",
    ]


def test_a_rule_of_escalation_md_is_a_reason_too_and_articles_need_no_ending(tmp_path: Path) -> None:
    text = SMALL.replace("escalates: false", "cites: [returns/return-window#condition-of-the-item]")
    write(tmp_path, text + "escalation: { verdict: must, reason: thumbs down }\n")
    known = known_passages(KNOWLEDGE)
    (case,) = load_cases(tmp_path, escalation=Prompts(None).escalation, known=known)
    assert case.escalation.reason == "thumbs down"


def test_all_that_is_wrong_with_a_case_is_said_at_once(tmp_path: Path) -> None:
    found = problems(tmp_path, "- id: A\n  turns: []\n  colour: red\n")
    assert [line.split(":")[0] for line in found] == ["1", "1", "2", "3"]


def test_a_case_that_cannot_fail_is_refused_unless_it_is_a_draft(tmp_path: Path) -> None:
    nothing = SMALL[: SMALL.index("    expect:")]
    assert problems(tmp_path, nothing)[0].startswith("1: the case cannot fail")
    for more in ("draft: true", "limits: { usd: 1 }", "escalation: { verdict: must_not }"):
        write(tmp_path, f"{nothing}{more}\n")
        assert load_cases(tmp_path)[0].id == "small"


def test_a_case_that_nobody_labelled_must_be_a_draft(tmp_path: Path) -> None:
    unlabelled = SMALL.replace(", labelled_by: me", "")
    assert problems(tmp_path, unlabelled)[0].startswith("2: nobody labelled the case")
    write(tmp_path, unlabelled + "draft: true\n")
    assert load_cases(tmp_path)[0].draft


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id: a\nturns: [a\nrisk: low\n", "3: the file is not valid YAML: "),
        ("just words\n", "1: must hold a case, or a list of cases"),
        ("", "1: must hold a case, or a list of cases"),
        ("- id: a\n- words\n", "2: the case must be a mapping"),
        (SMALL + "---\n" + SMALL, "7: the file is not valid YAML"),
        ("a: &x [1]\nb: *x\n", "1: `&` and `*` references cannot be used here"),
    ],
)
def test_what_is_no_case_is_said_with_its_line(text: str, said: str, tmp_path: Path) -> None:
    found = problems(tmp_path, text)
    assert any(line.startswith(said) for line in found), found


def test_bad_yaml_names_the_column(tmp_path: Path) -> None:
    assert "at column 10;" in problems(tmp_path, "id: a\nrisk: low: high\n")[0]


def test_a_file_that_is_not_utf_8_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"id: a\n# \xff\n")
    with pytest.raises(InputError, match=r"a\.yaml:2: is not UTF-8"):
        load_cases(tmp_path)


def test_a_folder_without_cases_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no cases"):
        load_cases(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        load_cases(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "A"},
        {"colour": "red"},
        {"turns": []},
        {"turns": [{"user": "Hi", "expect": [{"says": ["a"], "escalates": True}]}]},
        {"turns": [{"user": "Hi", "expect": [{"says": None}]}]},
        {"escalation": {"verdict": "never"}},
        {"tags": ["risk:high"]},
        {"trials": {"n": 0}},
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(wrong: dict[str, Any], tmp_path: Path) -> None:
    schema = json.loads(case_schema())
    right = {"id": "a", "origin": {"kind": "written", "labelled_by": "me"}, "turns": [{"user": "Hi"}]}
    right |= {"escalation": {"verdict": "must"}}
    write(tmp_path, json.dumps(right))
    assert len(load_cases(tmp_path)) == 1
    assert accepts(schema, right)
    assert accepts(schema, [right])
    assert not accepts(schema, right | wrong)
    assert problems(tmp_path, json.dumps(right | wrong))


def test_the_command_prints_the_schema(tmp_path: Path) -> None:
    app = typer.Typer()
    add(app)
    app.callback()(lambda: None)
    result = invoke(app, tmp_path, "schema")
    assert (result.exit_code, result.stdout) == (0, case_schema())
