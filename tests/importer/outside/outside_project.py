"""A project whose anchor package writes itself, used from outside: as files, processes and a model that counts its calls."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import genloom
from genloom.testing import OpenAIServer, RecordedRequest

__all__ = ["ANCHOR", "MIX", "SHOUT", "USES_MIX", "Done", "Model", "Project", "tell"]

ROOT = Path(genloom.__file__).parents[1]

ANCHOR = 'import genloom\n\ngenloom.install_import_hook(mode="auto")\n'
"""What an anchor package holds; namespace and folder are its own."""

MIX = 'def mix(x: int) -> int:\n    """Return a number that x leads to."""\n    return (x * 7919 + 13) % 104729\n'
SHOUT = (
    'def shout(text: str) -> str:\n    """Return the text in capitals, with a number."""\n'
    '    return f"{text.upper()}#{len(text) * 31 + 7}"\n'
)

USES_MIX = """
from myapp.gen.text import mix

assert mix(2) == 15851
assert mix(-3) == 80985
print("ok", mix(21))
"""
"""A caller that shows two checks, so that one call of the model is enough to prove the module; no search finds it."""


def tell(source: str) -> str:
    """What a chat model says that writes this module."""
    return f"```python\n{source}```\n"


@dataclass(frozen=True)
class Done:
    """What a finished process left."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Everything that it wrote."""
        return self.out + self.err


class Model(OpenAIServer):
    """A model on loopback that says `source` (or what a rule makes of the request) as often as it is asked."""

    def __init__(self, source: str | Callable[[RecordedRequest], str] = MIX) -> None:
        self.source = source
        """The module that it writes, or a rule that makes the whole reply."""
        super().__init__(self._say)

    def _say(self, request: RecordedRequest) -> str:
        return self.source(request) if callable(self.source) else tell(self.source)

    @property
    def calls(self) -> int:
        """How often the model was asked."""
        return len(self.chats)

    @property
    def settings(self) -> dict[str, str]:
        """The environment that leads to it."""
        return {
            "OPENAI_BASE_URL": self.base_url,
            "OPENAI_API_KEY": "any",
            "GENLOOM_MODEL": "openai:test-model",
        }


@dataclass(frozen=True)
class Project:
    """A folder with the package `myapp`, whose `myapp.gen` is an anchor package, and the model that would write it."""

    folder: Path
    model: Model

    def write(self, path: str, text: str) -> Path:
        """Write a file of the project, dedented."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return target

    @property
    def gen(self) -> Path:
        """The anchor package."""
        return self.folder / "myapp" / "gen"

    @property
    def lock(self) -> str:
        """The lock file's text, empty when there is none."""
        path = self.gen / "genloom.lock"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    @property
    def pinned(self) -> set[str]:
        """The Python files beside the anchor."""
        found = {path.relative_to(self.gen).as_posix() for path in self.gen.rglob("*.py")}
        return found - {"__init__.py"}

    def environment(self, changes: Mapping[str, str] | None = None) -> dict[str, str]:
        """What a process of the project is started with: no terminal, no CI, the model, and genloom to be found."""
        kept = {name: value for name, value in os.environ.items() if name not in ("CI", "GENLOOM_DATA")}
        paths = os.pathsep.join((str(self.folder), str(ROOT)))
        return {**kept, "PYTHONPATH": paths, **self.model.settings, **(changes or {})}

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        """Start the interpreter with these arguments, its streams piped."""
        return subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=self.environment(env),
        )

    def run(self, *arguments: str, stdin: str = "", **env: str) -> Done:
        """Run the interpreter with these arguments to its end."""
        return self.command([sys.executable, *arguments], stdin=stdin, **env)

    def command(self, words: Sequence[str], stdin: str = "", **env: str) -> Done:
        """Run a command to its end."""
        done = subprocess.run(
            words,
            input=stdin,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self.environment(env),
            timeout=120,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def script(self, text: str, **env: str) -> Done:
        """Run a program from a file of the project."""
        self.write("program.py", text)
        return self.run("program.py", **env)
