"""genloom: a LangGraph multi-agent framework for code that has been checked.

Importing this package does nothing: no I/O, no environment, no network. Names are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genloom.errors import GeneratedImportError, GenloomError, PendingReview
    from genloom.interfaces.importer.failures.excepthook import install_excepthook, uninstall_excepthook
    from genloom.interfaces.importer.installing import install_import_hook, uninstall_import_hook
    from genloom.interfaces.importer.python import agenerate_module
    from genloom.interfaces.job import GenerateOptions
    from genloom.interfaces.python import agenerate, generate
    from genloom.interfaces.result import GenerationResult
    from genloom.state import GenerationRequest, GraphContext

    __version__: str

__all__ = [
    "GenerateOptions",
    "GeneratedImportError",
    "GenerationRequest",
    "GenerationResult",
    "GenloomError",
    "GraphContext",
    "PendingReview",
    "__version__",
    "agenerate",
    "agenerate_module",
    "generate",
    "install_excepthook",
    "install_import_hook",
    "uninstall_excepthook",
    "uninstall_import_hook",
]

_HOMES = {
    "GenerateOptions": "genloom.interfaces.job",
    "GeneratedImportError": "genloom.errors",
    "GenerationRequest": "genloom.state",
    "GenerationResult": "genloom.interfaces.result",
    "GenloomError": "genloom.errors",
    "GraphContext": "genloom.state",
    "PendingReview": "genloom.errors",
    "agenerate": "genloom.interfaces.python",
    "generate": "genloom.interfaces.python",
    "install_excepthook": "genloom.interfaces.importer.failures.excepthook",
    "agenerate_module": "genloom.interfaces.importer.python",
    "uninstall_excepthook": "genloom.interfaces.importer.failures.excepthook",
    "install_import_hook": "genloom.interfaces.importer.installing",
    "uninstall_import_hook": "genloom.interfaces.importer.installing",
}


def __getattr__(name: str) -> Any:  # Any: whichever public name is asked for
    import importlib

    if name == "__version__":
        return importlib.import_module("genloom.version").VERSION
    if name not in _HOMES:
        raise AttributeError(f"module 'genloom' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
