"""A project with an anchor package, and a model on loopback: what the tests of generation for imports start from."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from genloom.interfaces.importer.asked import CallSite, ModuleRequest
from genloom.interfaces.importer.options import ImportOptions
from genloom.testing import OpenAIServer

MODULE = "myapp.gen.text"
SLUGIFY = '''def slugify(text: str) -> str:
    """Return a slug."""
    return "-".join(text.lower().split())
'''
CALLER = """\
from myapp.gen.text import slugify

assert slugify("A b") == "a-b"
assert slugify("C") == "c"
"""


def fenced(source: str) -> str:
    """A model's reply that holds one module."""
    return f"```python\n{source}```"


class Project:
    """A project in a folder, whose package `myapp.gen` is an anchor."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.directory = folder / "myapp" / "gen"
        self.directory.mkdir(parents=True)
        (folder / "pyproject.toml").write_text('[project]\nname = "myapp"\n')
        (folder / "myapp" / "__init__.py").write_text("")
        (self.directory / "__init__.py").write_text("import genloom\n\ngenloom.install_import_hook()\n")

    def write(self, path: str, text: str) -> Path:
        """Write a file of the project."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
        return file

    def asked(
        self,
        caller: str = CALLER,
        *,
        names: Sequence[str] = ("slugify",),
        module: str = MODULE,
        existing: str = "",
        path: str = "myapp/main.py",
        **options: Any,
    ) -> ModuleRequest:
        """What an import in a file of the project asks for."""
        file = self.write(path, caller)
        return ModuleRequest(
            module=module,
            names=tuple(names),
            existing=existing,
            caller=CallSite(filename=str(file), lineno=1, module="myapp.main"),
            options=self.options(**options),
        )

    def options(self, **changes: Any) -> ImportOptions:
        """The options of the anchor's hook: a model alone writes, and nobody is asked."""
        given = {"mode": "auto", "model": "openai:test-model", "context": {"generators": ("model",)}, **changes}
        return ImportOptions(namespace="myapp.gen", directory=self.directory, **given)


def prompt_of(server: OpenAIServer, number: int = -1) -> str:
    """All that a model was told in one call."""
    return "\n".join(str(message["content"]) for message in server.chats[number]["messages"])
