"""Runs one program file as `__main__`."""

from __future__ import annotations

import os
import sys
from types import ModuleType

from genloom.tools.sandbox.worker.paths import put_first

__all__ = ["run_program"]


def run_program(own_folder: str, program: str, folders: list[str]) -> None:
    """Execute a file in a fresh `__main__`, with the working directory and then `folders` first on the path."""
    put_first([os.getcwd(), *folders], own_folder)
    main = ModuleType("__main__")
    main.__file__ = program
    sys.modules["__main__"] = main
    sys.argv[:] = [program]
    with open(program, "rb") as file:
        code = compile(file.read(), program, "exec", dont_inherit=True)
    exec(code, main.__dict__)  # noqa: S102 - this is what the sandbox is for
