"""What a node's core works with besides the state: the run's context, the settings, and where its events go."""

from __future__ import annotations

import contextvars
from dataclasses import dataclass

from langgraph.runtime import Runtime, get_runtime

from genloom.config import Settings, load_settings
from genloom.events import Event, EventEmitter
from genloom.nodes.policies import NodePolicy
from genloom.state import GraphContext

__all__ = ["NodeRuntime", "current_runtime"]


@dataclass(frozen=True, kw_only=True)
class NodeRuntime:
    """`context` and `settings` agree: what the caller left open was filled in from the environment. `task_id` is the
    same when the node in flight runs again, by a retry or after a kill. `this_try` counts from 1."""

    context: GraphContext
    settings: Settings
    emit: EventEmitter
    task_id: str
    thread_id: str | None
    this_try: int
    last_try: bool


def current_runtime(policy: NodePolicy) -> NodeRuntime:
    """Return what surrounds the node that LangGraph is running now. A context that was omitted (`None` locally, the
    default instance on a server) means the defaults."""
    runtime = get_runtime(GraphContext)
    settings, context = (runtime.context or GraphContext()).resolved(load_settings())
    info = runtime.execution_info
    this_try = info.node_attempt if info is not None else 1
    return NodeRuntime(
        context=context,
        settings=settings,
        emit=_emitter(runtime),
        task_id=info.task_id if info is not None else "",
        thread_id=info.thread_id if info is not None else None,
        this_try=this_try,
        last_try=this_try >= policy.tries,
    )


def _emitter(runtime: Runtime[GraphContext]) -> EventEmitter:
    """Return an emitter that writes to the graph's custom stream; it may be called from any thread."""
    here = contextvars.copy_context()

    def emit(event: Event) -> None:
        # LangGraph's writer looks up its place in the graph by context variable, which other threads lack
        here.copy().run(runtime.stream_writer, event.model_dump(mode="json"))

    return emit
