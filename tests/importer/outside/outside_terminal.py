"""A Python process whose streams are a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading

from outside_project import Project

__all__ = ["at_terminal"]


def at_terminal(project: Project, *arguments: str, typed: str) -> tuple[int, str]:
    """Run the interpreter with a terminal as all three streams; return its exit code and what the terminal showed."""
    ours, theirs = pty.openpty()
    shown = bytearray()

    def read() -> None:
        try:
            while data := os.read(ours, 4096):
                shown.extend(data)
        except OSError:  # nobody writes any more
            return

    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=project.folder,
        env=project.environment({"TERM": "dumb", "PYTHON_BASIC_REPL": "1"}),
        start_new_session=True,
    )
    os.close(theirs)
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    os.write(ours, typed.encode())
    try:
        code = process.wait(120)
    finally:
        process.kill()
        reader.join(10)
        os.close(ours)
    return code, shown.decode(errors="replace")
