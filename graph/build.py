"""The state machine: nodes and edges, and nothing else."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from graph.nodes.answer import answer
from graph.nodes.check import check
from graph.nodes.handoff import handoff
from graph.nodes.retrieve import retrieve
from graph.nodes.route import route
from graph.services import TurnContext
from graph.state import State
from graph.turn import PERSON

Graph: TypeAlias = CompiledStateGraph[State, TurnContext, State, State]


def build_graph(saver: BaseCheckpointSaver[Any] | None) -> Graph:
    """Compile the graph with a checkpointer, or for drawing without one."""
    graph = StateGraph(State, context_schema=TurnContext)
    graph.add_node("retrieve", retrieve)
    graph.add_node("route", route)
    graph.add_node("answer", answer)
    graph.add_node("check", check)
    graph.add_node("handoff", handoff)
    graph.add_edge(START, "retrieve")
    graph.add_edge("retrieve", "route")
    graph.add_conditional_edges("route", after_route)
    graph.add_edge("answer", "check")
    graph.add_conditional_edges("check", after_check)
    graph.add_edge("handoff", END)
    return graph.compile(checkpointer=saver, name="firstline")


# Both are coroutines because LangGraph runs plain functions in a thread, which takes longer than all they do.


async def after_route(state: State) -> Literal["answer", "handoff"]:
    """Send the turn to a person, or to a model."""
    return "handoff" if state["route"]["tier"] == PERSON else "answer"


async def after_check(state: State) -> Literal["answer", "handoff", "__end__"]:
    """End where the draft was the answer; else go on by the route that `check` has set."""
    if state["draft"] is None:
        return "__end__"
    return await after_route(state)


def studio() -> Graph:
    """Return the graph to look at in LangGraph Studio; to run, its nodes need what `run_turn` gives them."""
    return build_graph(None)
