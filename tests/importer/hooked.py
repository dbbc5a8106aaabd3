"""A namespace with an import hook whose generation is a plain function, and programs that import from it."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from genloom.interfaces.importer import (
    GeneratedSource,
    ImportHook,
    ModuleRequest,
    PinStore,
    install_import_hook,
    uninstall_import_hook,
)
from genloom.tools.merging import append_block

_NUMBERS = itertools.count()


def functions(request: ModuleRequest) -> str:
    """A function for each name that is asked for; it returns its own name."""
    return "\n\n".join(f"def {name}(*args):\n    return {name!r}" for name in request.names)


class Hooked:
    """A namespace of its own for one test: `space` stands for it in the programs that `run` runs in this process."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.space = f"space{next(_NUMBERS)}"
        self.folder = folder / self.space
        self.requests: list[ModuleRequest] = []
        self.write: Callable[[ModuleRequest], str] = functions
        self.programs = folder
        self.hook = self.install(**options)

    def install(self, **options: Any) -> ImportHook:
        """Install the hook, anew with other options."""
        given = {"directory": self.folder, "mode": "auto", "generate": self.generate} | options
        return install_import_hook(self.space, **given)

    def generate(self, request: ModuleRequest) -> GeneratedSource:
        """Answer with what `write` gives, appended to what there is."""
        self.requests.append(request)
        return GeneratedSource(source=append_block(request.existing, self.write(request)), names=request.names)

    def run(self, program: str, **known: Any) -> dict[str, Any]:
        """Run a program from a file of its own, `space` in it replaced by the namespace, and return its globals."""
        path = self.programs / f"program{next(_NUMBERS)}.py"
        path.write_text(program.replace("space", self.space))
        variables = {"__name__": "program", "__file__": str(path), "sys": sys, **known}
        exec(compile(path.read_text(), str(path), "exec"), variables)
        return variables

    @property
    def asked(self) -> list[tuple[str, tuple[str, ...]]]:
        """What was generated: modules below the namespace, with the names of each generation."""
        return [(request.module.partition(".")[2], request.names) for request in self.requests]

    @property
    def pins(self) -> PinStore:
        """The pins, read by a store of its own."""
        return PinStore(self.folder, self.space)

    @property
    def files(self) -> dict[Path, bytes]:
        """The files in the namespace's folder, but for genloom's own folder in it."""
        return {path: path.read_bytes() for path in self.folder.iterdir() if path.is_file()}

    @property
    def loaded(self) -> list[str]:
        """The namespace's modules in `sys.modules`, by their names below it."""
        return sorted(name.partition(".")[2] for name in sys.modules if name.startswith(f"{self.space}."))

    def forget(self) -> None:
        """Take the namespace's modules out of `sys.modules`, as a new process has none."""
        for name in [name for name in sys.modules if name == self.space or name.startswith(f"{self.space}.")]:
            del sys.modules[name]

    def close(self) -> None:
        """Take hook and modules out."""
        uninstall_import_hook(self.space)
        self.forget()
