"""Waits as a warm server, and makes each run look like one that has just started."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

__all__ = ["wait_until_started"]

_OPTIONS = 3
"""How many of a command's first arguments are the interpreter's own: itself, -s, -B."""


def wait_until_started(take_out_packages: Callable[[], None], preloaded: bool) -> list[ModuleType]:
    """Return in a process of its own for each run, with the arguments, environment and modules of a fresh start.

    What is loaded when this is called counts as part of that start; much of it, when it was `preloaded`, and then it stays
    out of the collector's sight. What was taken out is returned: to free it would copy
    the memory that it shares with the server.
    """
    modules, finders = set(sys.modules), set(sys.path_importer_cache)
    import gc  # here, as what follows: a fresh start has not loaded them

    from genloom.tools.sandbox.launcher.server import wait_for_run

    own = [sys.modules[name] for name in sys.modules if name not in modules]
    take_out_packages()
    plan = wait_for_run()
    for name in [name for name in sys.modules if name not in modules]:
        del sys.modules[name]
    for path in [path for path in sys.path_importer_cache if path not in finders]:
        del sys.path_importer_cache[path]
    sys.argv[:] = plan["arguments"][_OPTIONS:]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv[:] = plan["arguments"]
    if dict(os.environ) != plan["environment"]:
        os.environ.clear()
        os.environ.update(plan["environment"])
    if not preloaded:
        gc.unfreeze()
    return own
