"""A node: one core with a sync and an async face, declared inputs and outputs, events, a time limit and retries."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from types import TracebackType
from typing import Any, Generic, TypeVar, cast, get_type_hints

from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.errors import GraphBubbleUp
from pydantic import TypeAdapter, ValidationError

from genloom.errors import GenloomError, RequestError, TimeLimitError
from genloom.events import EventEmitter, NodeFailed, NodeFinished, NodeStarted, RetryScheduled
from genloom.nodes.policies import NODE_POLICIES, NodeName, NodePolicy
from genloom.nodes.runtime import NodeRuntime, TaskMemories, current_runtime
from genloom.nodes.state_keys import StateKeys
from genloom.portal import run_sync
from genloom.prompts import Prompts

__all__ = ["Node", "node"]

ReadsT = TypeVar("ReadsT", bound=Mapping[str, Any])  # Any: a TypedDict's values
WritesT = TypeVar("WritesT", bound=Mapping[str, Any])

Core = Callable[[ReadsT, NodeRuntime], WritesT | Awaitable[WritesT]]


class Node(Runnable[Any, Any], Generic[ReadsT, WritesT]):  # Any: LangGraph hands over raw state
    """One step of a graph: `core(state, runtime)` takes its declared input and returns its own delta.

    `reads` and `writes` are the TypedDicts of the core's annotations, `fields` their keys. A plain core is for pure steps;
    a core that waits for anything is a coroutine function and has the policy's time limit. Both faces run the same core:
    `ainvoke` in the caller's loop, `invoke` through genloom's portal. Plain JSON in the state is validated into the parts.
    `with_policy`, `with_prompts` and `with_keys` return the same node under another policy, with prompts of your own, or
    for a state whose keys have other names.
    """

    def __init__(
        self,
        core: Core[ReadsT, WritesT],
        *,
        name: NodeName,
        policy: NodePolicy | None = None,
        prompts: Mapping[str, str] | None = None,
        keys: Mapping[str, str] | None = None,
    ) -> None:
        self.name: str = name
        self.core = core
        self.policy = policy or NODE_POLICIES[name]
        self.prompts = dict(prompts or {})
        self.keys = StateKeys(keys or {})
        hints = get_type_hints(core, include_extras=True)
        parsed, returned = hints["state"], hints["return"]
        self.fields = frozenset({*parsed.__annotations__, *returned.__annotations__})
        self.keys.demand_known(self.fields, name)
        self.reads: type[ReadsT] = self.keys.renamed(parsed)
        self.writes: type[WritesT] = self.keys.renamed(returned)
        self._memories = TaskMemories()
        self._waits = inspect.iscoroutinefunction(core)
        self._parsed = tuple(parsed.__annotations__)
        self._validator: TypeAdapter[ReadsT] = TypeAdapter(parsed)
        self.__doc__ = core.__doc__

    def with_policy(self, policy: NodePolicy) -> Node[ReadsT, WritesT]:
        """Return this node under another policy."""
        return self._with(policy=policy)

    def with_prompts(self, prompts: Mapping[str, str]) -> Node[ReadsT, WritesT]:
        """Return this node with templates of your own in place of shipped ones, by name; a run's context goes before them.
        Raises `UsageError` for an unknown name, or placeholders that are not those of the shipped template."""
        Prompts.of(prompts)
        return self._with(prompts={**self.prompts, **prompts})

    def with_keys(self, keys: Mapping[str, str]) -> Node[ReadsT, WritesT]:
        """Return this node for a state that has other names for some of its keys: `{"draft": "candidate"}` reads and
        writes `candidate` where this one does `draft`. Raises `GraphDefinitionError` for a key that the node has not."""
        return self._with(keys={**self.keys.names, **keys})

    def _with(self, **changes: Any) -> Node[ReadsT, WritesT]:
        kept: dict[str, Any] = {"policy": self.policy, "prompts": self.prompts, "keys": self.keys.names}
        return Node(self.core, name=cast("NodeName", self.name), **{**kept, **changes})

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> WritesT:
        """Run the core from synchronous code."""
        work = self._work(input)
        return run_sync(work) if self._waits else _finished(work)

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> WritesT:
        """Run the core in the caller's loop."""
        return await self._work(input)

    async def _work(self, state: Any) -> WritesT:
        runtime = current_runtime(self.policy, self._memories, self.prompts)
        observed = _Observed(self.name, runtime.this_try, runtime.emit)
        try:
            with observed:
                result = self.core(self._parse(state), runtime)
                if isinstance(result, Awaitable):
                    result = await self._within_limit(result)
                observed.summary = _summary(result)
                return self.keys.out(result)
        except GenloomError as error:
            await self._wait_before_retry(error, runtime)
            raise

    async def _within_limit(self, work: Awaitable[WritesT]) -> WritesT:
        try:
            async with asyncio.timeout(self.policy.limit_seconds) as limit:
                return await work
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise TimeLimitError(
                f"{self.name} took longer than its {self.policy.limit_seconds:g} seconds.",
                kind="timeout",
                hint="Give the node a longer limit by a NodePolicy, or ask for less.",
            ) from error

    async def _wait_before_retry(self, error: BaseException, runtime: NodeRuntime) -> None:
        if not runtime.will_retry(error):
            return
        wait = self.policy.wait_seconds(runtime.this_try, error)
        runtime.emit(RetryScheduled(node=self.name, attempt=runtime.this_try + 1, wait=wait, reason=str(error)))
        await asyncio.sleep(wait)

    def _parse(self, state: Any) -> ReadsT:
        """Pick the declared keys out of the state and validate what is still plain JSON."""
        wanted = self.keys.pick(state, self._parsed)
        try:
            return self._validator.validate_python(wanted)
        except ValidationError as error:
            raise RequestError(
                f"The state that reached {self.name} is not valid: {_first_problem(error)}.",
                hint="The input's JSON schema is graph.get_input_jsonschema().",
            ) from error


class _Observed:
    """Tells when a node starts, finishes and fails. An interrupt is neither."""

    def __init__(self, name: str, attempt: int, emit: EventEmitter) -> None:
        self.name, self.attempt, self.emit, self.summary = name, attempt, emit, ""

    def __enter__(self) -> None:
        self._began = time.perf_counter()
        self.emit(NodeStarted(node=self.name, attempt=self.attempt))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        seconds = time.perf_counter() - self._began
        if error is None:
            self.emit(NodeFinished(node=self.name, seconds=seconds, summary=self.summary))
        elif not isinstance(error, GraphBubbleUp):
            message = error.message if isinstance(error, GenloomError) else ""
            self.emit(NodeFailed(node=self.name, seconds=seconds, error=type(error).__name__, message=message))


def node(name: NodeName) -> Callable[[Core[ReadsT, WritesT]], Node[ReadsT, WritesT]]:
    """Make a core into the node of that name, under the policy of the table."""

    def make(core: Core[ReadsT, WritesT]) -> Node[ReadsT, WritesT]:
        return Node(core, name=name)

    return make


def _finished(work: Coroutine[Any, Any, WritesT]) -> WritesT:
    """Run a coroutine that never waits to its end, without a loop."""
    try:
        work.send(None)
    except StopIteration as end:
        return cast("WritesT", end.value)
    work.close()
    raise AssertionError("a plain core must not wait")


def _summary(delta: Mapping[str, Any]) -> str:
    return ", ".join(key for key, value in delta.items() if value not in (None, (), [], {}))


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in problem["loc"])
    return f"{where}: {problem['msg']}" if where else str(problem["msg"])
