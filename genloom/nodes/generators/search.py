"""Search and reuse as generators: programs found from the examples, with no model at all."""

from __future__ import annotations

from genloom.nodes.generators.generator import Abstention, Assignment, Generated
from genloom.nodes.runtime import NodeRuntime
from genloom.tools.synthesis import find_existing, search

__all__ = ["reuse_existing", "search_program"]


async def reuse_existing(assignment: Assignment, runtime: NodeRuntime) -> Generated | Abstention:
    """Offer a function of the repository or the standard library that already does what the examples show."""
    task = _task(assignment.request, runtime)
    answer = await find_existing(task, _sandbox(runtime), runtime.emit)
    return _as_generated(answer, assignment.request, "reuse")


async def search_program(assignment: Assignment, runtime: NodeRuntime) -> Generated | Abstention:
    """Search for a program that does what the examples show."""
    task = _task(assignment.request, runtime)
    answer = await search(task, _sandbox(runtime), runtime.emit)
    return _as_generated(answer, assignment.request, "search")
