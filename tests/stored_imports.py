"""The stored dynamic imports: a caller, and implementations that a scripted model answers with. Nothing of them is run
outside the sandbox: generation decides on a module, and its decision is all that is wanted here.

The tests and the benchmark of imports share this.
"""

from __future__ import annotations

import ast
import json
import os
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from open_folders import folder_of_its_own, open_to_others

from genloom.errors import GeneratedImportError
from genloom.interfaces.importer import CallSite, GeneratedSource, ImportOptions, ModuleRequest
from genloom.interfaces.importer.generation.generating import generate_module
from genloom.testing import OpenAIServer
from genloom.tools.sandbox import Limits, Sandbox

__all__ = ["Decision", "ImportCase", "Statement", "decide", "decide_all", "read_import_cases", "tells_apart"]

_LIMITS = Limits(wall_seconds=10, cpu_seconds=10)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One import statement of a caller: the module, the names, and the line it stands on."""

    module: str
    names: tuple[str, ...]
    line: int


@dataclass(frozen=True, kw_only=True)
class ImportCase:
    """A caller whose module does not exist: its text, one right and several wrong implementations."""

    id: str
    caller: str
    reference: str
    wrong: tuple[str, ...]
    labels: tuple[str, ...]
    hidden: str

    @property
    def statements(self) -> tuple[Statement, ...]:
        """The statements that ask for something unwritten, in order."""
        found = [node for node in ast.parse(self.caller).body if isinstance(node, ast.ImportFrom)]
        return tuple(
            Statement(module=node.module, names=tuple(alias.name for alias in node.names), line=node.lineno)
            for node in found
            if node.module and node.module.startswith("autogen.")
        )

    @property
    def module_path(self) -> str:
        """Where the module's file lies in the project."""
        return self.statements[0].module.replace(".", "/") + ".py"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What generation made of an implementation: `error` when it was refused, and how often the model was asked."""

    accepted: tuple[GeneratedSource, ...]
    error: GeneratedImportError | None
    calls: int


def read_import_cases() -> list[ImportCase] | None:
    """Read the cases in the folder `GENLOOM_DATA`; `None` without it."""
    path = Path(os.environ.get("GENLOOM_DATA", ""), "imports.jsonl")
    if not os.environ.get("GENLOOM_DATA") or not path.is_file():
        return None
    return [_case(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _case(stored: Mapping[str, Any]) -> ImportCase:
    return ImportCase(
        id=stored["id"],
        caller=stored["caller_code"],
        reference=stored["reference"],
        wrong=tuple(stored["wrong"]),
        labels=tuple(stored["wrong_labels"]),
        hidden=stored["hidden_tests"],
    )


def tells_apart(case: ImportCase, source: str) -> bool:
    """Whether the caller's own code, run in the sandbox over an implementation, fails."""
    files = {"autogen/__init__.py": "", case.module_path: source, "caller_of_it.py": case.caller}
    report = Sandbox(limits=_LIMITS).call(files, "caller_of_it", [])
    assert not report.not_run, report.not_run
    return report.loading is not None


def decide_all(case: ImportCase, source: str, **context: Any) -> Decision:
    """Send each statement of the caller to generation, with a model that answers with this implementation."""
    with folder_of_its_own() as folder:
        (folder / "pyproject.toml").write_text('[project]\nname = "autogen"\nversion = "1"\n')
        (folder / "autogen").mkdir()
        (folder / "autogen" / "__init__.py").write_text("")
        caller = folder / "caller_of_it.py"
        caller.write_text(case.caller)
        open_to_others(folder)
        options = _options("autogen", folder / "autogen", context)
        site = CallSite(filename=str(caller), lineno=1, module="caller_of_it")
        asked = [
            ModuleRequest(module=each.module, names=each.names, options=options, caller=replace(site, lineno=each.line))
            for each in case.statements
        ]
        later = [name for each in case.statements[1:] for name in each.names]
        first, *further = [_without(source, set(later)), *(_only(source, each.names) for each in case.statements[1:])]
        return decide(asked, [first, *further])


def decide(requests: list[ModuleRequest], sources: list[str]) -> Decision:
    """Send the requests, each extending what the one before gave, to generation; the model always says the source that
    belongs to the request at hand."""
    accepted: list[GeneratedSource] = []
    with _model() as said:
        for request, source in zip(requests, sources, strict=True):
            said.source = source
            path = request.options.directory.joinpath(*request.module.split(".")[1:]).with_suffix(".py")
            existing = accepted[-1].source if accepted else ""
            if existing:
                path.write_text(existing)
            try:
                accepted.append(generate_module(replace(request, existing=existing)))
            except GeneratedImportError as error:
                return Decision(accepted=tuple(accepted), error=error, calls=said.calls)
        return Decision(accepted=tuple(accepted), error=None, calls=said.calls)


def _options(namespace: str, directory: Path, context: Mapping[str, Any]) -> ImportOptions:
    return ImportOptions(
        namespace=namespace, directory=directory, mode="auto", model="openai:test-model", context=context
    )


class _Model(OpenAIServer):
    """A model that says one module."""

    def __init__(self) -> None:
        self.source = ""
        super().__init__(lambda _: f"```python\n{textwrap.dedent(self.source)}\n```\n")

    @property
    def calls(self) -> int:
        return len(self.chats)


@contextmanager
def _model() -> Iterator[_Model]:
    """A model that the environment leads to, and an empty home: an answer of an earlier decision must not count."""
    names = ("OPENAI_BASE_URL", "OPENAI_API_KEY", "GENLOOM_HOME")
    before = {name: os.environ.get(name) for name in names}
    with _Model() as server, folder_of_its_own() as home:
        os.environ.update(OPENAI_BASE_URL=server.base_url, OPENAI_API_KEY="any", GENLOOM_HOME=str(home))
        try:
            yield server
        finally:
            for name, value in before.items():
                os.environ.pop(name)
                os.environ.update({name: value} if value is not None else {})


def _without(source: str, names: set[str]) -> str:
    """The module without the definitions of these names, which a later statement asks for."""
    return _lines(source, [node for node in ast.parse(source).body if not names & {getattr(node, "name", "")}])


def _only(source: str, names: tuple[str, ...]) -> str:
    """The definitions of these names alone."""
    return _lines(source, [node for node in ast.parse(source).body if getattr(node, "name", "") in names])


def _lines(source: str, nodes: list[ast.stmt]) -> str:
    parts = [ast.get_source_segment(source, node) or "" for node in nodes]
    decorated = [
        "".join(f"@{ast.unparse(each)}\n" for each in getattr(node, "decorator_list", [])) + part
        for node, part in zip(nodes, parts, strict=True)
    ]
    return "\n\n\n".join(decorated) + "\n"
