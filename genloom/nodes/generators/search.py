"""Search and reuse as generators: programs found from the examples, with no model at all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

from genloom.events import EventEmitter
from genloom.nodes.generators.generator import Abstention, Assignment, Generated
from genloom.nodes.runtime import NodeRuntime
from genloom.state import GenerationRequest, GeneratorName, module_draft
from genloom.tools.codebase import Query, open_codebase
from genloom.tools.merging import MergeError, append_block
from genloom.tools.sandbox import Sandbox, sandbox_for
from genloom.tools.synthesis import Abstained, Component, Found, SearchAnswer, SearchTask, find_existing, search
from genloom.tools.synthesis.components import components_of

__all__ = ["MOST_SECONDS", "reuse_existing", "search_program"]

MOST_SECONDS = 300.0
"""What a search or a look for something to reuse may take for all asked names together: as long as a context may allow for
one. Twice that and a model's answer stay below the limit of the node."""


async def reuse_existing(assignment: Assignment, runtime: NodeRuntime) -> Generated | Abstention:
    """Offer a function of the repository or the standard library that already does what the examples show."""
    return await _name_by_name(find_existing, assignment, runtime, "reuse")


async def search_program(assignment: Assignment, runtime: NodeRuntime) -> Generated | Abstention:
    """Search for a program that does what the examples show."""
    return await _name_by_name(search, assignment, runtime, "search")


Way = Callable[[SearchTask, Sandbox, EventEmitter], Awaitable[SearchAnswer]]


async def _name_by_name(
    way: Way, assignment: Assignment, runtime: NodeRuntime, generator: GeneratorName
) -> Generated | Abstention:
    """Look for each asked name by the examples that call it. The first that is not found ends it: a module that lacks a
    name is of no use."""
    request = assignment.request
    names = request.asked_names
    if len(names) > 1 and (missing := _without_examples(request)):
        return Abstention(reason=f"no example calls {', '.join(missing)}")
    found: list[Found] = []
    until = time.monotonic() + MOST_SECONDS
    sandbox = await asyncio.to_thread(sandbox_for, runtime.context, runtime.settings, inside=False)
    for name in names:
        one = request.about(name) if len(names) > 1 else request
        task = await asyncio.to_thread(_task, one, runtime)
        left = until - time.monotonic()
        if left <= 0:
            return Abstention(reason=f"{name}: the time for all names together ran out", cut_by_clock=True)
        answer = await way(replace(task, seconds=min(task.seconds, left)), sandbox, runtime.emit)
        if isinstance(answer, Abstained):
            about = f"{name}: " if len(names) > 1 else ""
            return Abstention(reason=f"{about}{answer.reason}", cut_by_clock=answer.cut_by_clock)
        found.append(answer)
    return _as_generated(found, assignment, generator)


def _without_examples(request: GenerationRequest) -> list[str]:
    called = {example.function for example in request.all_examples}
    return [name for name in request.asked_names if name not in called]


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
        cores=runtime.context.search_cores,
    )


def _components(request: GenerationRequest, runtime: NodeRuntime) -> tuple[Component, ...]:
    """The repository's own typed functions."""
    repository = runtime.context.repository
    if repository is None or not request.all_examples:
        return ()
    return components_of(open_codebase(repository, runtime.settings), Path(repository), Query.from_request(request))


def _as_generated(answers: Sequence[Found], assignment: Assignment, generator: GeneratorName) -> Generated | Abstention:
    """Join what was found into one module, behind the one that is extended. It is proven where each name is."""
    request, context = assignment.request, assignment.context
    try:
        source = _joined(request.extends, [answer.source for answer in answers])
    except MergeError as error:
        return Abstention(reason=f"what was found cannot be put together: {error.message}")
    notes = [note for answer in answers for note in answer.notes]
    rules = [ref.path for ref in (context.references if context else ()) if ref.form == "rules"]
    if rules and generator == "search":
        notes.append(f"the search does not read {rules[0]}: check its rules")
    draft = module_draft(
        source,
        path=request.draft_path,
        name=request.target_name,
        generator=generator,
        notes=tuple(dict.fromkeys(notes)),
    )
    proven = all(answer.held_out for answer in answers)
    provenance = {
        "fitted_to": tuple(text for answer in answers for text in answer.fitted),
        "held_out": tuple(text for answer in answers for text in answer.held_out) if proven else (),
        "rivals": tuple(text for answer in answers for text in answer.rivals),
        "deciding": next((answer.deciding for answer in answers if answer.deciding), ""),
        "outputs": tuple(text for answer in answers for text in answer.outputs),
        "cut_by_clock": any(answer.cut_by_clock for answer in answers),
    }
    return Generated(draft=draft.model_copy(update=provenance))


def _joined(module: str | None, sources: Sequence[str]) -> str:
    text = module
    for source in sources:
        text = source if text is None else append_block(text, source)
    return text or ""
