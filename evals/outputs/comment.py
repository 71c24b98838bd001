"""The one comment that a pull request has on its evals: found again by a marker that nobody sees."""

from __future__ import annotations

import re

from evals.outputs.summary import figures, findings, fitting, title
from evals.suite.estimate import Estimate
from evals.suite.report import Report, Word

GRAVEST: tuple[Word, ...] = (
    *("could_not_run", "regressed", "unfinished"),
    *("not_re_recorded", "too_little_data", "fine"),
)
COMMENT_BYTES = 65_000
"""GitHub takes 65,536 characters a comment."""


def marker(suite: str) -> str:
    """Return the first line of a suite's comment."""
    return f"<!-- firstline-evals:{re.sub(r'[^a-z0-9_.]+', '-', suite.lower()).strip('-') or 'evals'} -->"


def comment(
    *reports: Report, suite: str = "evals", price: Estimate | None = None, link: str | None = None
) -> str:
    """Return the comment on one run or several; `price` is what recording would cost.

    `link` leads to where the page can be downloaded.
    """
    return fitting(lambda rows: _whole(reports, rows, suite, price, link), COMMENT_BYTES)


def _whole(
    reports: tuple[Report, ...], rows: int, suite: str, price: Estimate | None, link: str | None
) -> str:
    found = [marker(suite)]
    for report in sorted(reports, key=lambda each: GRAVEST.index(each.gate.word)):
        found += [f"### {title(report)}", *findings(report, rows, price)]
        found.append(_folded("\n\n".join(figures(report, rows))))
    if link:
        found.append(f"Both transcripts side by side are in `report.html`: [download it]({link}).")
    return "\n\n".join(found) + "\n"


def _folded(body: str) -> str:
    # The blank line after the summary is what makes GitHub read the rest as Markdown.
    return f"<details><summary>Figures</summary>\n\n{body}\n\n</details>"
