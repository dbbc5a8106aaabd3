"""The real program, run as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import genloom

ROOT = Path(genloom.__file__).parents[1]
DOUBLE = ("generate", "Double a number", "-e", "double(2) == 4", "-e", "double(0) == 0", "-e", "double(-3) == -6")
"""A request that the search answers in a moment."""


@dataclass(frozen=True)
class Done:
    """What a finished process left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object on standard output: anything more or less fails."""
        assert self.out.endswith("\n")
        assert self.out.count("\n") == 1
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


@dataclass(frozen=True)
class Program:
    """`genloom`, started in a folder of its own."""

    folder: Path

    def __call__(self, *arguments: str, stdin: str = "", **env: str) -> Done:
        """Run it to its end. No traceback may ever show."""
        done = subprocess.run(
            command(*arguments),
            input=stdin,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=environment(env),
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr + done.stdout, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)


def command(*arguments: str) -> list[str]:
    """The command line that starts genloom with these arguments."""
    return [sys.executable, "-m", "genloom", *arguments]


def environment(changes: Mapping[str, str]) -> dict[str, str]:
    """The test's own environment (which configures nothing), with what the process needs to find genloom."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **changes}
