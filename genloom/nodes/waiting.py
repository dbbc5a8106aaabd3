"""Where a graph may wait for a person: an interrupt without a checkpointer would end the run, and nobody could answer."""

from __future__ import annotations

from langgraph.config import get_config

from genloom.errors import ThreadError

__all__ = ["CHECKPOINTER", "demand_checkpointer"]

CHECKPOINTER = "__pregel_checkpointer"
"""Where LangGraph tells a node its checkpointer, a platform's own, too. Without such a key nothing is demanded."""


def demand_checkpointer(what: str) -> None:
    """Raise `ThreadError` where the running graph has nowhere to wait for a person's approval of `what`."""
    if get_config()["configurable"].get(CHECKPOINTER, "unknown") is None:
        raise ThreadError(
            f"{what} needs a person's approval, and this graph has nowhere to wait for it.",
            hint="Give checkpointer= (such as LangGraph's InMemorySaver()) and a thread_id, or approval=False.",
        )
