"""Search and reuse as generators: programs found from the examples, with no model at all."""

from __future__ import annotations

import asyncio
from pathlib import Path

from genloom.nodes.generators.generator import Abstention, Assignment, Generated
from genloom.nodes.runtime import NodeRuntime
from genloom.state import GenerationRequest, GeneratorName, module_draft
from genloom.tools.codebase import FunctionSignature, Query, open_codebase
from genloom.tools.sandbox import Sandbox, import_roots, sandbox_for
from genloom.tools.synthesis import Abstained, Component, SearchAnswer, SearchTask, find_existing, search

__all__ = ["MAX_COMPONENTS", "reuse_existing", "search_program"]

MAX_COMPONENTS = 200
"""Functions of the repository that a search may build on, those that the request's words point at first."""


async def reuse_existing(assignment: Assignment, runtime: NodeRuntime) -> Generated | Abstention:
    """Offer a function of the repository or the standard library that already does what the examples show."""
    task, sandbox = await asyncio.to_thread(_prepared, assignment.request, runtime)
    answer = await find_existing(task, sandbox, runtime.emit)
    return _as_generated(answer, assignment, "reuse")


async def search_program(assignment: Assignment, runtime: NodeRuntime) -> Generated | Abstention:
    """Search for a program that does what the examples show."""
    task, sandbox = await asyncio.to_thread(_prepared, assignment.request, runtime)
    answer = await search(task, sandbox, runtime.emit)
    return _as_generated(answer, assignment, "search")


def _prepared(request: GenerationRequest, runtime: NodeRuntime) -> tuple[SearchTask, Sandbox]:
    """Return the task and the sandbox for it; this reads the repository."""
    return _task(request, runtime), _sandbox(runtime)


def _task(request: GenerationRequest, runtime: NodeRuntime) -> SearchTask:
    return SearchTask(
        name=request.target_name,
        prompt=request.prompt,
        examples=request.all_examples,
        signature=request.signature,
        constraints=request.constraints,
        components=_components(request, runtime),
        seconds=runtime.context.search_seconds,
        megabytes=runtime.context.search_megabytes,
    )


def _sandbox(runtime: NodeRuntime) -> Sandbox:
    return sandbox_for(
        runtime.context,
        runtime.settings,
        seconds=runtime.context.search_seconds,
        megabytes=runtime.context.search_megabytes,
        inside=False,
    )


def _components(request: GenerationRequest, runtime: NodeRuntime) -> tuple[Component, ...]:
    """Return the repository's own typed functions: they are arbitrary code, and so run inside the sandbox only."""
    repository = runtime.context.repository
    if repository is None or not request.all_examples:
        return ()
    root, roots = Path(repository), import_roots(Path(repository))
    functions = open_codebase(repository, runtime.settings).component_functions(
        Query.from_request(request),
        MAX_COMPONENTS,
        accept=lambda function: (root / function.import_root).resolve() in roots,
    )
    return tuple(_component(function, root) for function in functions)


def _component(function: FunctionSignature, repository: Path) -> Component:
    return Component(
        module=function.module,
        name=function.name,
        parameters=tuple(name for name, _, _ in function.parameters),
        annotations=tuple(annotation or "" for _, annotation, _ in function.parameters),
        returns=function.returns or "",
        import_from=str((repository / function.import_root).resolve()),
        doc=function.doc,
    )


def _as_generated(answer: SearchAnswer, assignment: Assignment, generator: GeneratorName) -> Generated | Abstention:
    request, context = assignment.request, assignment.context
    if isinstance(answer, Abstained):
        return Abstention(reason=answer.reason, cut_by_clock=answer.cut_by_clock)
    draft = module_draft(
        answer.source,
        path=request.draft_path,
        name=request.target_name,
        generator=generator,
        notes=answer.notes,
    )
    rules = [ref.path for ref in (context.references if context else ()) if ref.form == "rules"]
    if rules and generator == "search":
        draft = draft.model_copy(
            update={"notes": (*draft.notes, f"the search does not read {rules[0]}: check its rules")}
        )
    provenance = {
        "fitted_to": answer.fitted,
        "held_out": answer.held_out,
        "rivals": answer.rivals,
        "cut_by_clock": answer.cut_by_clock,
    }
    return Generated(draft=draft.model_copy(update=provenance))
