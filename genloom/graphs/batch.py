"""The batch graph: many requests at once, each through the generation graph, one result for each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, NotRequired

from langgraph.cache.base import BaseCache
from langgraph.errors import GraphBubbleUp
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.store.base import BaseStore
from langgraph.types import Checkpointer, Send
from pydantic import ValidationError
from typing_extensions import TypedDict

from genloom.errors import GenloomError, GraphDefinitionError, RequestError
from genloom.events import RequestFinished
from genloom.graphs.composition import add_nodes
from genloom.graphs.generation import RECURSION_LIMIT, build_generation_graph
from genloom.nodes import Node, NodeName, NodePolicy, NodeRuntime
from genloom.state import Attempt, GenerationRequest, GraphContext, Outcome, Problem
from genloom.state.batch import MAX_REQUESTS, BatchInput, BatchResult, BatchState
from genloom.tools.security import redact

__all__ = ["build_batch_graph"]

Graph = CompiledStateGraph[Any, Any, Any, Any]  # Any: a graph of the user's own, or ours


SHARE = 0.95
"""Of the node's time what the request gets: its running out is this request's result, and not the end of the batch."""


class _OneRequest(TypedDict):
    requests: Any  # one request, whose JSON is parsed where a mistake in it is its own result
    index: NotRequired[int]  # no key of the batch's state: it comes with the request alone


class _OneResult(TypedDict):
    results: tuple[BatchResult, ...]


def build_batch_graph(
    *,
    concurrency: int = 4,
    worker: Graph | None = None,
    checkpointer: Checkpointer = None,
    store: BaseStore | None = None,
    cache: BaseCache[Any] | None = None,  # Any: LangGraph's cached values
    policies: Mapping[NodeName, NodePolicy] | None = None,
) -> CompiledStateGraph[BatchState, GraphContext, BatchInput, BatchState]:
    """Return the compiled graph.

    Input is `{"requests": [{...}, …]}`, at most 10,000; the result's `results` hold one `BatchResult` for each, in their
    order. At most `concurrency` run at once. A request that fails takes no other with it: its result's outcome is `error`.
    With a checkpointer a killed batch goes on where it was, with what was in flight. `worker` is a graph that takes and
    gives what the generation graph does, in its stead.
    """
    if not isinstance(concurrency, int) or concurrency < 1:
        raise GraphDefinitionError("A batch needs room for one request at least.", hint="Give concurrency=1 or more.")
    generation = worker or build_generation_graph(policies=policies)
    builder = StateGraph(BatchState, context_schema=GraphContext, input_schema=BatchInput)
    add_nodes(builder, [_run_request(generation)], policies=policies)
    builder.add_node("begin", _begin)
    builder.add_edge(START, "begin")
    builder.add_conditional_edges("begin", _fan_out, ["run_request", END])
    builder.add_edge("run_request", END)
    compiled = builder.compile(checkpointer=checkpointer, store=store, cache=cache, name="batch")
    return compiled.with_config(recursion_limit=RECURSION_LIMIT, max_concurrency=concurrency)


def _begin(state: BatchInput) -> dict[str, None]:
    """Leave behind what an earlier batch of the same thread gave. Raises `RequestError` for what is no list of requests."""
    if not isinstance(state.get("requests"), list | tuple):
        raise RequestError("A batch takes a list of requests.", hint='Give {"requests": [{"prompt": "…"}, …]}.')
    return {"results": None}


def _fan_out(state: BatchState) -> list[Send] | str:
    requests = state.get("requests") or ()
    if len(requests) > MAX_REQUESTS:
        raise RequestError(
            f"{len(requests):,} requests are too many for one batch.", hint=f"Give at most {MAX_REQUESTS:,}."
        )
    return [Send("run_request", {"requests": requests[i : i + 1], "index": i}) for i in range(len(requests))] or END


def _run_request(generation: Graph) -> Node[Any, Any]:
    """Return the node that runs one request of a batch."""

    async def run_request(state: _OneRequest, runtime: NodeRuntime) -> _OneResult:
        """Run one request through the generation graph; whatever goes wrong with it is its result."""
        given, index = state["requests"][0], state["index"]
        name = ""
        try:
            request = GenerationRequest.model_validate(given)
            name = request.target_name
            async with asyncio.timeout(runtime.policy.limit_seconds * SHARE):
                values = await generation.ainvoke({"request": request}, context=runtime.context)
            result = _result(index, name, values)
        except GraphBubbleUp:
            raise
        except Exception as error:  # noqa: BLE001 - one request takes no other with it
            result = BatchResult(index=index, name=name, outcome=_failure(error, runtime))
        runtime.emit(RequestFinished(index=index, name=result.name, outcome=result.outcome.result))
        return {"results": (result,)}

    return Node(run_request, name="run_request")


def _result(index: int, name: str, values: Mapping[str, Any]) -> BatchResult:
    attempts: tuple[Attempt, ...] = tuple(values.get("attempts") or ())
    last = attempts[-1] if attempts else None
    return BatchResult(
        index=index,
        name=name,
        outcome=values.get("outcome") or Outcome(result="error", reason="The graph ended without an outcome."),
        draft=last.draft if last else None,
        verdict=last.verdict if last else values.get("verdict"),
        review=last.review if last else None,
        attempts=len(attempts),
    )


def _failure(error: Exception, runtime: NodeRuntime) -> Outcome:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        problem = Problem(type="RequestError", message=f"The request is not valid: {where}: {first['msg']}.")
    elif isinstance(error, TimeoutError):
        problem = Problem(
            type="TimeLimitError",
            message=f"The request took longer than {runtime.policy.limit_seconds * SHARE:,.0f} seconds.",
            hint="Give the node run_request a longer limit by a NodePolicy.",
        )
    elif isinstance(error, GenloomError):
        problem = Problem(**error.to_json())
    else:
        problem = Problem(type=type(error).__name__, message=redact(str(error), secrets=runtime.settings.secrets))
    return Outcome(result="error", reason=problem.message, problems=(problem,))
