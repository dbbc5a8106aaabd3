"""What an import asks for, and what generation gives back: the seam between the hook and the generation behind it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

    from genloom.interfaces.importer.options import ImportOptions

__all__ = ["CallSite", "Generate", "GeneratedSource", "ModuleRequest"]


@dataclass(frozen=True, kw_only=True)
class CallSite:
    """Where an import statement or an attribute expression stands. It keeps no frame alive.

    `module` is the `__name__` of the code there, `package` what its relative imports start from, `lineno` counts from 1.
    `loader` is its `__loader__`, of use where no file holds the text (`linecache` asks it): a notebook's cell, a zip file.
    """

    filename: str
    lineno: int
    module: str
    package: str = ""
    loader: object = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, frame: FrameType) -> CallSite:
        """Return the place that a frame is at."""
        known = frame.f_globals
        return cls(
            filename=frame.f_code.co_filename,
            lineno=frame.f_lineno,
            module=str(known.get("__name__", "")),
            package=str(known.get("__package__") or ""),
            loader=known.get("__loader__"),
        )

    def source(self) -> str:
        """Return the text of the code there, "" where none is kept (a line typed at the plain prompt of older Pythons)."""
        import linecache  # a pinned import does not need it

        known = {"__name__": self.module, "__loader__": self.loader}
        linecache.checkcache(self.filename)  # the file may have changed since it was last read
        lines = linecache.getlines(self.filename, known)
        if not lines and self.filename == "<string>" and "-c" in sys.orig_argv[:-1]:
            return sys.orig_argv[sys.orig_argv.index("-c") + 1]
        return "".join(lines)


@dataclass(frozen=True, kw_only=True)
class ModuleRequest:
    """Names that a module must get. `existing` is the text it is pinned with, "" when it is to be written anew.

    `examples` (`call == literal`) and `tests` (the text of a pytest file) are demanded besides the caller's own checks.
    """

    module: str
    names: tuple[str, ...]
    options: ImportOptions
    existing: str = ""
    caller: CallSite | None = None
    examples: tuple[str, ...] = ()
    tests: str = ""


@dataclass(frozen=True, kw_only=True)
class GeneratedSource:
    """An accepted module: its whole text, of which `ModuleRequest.existing` is the beginning, byte for byte.

    `names` are the top-level names that callers asked for. The rest says how it came about, and is kept in the lock file:
    the verdict and what checked it, the sandbox tier, the model and the generator, the version of the prompts, the
    request, the thread, and who accepted it. `tests` is the text of a pytest file that checks the module.
    """

    source: str
    names: tuple[str, ...]
    verdict: str = "passed"
    checks: tuple[str, ...] = ()
    tier: str = ""
    model: str = ""
    generator: str = ""
    prompt_version: str = ""
    request: str = ""
    thread_id: str = ""
    tests: str = ""
    accepted_by: str = ""


Generate = Callable[[ModuleRequest], GeneratedSource]
"""Generates what is asked. Raises `GeneratedImportError` or its `PendingReview`."""
