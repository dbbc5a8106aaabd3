"""A thread: one durable run of the generation graph, started, followed and resumed."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache
from typing import Any, NamedTuple

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import RunControl
from langgraph.types import Command, StateSnapshot

from genloom.config import Settings
from genloom.errors import ThreadError
from genloom.events import EventEmitter, ignore_events, parse_event
from genloom.graphs import build_generation_graph
from genloom.interfaces.agents import offer_agents
from genloom.interfaces.job import GenerationJob, as_context
from genloom.interfaces.recording import recording
from genloom.interfaces.result import GenerationResult
from genloom.state import CodeContext, GenerationRequest, GraphContext
from genloom.tools.store.checkpoints import open_checkpointer, thread_key
from genloom.tools.store.thread_lock import holding_thread
from genloom.tools.telemetry import atracing

__all__ = ["StoredThread", "read_thread", "resume_thread", "run_thread"]

Graph = CompiledStateGraph[Any, GraphContext, Any, Any]  # Any: LangGraph's own state types

_CONTEXT_KEY = "genloom_context"


async def run_thread(
    job: GenerationJob,
    code: CodeContext | None,
    *,
    saver: BaseCheckpointSaver[Any] | None = None,  # Any: each saver's own version numbers
    control: RunControl | None = None,
    answer: Any = None,  # Any: whatever the interrupt expects
) -> GenerationResult:
    """Run the job's request in its thread.

    A thread that the caller named and that exists already goes on where it stopped; one that ended gives its result
    again; one that waits for a person takes `answer`. A `saver` that is given is used as it is: whoever opened it prunes
    and closes it, and sees to it that nobody else runs the thread. A drain by `control` ends the run between two nodes
    as LangGraph's `GraphDrained`. Raises `ThreadError` when the thread holds another request, or somebody else is
    running it.
    """
    given: dict[str, Any] | Command[Any] | None
    given = {"request": job.request, **({} if code is None else {"context": code})}
    async with _opened(job.settings, durable=job.durable, to_run=job.thread_id, saver=saver) as graph:
        config = _config(job.thread_id, job.settings, job.context)
        if job.named_thread and job.durable:
            state = await graph.aget_state(config)
            if "request" in state.values:  # else it died with nothing but its input, which is given again
                _demand_same_request(state.values, job)
                if not state.tasks:  # `next` leaves out those that are done but not yet in a checkpoint
                    return GenerationResult.of_state(state.values, thread_id=job.thread_id, seconds=0.0)
                given = Command(resume=answer) if state.interrupts and answer is not None else None
        thread_id = job.thread_id if job.durable else None
        return await _follow(graph, given, config, job.context, thread_id, job.on_event, control)


async def resume_thread(
    thread_id: str,
    settings: Settings,
    *,
    answer: Any = None,  # Any: whatever the interrupt expects
    changes: dict[str, Any] | None = None,  # Any: fields of GraphContext
    on_event: EventEmitter = ignore_events,
) -> GenerationResult:
    """Go on with a thread that was interrupted, cancelled or killed; `answer` is for one that waits for a person.

    It runs with the context it was started with, save for `changes`. A thread that has ended, or that waits for an answer
    when none is given, is returned as it stands. Raises `ThreadError` when there is no such thread, or somebody else
    is running it.
    """
    offer_agents()
    async with _opened(settings, to_run=thread_id) as graph:
        state = await _stored(graph, thread_id, settings)
        context = _saved_context(state.metadata or {}, changes or {})
        config = _config(thread_id, settings, context)
        waits = bool(state.interrupts)
        if not state.tasks or (waits and answer is None):
            return _standing(state, thread_id)
        given: Command[Any] | None = Command(resume=answer) if waits else None
        with recording(settings, on_event, thread_id=thread_id) as record:
            result = await _follow(graph, given, config, context, thread_id, record.emit)
            await record.finish(result)
            return result


class StoredThread(NamedTuple):
    """A thread as it stands: its request, how far it came, and the nodes that would run next (none when it has ended).

    Where the process died between a node's work and the checkpoint behind it, that node is named: it is done, and not run
    again.
    """

    request: GenerationRequest
    result: GenerationResult
    next: tuple[str, ...]


async def read_thread(thread_id: str, settings: Settings) -> StoredThread:
    """Return how a thread stands; nothing is run. Raises `ThreadError` when there is no such thread, or no step was made."""
    async with _opened(settings) as graph:
        state = await _stored(graph, thread_id, settings)
        if "request" not in state.values:
            raise ThreadError(
                f"The thread {thread_id!r} was stopped before its first step, so there is nothing to show of it.",
                hint=f"`genloom thread resume {thread_id}` runs it.",
            )
        request = GenerationRequest.model_validate(state.values["request"])
        upcoming = state.next or tuple(dict.fromkeys(task.name for task in state.tasks))
        return StoredThread(request, _standing(state, thread_id), upcoming)


async def _stored(graph: Graph, thread_id: str, settings: Settings) -> StateSnapshot:
    state = await graph.aget_state(_config(thread_id, settings, None))
    if not state.values:
        raise ThreadError(f"There is no thread {thread_id!r}.", hint="`genloom thread list` shows what is stored.")
    return state


def _standing(state: StateSnapshot, thread_id: str) -> GenerationResult:
    return GenerationResult.of_state(
        {**state.values, "__interrupt__": state.interrupts}, thread_id=thread_id, seconds=0.0
    )


@asynccontextmanager
async def _opened(
    settings: Settings,
    *,
    durable: bool = True,
    to_run: str | None = None,
    saver: BaseCheckpointSaver[Any] | None = None,
) -> AsyncIterator[Graph]:
    """Give the graph on the saver given, or on the stored threads; `to_run` names the one of these that is to be run, by
    nobody else meanwhile."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(atracing(settings))
        if saver is None and durable:
            saver = own = open_checkpointer(settings)
            stack.callback(own.close)
            if to_run is not None:
                stack.enter_context(holding_thread(settings, to_run))
                await asyncio.to_thread(own.prune_threads, settings.threads_kept)
        yield _plain_graph() if saver is None else build_generation_graph(checkpointer=saver)


