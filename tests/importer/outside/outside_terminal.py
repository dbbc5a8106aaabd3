"""A Python process whose streams are a terminal."""

from __future__ import annotations

import subprocess
import sys

from outside_project import Project
from pseudo_terminal import PseudoTerminal

__all__ = ["at_terminal"]


def at_terminal(project: Project, *arguments: str, typed: str) -> tuple[int, str]:
    """Run the interpreter with a terminal as all three streams; return its exit code and what the terminal showed."""
    terminal = PseudoTerminal()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdin=terminal.end,
        stdout=terminal.end,
        stderr=terminal.end,
        cwd=project.folder,
        env=project.environment({"TERM": "dumb", "PYTHON_BASIC_REPL": "1"}),
        start_new_session=True,
    )
    terminal.let_go()
    terminal.type_in(typed)
    try:
        code = process.wait(120)
    finally:
        process.kill()
    return code, terminal.shown()
