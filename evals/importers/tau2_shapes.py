"""The parts of tau2-bench's files that an import reads; whatever else they hold is ignored."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter


class Model(BaseModel):
    """An object of the format."""

    model_config = ConfigDict(strict=True)


class Action(Model):
    """A tool call of the reference path, or of a message."""

    name: str
    requestor: Literal["user", "assistant"] = "assistant"


class Message(Model):
    """One message; a customer's without text is a call of one of their tools."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str | None = None
    tool_calls: list[Action] | None = None
    is_audio: bool = False


class Criteria(Model):
    """How a task is judged there."""

    actions: list[Action] | None = None
    nl_assertions: list[str] | None = None
    communicate_info: list[str] | None = None


class Scenario(Model):
    """What the simulated customer is told: text, or fields that are not read."""

    instructions: str | dict[str, Any]


class Start(Model):
    """What a task begins with."""

    message_history: list[Message] | None = None


class Task(Model):
    """One task, with or without the articles that it needs."""

    id: str
    user_scenario: Scenario
    evaluation_criteria: Criteria | None = None
    initial_state: Start | None = None
    required_documents: list[str] | None = None


class Reward(Model):
    """What a run got; 1 is success."""

    reward: float


class Simulation(Model):
    """One run of a task; `messages` is missing where it was spoken."""

    task_id: str
    trial: int | None = None
    termination_reason: str | None = None
    reward_info: Reward | None = None
    agent_cost: float | None = None
    messages: list[Message] | None = None


class Entry(Model):
    """A simulation that stands in a file of its own, named after its id."""

    id: str


class Results(Model):
    """A run's file; with an index, the simulations stand in the folder `simulations` beside it."""

    tasks: list[Task]
    simulations: list[Simulation] = []
    simulation_index: list[Entry] | None = None


RESULTS, SIMULATION, TASKS = TypeAdapter(Results), TypeAdapter(Simulation), TypeAdapter(list[Task])