@cache
def _plain_graph() -> Graph:
    """The graph that keeps nothing, built once: it holds no state of any run."""
    return build_generation_graph()


async def _follow(
    graph: Graph,
    given: Any,
    config: RunnableConfig,
    context: GraphContext,
    thread_id: str | None,
    on_event: EventEmitter,
    control: RunControl | None = None,
) -> GenerationResult:
    """Stream the graph to its end, handing every typed event on."""
    began = time.perf_counter()
    values: dict[str, Any] = {}
    durability: Any = {"durability": "sync"} if graph.checkpointer else {}
    async for mode, item in graph.astream(
        given, config, context=context, stream_mode=["custom", "values"], control=control, **durability
    ):
        if mode == "values":
            values = item
        elif (event := parse_event(item)) is not None:
            on_event(event)
    return GenerationResult.of_state(values, thread_id=thread_id, seconds=time.perf_counter() - began)


def _config(thread_id: str, settings: Settings, context: GraphContext | None) -> RunnableConfig:
    metadata = {} if context is None else {_CONTEXT_KEY: context.model_dump_json(exclude_defaults=True)}
    return {"configurable": {"thread_id": thread_key(settings.organisation, thread_id)}, "metadata": metadata}


def _saved_context(metadata: Any, changes: dict[str, Any]) -> GraphContext:
    saved = json.loads(metadata.get(_CONTEXT_KEY) or "{}")
    return as_context(saved, changes)


def _demand_same_request(values: dict[str, Any], job: GenerationJob) -> None:
    if GenerationRequest.model_validate(values["request"]) != job.request:
        raise ThreadError(
            f"The thread {job.thread_id!r} holds another request.",
            hint="Resume it with `genloom thread resume`, or choose another name.",
        )
