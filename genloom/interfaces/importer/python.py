"""Generating ahead of an import, from Python."""

from __future__ import annotations

import asyncio
import concurrent.futures
import importlib
import sys
from collections.abc import Awaitable, Sequence

from genloom.errors import UsageError
from genloom.interfaces.importer.asked import CallSite, GeneratedSource, ModuleRequest
from genloom.interfaces.importer.generation.generating import agenerate_source
from genloom.interfaces.importer.hook import ImportHook
from genloom.interfaces.importer.installed import hook_of

__all__ = ["agenerate_module"]

CLEAN_UP_SECONDS = 10.0


def agenerate_module(module: str, names: Sequence[str]) -> Awaitable[None]:
    """Generate names of a module and pin them, so that importing them later reads a file; what is pinned already costs
    nothing.

        await genloom.agenerate_module("myapp.gen.text", ["slugify"])

    It runs as the import would, with the code that calls it as its context, and does not block the event loop; nothing of
    the module is executed in this process. Cancelling the task stops the generation. Raises `GeneratedImportError` (its
    `PendingReview` where a person has to decide), and `UsageError` where no import hook is installed for the module.
    """
    site = CallSite.of(sys._getframe(1))
    if isinstance(names, str) or not names or not all(isinstance(name, str) and name.isidentifier() for name in names):
        raise UsageError(f"{names!r} are no names of a module.", hint='Give a list of them, such as ["slugify"].')
    return _pregenerated(module, tuple(dict.fromkeys(names)), site)


async def _pregenerated(module: str, names: tuple[str, ...], site: CallSite) -> None:
    hook = await asyncio.to_thread(_hook, module)
    generation = _Generation(asyncio.get_running_loop())
    generate = generation.run if hook.options.generate is None else hook.options.generate
    work = asyncio.ensure_future(asyncio.to_thread(hook.pregenerate, module, names, caller=site, generate=generate))
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        generation.cancel()
        await asyncio.wait([work], timeout=CLEAN_UP_SECONDS)
        raise


class _Generation:
    """A generation in the caller's loop, for which a thread waits that holds the module's lock."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._cancelled = False
        self._future: concurrent.futures.Future[GeneratedSource] | None = None

    def run(self, asked: ModuleRequest) -> GeneratedSource:
        """Generate what is asked and wait for it. To be called in another thread than the loop's."""
        self._future = asyncio.run_coroutine_threadsafe(agenerate_source(asked), self._loop)
        if self._cancelled:
            self._future.cancel()
        return self._future.result()

    def cancel(self) -> None:
        """Stop the generation, or the one that is about to begin."""
        self._cancelled = True
        if self._future is not None:
            self._future.cancel()


def _hook(module: str) -> ImportHook:
    """The hook of the module's namespace, installed by importing the packages above the module where need be."""
    parts = module.split(".")
    for count in range(len(parts)):
        hook = hook_of(module)
        if hook is not None:
            return hook
        if count and not _imported(".".join(parts[:count])):
            break
    hook = hook_of(module)
    if hook is None:
        raise UsageError(
            f"No import hook is installed for {module}.",
            hint="Call genloom.install_import_hook(), or make an anchor package with `genloom lib init`.",
        )
    return hook


def _imported(package: str) -> bool:
    """Import a package; `False` where there is none of this name."""
    try:
        importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{package}.".startswith(f"{error.name}."):
            raise
        return False
    return True
