"""What a node's core works with besides the state: the run's context, the settings, and where its events go."""

from __future__ import annotations

import contextvars
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from langgraph.runtime import Runtime, get_runtime

from genloom.config import Settings, load_settings
from genloom.events import (
    Event,
    EventEmitter,
    IndexProgress,
    ModelUsage,
    NodeFinished,
    NodeStarted,
    ReviewReady,
    SearchProgress,
)
from genloom.nodes.own_context import own_context
from genloom.nodes.policies import NodePolicy
from genloom.prompts import Prompts
from genloom.state import GraphContext
from genloom.tools.security import Redactor

__all__ = ["NodeRuntime", "TaskMemories", "current_context", "current_runtime", "event_emitter"]


@dataclass(frozen=True, kw_only=True)
class NodeRuntime:
    """`context` and `settings` agree: what the caller left open was filled in from the environment. `task_id` is the
    same when the node in flight runs again, by a retry or after a kill. `this_try` counts from 1. `memory` is what
    earlier tries of the same task in this process left behind, so that a retry need not do their work again. `prompts` are
    the run's: the context's own, else the graph's, else the shipped ones.
    """

    context: GraphContext
    settings: Settings
    emit: EventEmitter
    task_id: str
    thread_id: str | None
    this_try: int
    policy: NodePolicy
    memory: dict[str, Any]  # Any: each core's own
    prompts: Prompts = field(default_factory=Prompts)

    def will_retry(self, error: BaseException) -> bool:
        """Whether the node is tried again when its core raises this."""
        return self.this_try < self.policy.tries and self.policy.retries(error)


class TaskMemories:
    """The memories of a node's newest tasks."""

    def __init__(self, size: int = 256) -> None:
        self._size = size
        self._memories: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, task_id: str, this_try: int) -> dict[str, Any]:
        """Return the memory of a task, an empty one at its first try."""
        with self._lock:
            if this_try == 1:
                self._memories[task_id] = {}
            memory = self._memories.setdefault(task_id, {})
            self._memories.move_to_end(task_id)
            while len(self._memories) > self._size:
                self._memories.popitem(last=False)
            return memory


def current_context() -> tuple[Settings, GraphContext]:
    """Return the settings and the context of what LangGraph is running now, resolved. A context that was omitted (`None`
    locally, the default instance on a server) means the defaults, and one of a user's own type may hold ours."""
    return own_context(get_runtime(GraphContext).context).resolved(load_settings())


def current_runtime(
    policy: NodePolicy, memories: TaskMemories, prompts: Mapping[str, str] | None = None
) -> NodeRuntime:
    """Return what surrounds the node that LangGraph is running now; `prompts` are the graph's own."""
    runtime = get_runtime(GraphContext)
    settings, context = current_context()
    info = runtime.execution_info
    this_try = info.node_attempt if info is not None else 1
    task_id = info.task_id if info is not None else ""
    return NodeRuntime(
        context=context,
        settings=settings,
        emit=event_emitter(runtime, settings),
        task_id=task_id,
        thread_id=info.thread_id if info is not None else None,
        this_try=this_try,
        policy=policy,
        memory=memories.of(task_id, this_try),
        prompts=Prompts.of(prompts, context.prompts),
    )


_WITHOUT_TEXT = (NodeStarted, NodeFinished, IndexProgress, SearchProgress, ReviewReady, ModelUsage)


def event_emitter(runtime: Runtime[Any], settings: Settings) -> EventEmitter:
    """Return an emitter that writes to the graph's custom stream; it may be called from any thread.

    Events that hold anybody's text pass redaction: an example, a server's message or an agent's log may hold a secret.
    """
    here = contextvars.copy_context()

    def emit(event: Event) -> None:
        data = event.model_dump(mode="json")
        if not isinstance(event, _WITHOUT_TEXT):
            data = Redactor(secrets=settings.secrets).data(data)
        # LangGraph's writer looks up its place in the graph by context variable, which other threads lack
        here.copy().run(runtime.stream_writer, data)

    return emit
