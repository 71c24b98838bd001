"""tau2-bench's files: tasks alone, a run's results (one file, or a folder with simulations), one simulation.

As in tau.py, the script of a case is the customer's side of one run, the first that got the reward. A task
that nobody has played has only the words that it gives its customer to open with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from evals.importers.dialogue import TRANSFER, Exchange, Said, draft, exchanges, played, rewarded
from evals.importers.imported import Imported, LeftOut, checked, read_json
from evals.importers.tau2_shapes import RESULTS, SIMULATION, TASKS, Message, Results, Simulation, Task
from evals.suite.case import Case, Rubric
from evals.suite.trial import Status, Trial
from graph.errors import InputError

_OPENING = re.compile(r'(?:opening|start naturally)[^"“\n]*["“]([^"”]+)["”]', re.IGNORECASE)
_NO_RESULT = ("infrastructure_error", "context_window_exceeded")
"""Ends of a run that tau2-bench leaves out of its own measures."""


def import_tau2(path: Path, *, prefix: str = "tau2") -> Imported:
    """Read a file of tasks, of results or of one simulation, or a folder of results.

    Raises InputError where it is none of these, or holds the same trial of a task twice.
    """
    tasks, simulations = _read(path)
    if not tasks and not simulations:
        raise InputError(f"{path} holds no tasks and no simulations; name a file of tau2-bench")
    importer = _Importer(path, prefix)
    for task in _with_strays(tasks, simulations):
        importer.add(task, [run for run in simulations if run.task_id == _id(task)])
    return Imported(tuple(importer.cases), tuple(importer.trials), tuple(importer.left_out))


def _read(path: Path) -> tuple[list[Task], list[Simulation]]:
    file = path / "results.json" if path.is_dir() else path
    value = read_json(file)
    if isinstance(value, list):
        return checked(TASKS, value, file), []
    if isinstance(value, dict) and "termination_reason" in value:
        return [], [checked(SIMULATION, value, file)]
    if isinstance(value, dict) and "simulations" not in value and "simulation_index" not in value:
        return checked(TASKS, value.get("tasks"), file), []
    results = checked(RESULTS, value, file)
    return results.tasks, results.simulations or list(_beside(file, results))


def _beside(file: Path, results: Results) -> Iterator[Simulation]:
    """Read the simulations of a folder, all that the index names."""
    folder = file.parent / "simulations"
    for entry in results.simulation_index or ():
        one = folder / f"{entry.id}.json"
        if one.parent != folder:
            raise InputError(f"{file}: simulation_index: `{entry.id}` is no id; ids have no `/`")
        yield checked(SIMULATION, read_json(one), one)


def _with_strays(tasks: list[Task], simulations: list[Simulation]) -> Iterator[Task | str]:
    """Yield the tasks, and the ids of those that were played and are not described."""
    yield from tasks
    known = {task.id for task in tasks}
    yield from dict.fromkeys(run.task_id for run in simulations if run.task_id not in known)


def _id(task: Task | str) -> str:
    return task if isinstance(task, str) else task.id


class _Importer:
    """Collects what a file comes to, task by task."""

    def __init__(self, path: Path, prefix: str) -> None:
        self._path = path
        self._prefix = prefix
        self.cases: list[Case] = []
        self.trials: list[Trial] = []
        self.left_out: list[LeftOut] = []

    def add(self, task: Task | str, runs: list[Simulation]) -> None:
        """Take a task with its runs."""
        case = f"{self._prefix}-{_slug(_id(task))}"
        if any(known.id == case for known in self.cases):
            raise InputError(
                f"{self._path}: task `{_id(task)}`: another task becomes `{case}` too; rename one"
            )
        scripts = [talk for talk in self._play(case, runs) if talk]
        script = scripts[0] if scripts else [Exchange(words) for words in _opening(task)]
        if script:
            self.cases.append(_case(case, task, script))
            self._note_limits(task)
        else:
            self._leave(task, "no words of the customer, only what a simulated one is told")

    def _play(self, case: str, runs: list[Simulation]) -> list[list[Exchange]]:
        """Take the runs as trials; returns what was said in each, those with the reward first."""
        talks: list[tuple[bool, list[Exchange]]] = []
        seen: set[int] = set()
        for at, run in enumerate(runs):
            number = (at if run.trial is None else run.trial) + 1
            if number in seen:
                raise InputError(
                    f"{self._path}: task `{run.task_id}` has trial {number - 1} twice; take one away"
                )
            seen.add(number)
            if run.messages is None or any(message.is_audio for message in run.messages):
                self._leave(run.task_id, "a run that was spoken, without text")
                continue
            talk, closing = exchanges(_said(run.messages))
            if closing:
                self._leave(run.task_id, "closing words that nobody answered")
            self.trials.append(_trial(case, number, run, talk))
            talks.append((self.trials[-1].passed, talk))
        return [talk for _, talk in sorted(talks, key=lambda pair: not pair[0])]

    def _note_limits(self, task: Task | str) -> None:
        criteria = None if isinstance(task, str) else task.evaluation_criteria
        if isinstance(task, str):
            self._leave(task, "the label: the file does not describe the task")
        if criteria and criteria.communicate_info:
            self._leave(task, "`communicate_info`: it does not say at which turn")

    def _leave(self, task: Task | str, why: str) -> None:
        self.left_out.append(LeftOut(f"task {_id(task)}", why))


def _said(messages: list[Message]) -> list[Said]:
    return [
        Said(
            message.role,
            message.content or "",
            transfers=any(_transfers(call.name, call.requestor) for call in message.tool_calls or ()),
        )
        for message in messages
        if message.role in ("user", "assistant")
    ]


def _transfers(name: str, requestor: str) -> bool:
    # A customer has a tool to ask for a person, which does not say that one should come.
    return name == TRANSFER and requestor == "assistant"


def _opening(task: Task | str) -> list[str]:
    if isinstance(task, str):
        return []
    history = task.initial_state.message_history if task.initial_state else None
    if history:
        return [exchange.asked for exchange in exchanges(_said(history))[0]]
    instructions = task.user_scenario.instructions
    found = _OPENING.search(instructions) if isinstance(instructions, str) else None
    return [found[1].strip()] if found and found[1].strip() else []


def _case(id: str, task: Task | str, script: list[Exchange]) -> Case:
    criteria = None if isinstance(task, str) else task.evaluation_criteria
    actions = (criteria and criteria.actions) or []
    asserted = (criteria and criteria.nl_assertions) or []
    must = any(_transfers(action.name, action.requestor) for action in actions)
    rubric = (
        Rubric(f"assertion-{at}", f"Is this true of the conversation: {sentence}")
        for at, sentence in enumerate(asserted, 1)
    )
    return draft(
        id,
        "tau2-bench",
        _id(task),
        script,
        labelled=bool(criteria),
        must=must,
        gold=() if isinstance(task, str) else tuple(task.required_documents or ()),
        rubric=tuple(rubric),
    )


def _trial(case: str, number: int, run: Simulation, talk: list[Exchange]) -> Trial:
    status, problem = _status(run)
    return played(case, number, talk, status=status, problem=problem, usd=run.agent_cost)


def _status(run: Simulation) -> tuple[Status, str]:
    if run.reward_info is None or run.termination_reason in _NO_RESULT:
        return "error", f"the run has no result: {run.termination_reason or 'no reason given'}"
    return ("passed" if rewarded(run.reward_info.reward) else "failed"), ""


def _slug(id: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", id.lower()).strip("-") or "task"
