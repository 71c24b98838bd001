"""`evals preview` at the command line and as a page."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli import invoke
from tests.evals.preview.changes import app, commit_all, edit, prompts_folder, with_money_rule

FILE = "prompts/escalation.md"
CASES = """
- id: money
  origin: {kind: written, licence: MIT, added: "2026-05-01", labelled_by: ada}
  tags: [refunds]
  turns:
    - user: How long do I have to send back a jacket?
    - user: I want my money back, <script>alert(1)</script> [bold]now[/bold]
  escalation: {verdict: must_not}
- id: jacket
  origin: {kind: written, licence: MIT, added: "2026-05-01", labelled_by: ada}
  turns:
    - user: How long do I have to send back a jacket?
  escalation: {verdict: must_not}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A rule for money that is not committed, and two cases."""
    with_money_rule(tmp_path)
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases/mine.yaml").write_text(CASES, encoding="utf-8")
    return tmp_path


def run(folder: Path, *words: str, columns: int = 120) -> tuple[int, str, str]:
    ran = invoke(app(), folder, "preview", *words, COLUMNS=str(columns))
    return ran.exit_code, ran.stdout, ran.stderr


def test_before_and_after_stand_side_by_side(folder: Path) -> None:
    code, out, err = run(folder, FILE, "--cases", "cases")
    assert (code, err) == (0, "")
    assert "2 cases, 3 turns: 1 case decided differently (1 answered -> escalated); 1 against" in out
    assert re.search(r"^ answered by small +ESCALATED to a person *$", out, re.MULTILINE)
    assert "rule “money”: says “money back”" in out
    assert "turn 2: “I want my money back, <script>alert(1)</script> [bold]now[/bold]”" in out
    assert "not known: no live recordings" in out
    assert "What this preview cannot see" in out


def test_a_narrow_terminal_has_one_column(folder: Path) -> None:
    _, out, _ = run(folder, FILE, "--cases", "cases", columns=60)
    lines = [line.rstrip() for line in out.splitlines()]
    assert lines.index("  before: answered by small") < lines.index("  after: ESCALATED to a person")


def test_single_sentences_say_which_rule_applies_on_each_side(folder: Path) -> None:
    code, out, _ = run(folder, FILE, "--say", "I want my money back", "--say", "Is it raining?")
    assert code == 0
    assert "“I want my money back”\n" in out
    assert "“Is it raining?”  as before" in out
    assert re.search(r"no rule applies: .* +rule “money”: says “money back”", out)
    assert re.search(r"held until checked: refunds +held until checked: refunds, the rule “money”", out)


@pytest.mark.parametrize("words", [("--cases", "cases"), ("--say", "I want my money back")])
def test_with_check_a_flip_is_found_wanting(folder: Path, words: tuple[str, ...]) -> None:
    assert run(folder, FILE, *words, "--check")[0] == 1
    commit_all(folder)
    assert run(folder, FILE, *words, "--check")[0] == 0


def test_nothing_changed_is_said(folder: Path) -> None:
    commit_all(folder)
    edit(folder / FILE, "- name: money\n", "- name: money # for refunds\n")
    code, out, _ = run(folder, FILE, "--cases", "cases")
    assert code == 0
    assert "Nothing has changed" in out


def test_only_some_cases_by_id_or_tag(folder: Path) -> None:
    assert "1 case, 1 turn:" in run(folder, FILE, "--cases", "cases", "--only", "jacket")[1]
    assert "1 case, 2 turns:" in run(folder, FILE, "--cases", "cases", "--only", "refunds")[1]
    code, _, err = run(folder, FILE, "--cases", "cases", "--only", "jackets")
    assert (code, "did you mean `jacket`" in err) == (2, True)


def test_what_no_case_shows_is_said(folder: Path) -> None:
    file = prompts_folder(folder / "other", "phrases.md") / "phrases.md"
    edit(file, "- en: Thank you, that helps us", "- en: Thanks, that helps us")
    code, out, _ = run(folder, str(file), "--cases", "cases")
    assert (code, "phrases.md says something else, but none of these cases shows it." in out) == (0, True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((FILE, "--against", "nope"), "no file `nope`"),
        (("prompts/answr.md",), "did you mean `answer.md`"),
        ((FILE, "--cases", "nowhere"), "nowhere"),
        (("broken/escalation.md",), "broken/escalation.md:1: "),
    ],
)
def test_wrong_input_is_one_sentence(folder: Path, words: tuple[str, ...], says: str) -> None:
    (folder / "broken").mkdir()
    (folder / "broken/escalation.md").write_text("Hello\n", encoding="utf-8")
    code, out, err = run(folder, *words, "--html", "page.html")
    assert (code, out) == (2, "")
    assert says in err
    assert err.strip().count("\n") == 0
    assert not (folder / "page.html").exists()


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ("cases", "this is a folder; give the name of a file"),
        (f"{FILE}/page.html", "is a file and would have to"),
    ],
)
def test_a_page_that_cannot_be_written_is_said_before_anything_is_played(
    folder: Path, page: str, says: str
) -> None:
    code, out, err = run(folder, FILE, "--cases", "cases", "--html", page)
    assert (code, out) == (2, "")
    assert err.startswith(f"--html {page}: ")
    assert says in err


def test_the_page_holds_whole_conversations_and_loads_nothing(folder: Path) -> None:
    assert run(folder, FILE, "--cases", "cases", "--html", "out/page.html")[0] == 0
    page = (folder / "out/page.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert not re.search(r"<script|<link|<img|https?://|url\(", page)
    assert "I want my money back, &lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert page.count('<p class="asked">') == 2
    assert 'class="wrong">must not escalate: AGAINST the case' in page


def test_all_shipped_cases_take_under_five_seconds_with_the_start(tmp_path: Path) -> None:
    """CPU time, which other work on the machine does not lengthen as much as the clock's."""
    file = with_money_rule(tmp_path)
    code = "from tests.evals.preview.changes import app; app()()"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", code, "preview", str(file)], capture_output=True, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert int(done.stdout.splitlines()[1].split()[0]) >= 130
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert spent < 8.0  # 5 seconds are wanted; a second hyperthread at work makes each one longer
