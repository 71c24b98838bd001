"""A suite: the cases of a folder, and where its recordings and accepted baselines are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evals.suite.baseline import read_baseline
from evals.suite.case import Case
from evals.suite.case_checks import known_passages
from evals.suite.case_file import load_cases
from evals.suite.gate import make_report
from evals.suite.report import Report
from evals.suite.run_info import RunInfo
from evals.suite.trial import Mode
from evals.suite.trials_file import Results, TrialsFile
from graph.errors import InputError
from graph.opening import SAMPLE_SHOP
from graph.settings import GraphSettings
from prompts import open_prompts
from prompts.fields import nearest

SHIPPED = Path(__file__).parents[1] / "cases"


@dataclass(frozen=True, slots=True)
class Suite:
    """The cases that a run is of."""

    root: Path
    """The folder that recordings and baselines belong to."""
    cases: tuple[Case, ...]
    part: bool
    """Whether the folder holds more cases than these."""
    gated: bool = False
    """Whether these are all cases that must stay right here: the adopter's own, or the shipped ones."""

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.root.resolve().name

    @property
    def recordings(self) -> Path:
        """Where models' words are kept."""
        return self._beside("recordings")

    def baseline(self, mode: Mode) -> Path:
        """Where the accepted baseline of a mode is."""
        return self._beside("baselines") / f"{self.name}.{mode}.json"

    def _beside(self, name: str) -> Path:
        # The shipped ones stand beside the cases, an adopter's in the one folder that is theirs.
        return SHIPPED.parent / name if self.root == SHIPPED else self.root / name


def open_suite(
    settings: GraphSettings, folder: Path | None = None, only: Sequence[str] = (), *, names: bool = True
) -> Suite:
    """Read the cases of a folder, of the adopter's own, or the shipped ones; `only` names ids and tags.

    With `names`, reasons must be in the escalation.md in force, and articles in the knowledge folder. Raises
    InputError with all that is wrong in a file, a line each.
    """
    home = settings.bot_home
    mine = (home / "cases" if home else SHIPPED).resolve()
    given = (folder or mine).resolve()
    escalation = open_prompts(home / "prompts" if home else None).escalation if names else None
    known = known_passages(home / "knowledge" if home else SAMPLE_SHOP) if names else None
    cases = load_cases(given, escalation=escalation, known=known)
    root = given.parent if given.is_file() else given
    root = SHIPPED if root.is_relative_to(SHIPPED) else root
    part = bool(only) or root != given
    return Suite(root, chosen(cases, only), part=part, gated=root == mine and not part)


def reported(suite: Suite, info: RunInfo, trials: TrialsFile) -> Report:
    """Judge what was played of a suite, against the accepted baseline of its mode."""
    baseline = read_baseline(suite.baseline(info.mode))
    results = Results(suite.cases, trials, info.times)
    return make_report(info.id, info.mode, trials.source, results, baseline, part=suite.part)


def chosen(cases: Sequence[Case], only: Sequence[str]) -> tuple[Case, ...]:
    """Return the cases with one of these ids or tags, or all; raises InputError for a name that none has."""
    names = {name for case in cases for name in (case.id, *case.tags)}
    for name in only:
        if name not in names:
            tags = sorted({tag for case in cases for tag in case.tags})
            close = nearest(name, names)
            close = close if "did you mean" in close else f"; tags are {', '.join(tags)}"
            raise InputError(f"--only {name}: no case has this id or tag{close}")
    wanted = set(only)
    return tuple(case for case in cases if not only or wanted & {case.id, *case.tags})
