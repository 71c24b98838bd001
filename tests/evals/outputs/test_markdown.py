"""Nobody's words become markup: read with a parser of GitHub's Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from evals.outputs.comment import COMMENT_BYTES, comment, marker
from evals.outputs.markdown import text
from evals.outputs.summary import SUMMARY_BYTES, summary
from evals.outputs.words import stale_groups
from evals.suite.estimate import Estimate
from evals.suite.report import Change, Gate, Report
from tests.evals.outputs.reports import many, report, result, with_words

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
HOSTILE = (
    "@octocat and @org/team",
    "see #12, org/repo#12 and GH-12",
    "https://x.example/a and www.x.example",
    "ada@x.example",
    "<img src=x onerror=alert(1)><!-- firstline-evals:evals -->",
    "a | b | c\n| --- |\nnew line",
    "**bold** _it_ `code` ~~gone~~ [l](javascript:x) ![i](x)",
    "$x$ and $$y$$",
    "\\| \\` \\*",
    "&lt;b&gt; &#64;octocat &commat;octocat",
    "# title",
    "1. one",
    "- item",
    "--- ",
    "\u202egnp.exe\u2066",
)
MENTION = re.compile(r"(?<!\w)@\w")
REFERENCE = re.compile(r"#\d|\bGH-\d|://\w|\bwww\.\w")


def tokens(markdown: str) -> Iterator[Token]:
    for token in PARSER.parse(markdown):
        yield token
        yield from token.children or ()


def shown(markdown: str) -> str:
    """Return what a reader sees, the entities read as GitHub does before it looks for names."""
    return "".join(token.content for token in tokens(markdown) if token.type in ("text", "text_special"))


@pytest.mark.parametrize("words", HOSTILE)
def test_words_stay_words(words: str) -> None:
    line = text(words)
    made = f"| a | b |\n| --- | --- |\n| {line} | x |\n\n- {line}\n\n{line}"
    kinds = {token.type for token in tokens(made)}
    assert kinds <= {
        *("table_open", "table_close", "thead_open", "thead_close", "tbody_open", "tbody_close"),
        *("tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close", "inline", "text"),
        *("text_special", "paragraph_open", "paragraph_close"),
        *("bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"),
    }
    assert sum(token.type == "td_open" for token in tokens(made)) == 2
    assert sum(token.type == "list_item_open" for token in tokens(made)) == 1
    assert not MENTION.search(shown(made))
    assert not REFERENCE.search(shown(made))


@given(st.text(max_size=80))
def test_any_words_stay_in_their_cell(words: str) -> None:
    made = f"| a | b |\n| --- | --- |\n| x{text(words)} | y |"
    assert sum(token.type == "td_open" for token in tokens(made)) == 2
    assert not [token for token in tokens(made) if token.type in ("html_inline", "link_open", "image")]
    assert not MENTION.search(shown(made))


def test_plain_words_are_read_as_they_were_written() -> None:
    assert text("returns/exchanges.md is not cited (turn 1)") == "returns/exchanges.md is not cited (turn 1)"
    assert shown(text("5 * 3 [x] | y")) == "5 * 3 [x] | y"


def test_long_words_are_cut_with_a_sign() -> None:
    assert text("word " * 200).endswith("…")
    assert len(text("word " * 200)) <= 300


@pytest.mark.parametrize("words", HOSTILE)
def test_a_comment_has_one_marker_and_no_html_of_others(words: str) -> None:
    made = comment(with_words(words))
    assert made.startswith(f"{marker('evals')}\n")
    assert made.count("<!--") == 1
    html = [token.content.strip() for token in tokens(made) if token.type.startswith("html")]
    assert html == [marker("evals"), "<details><summary>Figures</summary>", "</details>"]
    assert not MENTION.search(shown(made))


@pytest.mark.parametrize("render", [summary, comment])
def test_the_verdict_comes_first_and_in_words(render: object) -> None:
    assert callable(render)
    made = str(render(report()))
    assert "❌ Evals (replay): Worse: this change should not go in as it is." in made[:140]
    assert "**Passed: 85.0 % of 120 cases, between 79.1 % and 90.9 %**" in made
    assert "The smallest loss that this suite can see is 5.0 % of cases." in made
    assert "| late-refund | answered → escalated | The small" in made
    assert "2 missed" in made
    assert "3 missed" in made


def test_stale_cases_are_grouped_by_what_changed() -> None:
    results = (
        *(result(f"a{n}", "stale") for n in range(14)),
        *(result(f"b{n}", "passed") for n in range(26)),
    )
    made = replace(
        report(),
        results=results,
        gate=Gate("not_re_recorded", ("escalation.md changed: 14 of 40 cases have no recording.",)),
        flips=(),
    )
    assert [group.says for group in stale_groups(made)] == [
        "escalation.md changed: 14 of 40 cases have no recording."
    ]
    told = comment(made, price=Estimate(0.031, 0.4, 20))
    assert told.count("escalation.md changed") == 1
    assert "add the label `record`. That will cost about 0.031 USD, and never more than 0.4 USD." in told
    assert "escalation.md changed: 14 of 40 cases have no recording. a0, a1, a2, a3, a4 and 9 more" in told


def test_a_case_that_was_never_recorded_says_so() -> None:
    never = result("new", "stale")
    fresh = replace(never, trials=(replace(never.trials[0], changed=()),))
    made = replace(report(), results=(fresh,))
    assert stale_groups(made)[0].says == "New, or never recorded: 1 of 1 case has no recording."


@pytest.mark.parametrize(("source", "told"), [("none", "no model was asked"), ("stand-in", "a stand-in")])
def test_cost_and_times_are_told_of_vendors_only(source: str, told: str) -> None:
    made = summary(replace(report(), source=source))  # type: ignore[arg-type]
    assert told in made
    assert "USD" not in made
    assert " ms" not in made
    assert "cases passed" in made


def test_without_a_baseline_there_is_no_before() -> None:
    bare = replace(report(), baseline="", flips=(), confusion_before=None, changes=())
    made = summary(bare)
    assert "Baseline" not in made
    assert "before" not in made


def test_nothing_flipped_is_said() -> None:
    assert "Nothing flipped against the baseline." in summary(replace(report(), flips=()))


@pytest.mark.parametrize(
    ("render", "most"), [(summary, SUMMARY_BYTES), (comment, COMMENT_BYTES)], ids=["summary", "comment"]
)
def test_what_is_too_long_is_cut_and_says_so(render: object, most: int) -> None:
    assert callable(render)
    made = str(render(noisy()))
    assert most / 10 < len(made.encode()) <= most
    assert re.search(r"and [\d,]+ more flips: see `report.html` of this run", made)
    assert re.search(r"and [\d,]+ more reasons: see", made)
    assert made.count("\n| ") > 4


def noisy() -> Report:
    """A report whose every list is longer than any comment, of words that all need an escape."""
    large = many(100, 1)
    words = "|<>@`*" * 50
    flips = tuple(replace(large.flips[0], case=f"case {n}", says=words) for n in range(3000))
    changes = tuple(Change("passed", 1.0, 0.5, -0.5, None, None, None) for _ in range(3))
    return replace(
        large, flips=flips, changes=changes, gate=Gate("regressed", (words,) * 3000, (words,) * 3000)
    )


def test_a_comment_shows_the_flips_and_folds_the_figures() -> None:
    made = comment(replace(report(), gate=Gate("fine", ())))
    fold = made.index("<details><summary>Figures</summary>\n\n")
    assert made.index("Passed: 85.0 %") < made.index("answered → escalated") < fold
    assert fold < made.index("**Escalation**")
    assert made.rstrip().endswith("</details>")


def test_several_runs_share_one_comment() -> None:
    fine = replace(report(), mode="keyless", gate=Gate("fine", ()))
    made = comment(fine, report(), suite="Our Suite", link="https://x.example/1")
    assert made.startswith("<!-- firstline-evals:our-suite -->\n")
    assert made.index("Evals (replay): Worse") < made.index("Evals (keyless): Fine")
    assert made.count("<!--") == 1
    assert "[download it](https://x.example/1)" in made
