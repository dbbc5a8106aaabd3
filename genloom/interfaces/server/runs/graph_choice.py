"""Which graph a run goes through: what its metadata name, `generation` when they name none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from genloom.errors import RequestError
from genloom.tools.codegen.wire import CreateAgentRunInput

if TYPE_CHECKING:  # LangGraph: a server that only answers need not load it
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.runtime import RunControl

    from genloom.interfaces.job import GenerationJob
    from genloom.interfaces.result import GenerationResult

__all__ = ["DEFAULT_GRAPH", "GRAPH_FIELD", "GraphRunner", "graph_named", "graph_of", "known_graphs"]

DEFAULT_GRAPH = "generation"
GRAPH_FIELD = "graph"


class GraphRunner(Protocol):
    """Runs a job's thread on a saver until it ends or is drained; `answer` is what a waiting thread goes on with."""

    async def __call__(
        self,
        job: GenerationJob,
        *,
        saver: BaseCheckpointSaver[Any],
        control: RunControl,
        answer: Any = None,  # Any: whatever the interrupt expects
    ) -> GenerationResult: ...


async def _generation(
    job: GenerationJob, *, saver: BaseCheckpointSaver[Any], control: RunControl, answer: Any = None
) -> GenerationResult:
    from genloom.interfaces.thread import run_thread  # builds the graph: a server that only answers need not

    return await run_thread(job, None, saver=saver, control=control, answer=answer)


_GRAPHS: Mapping[str, GraphRunner] = {DEFAULT_GRAPH: _generation}


def known_graphs() -> tuple[str, ...]:
    """Return the names that a run's `metadata.graph` may have."""
    return tuple(_GRAPHS)


def graph_named(name: str) -> GraphRunner:
    """Return the runner of a graph. Raises `RequestError` that lists the names when there is none of that name."""
    try:
        return _GRAPHS[name]
    except KeyError:
        raise RequestError(f"There is no graph {name!r}.", hint=f"There is: {', '.join(_GRAPHS)}.") from None


def graph_of(asked: CreateAgentRunInput) -> str:
    """Return the name of the graph that a run asks for; whether there is one of that name is `check_request`'s."""
    name = (asked.metadata or {}).get(GRAPH_FIELD)
    return DEFAULT_GRAPH if name is None else str(name)
