"""Components: a repository's own typed functions, as building blocks of a search."""

from __future__ import annotations

from pathlib import Path

from genloom.tools.codebase import Codebase, FunctionSignature, Query
from genloom.tools.sandbox import import_roots
from genloom.tools.synthesis.task import Component

__all__ = ["MAX_COMPONENTS", "components_of"]

MAX_COMPONENTS = 200
"""Functions of the repository that a search may build on, those that the request's words point at first."""


def components_of(codebase: Codebase, repository: Path, query: Query | str) -> tuple[Component, ...]:
    """Return the typed functions of an indexed repository that can be imported, those first that the query points at.

    They are arbitrary code, and so run inside the sandbox only.
    """
    roots = import_roots(repository)
    functions = codebase.component_functions(
        query, MAX_COMPONENTS, accept=lambda function: (repository / function.import_root).resolve() in roots
    )
    return tuple(_component(function, repository) for function in functions)


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
