"""What the tests of the architecture read: the modules of genloom and their imports, without importing any of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "genloom"

SKIPPED = {".git", ".venv", "dist", "build", "__pycache__", "node_modules"}


@dataclass(frozen=True)
class Import:
    """One imported name: where it stands, and what it names (`genloom.state.GraphContext`, `langgraph.types.Command`)."""

    module: str
    line: int
    target: str


def modules() -> dict[str, Path]:
    """Return every module of genloom by its dotted name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports() -> Iterator[Import]:
    """Yield every import of every module, also those inside functions and for type checkers alone."""
    for module, path in modules().items():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (Import(module, node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                origin = "." * node.level + (node.module or "")
                yield from (Import(module, node.lineno, f"{origin}.{alias.name}") for alias in node.names)


def text_files() -> Iterator[Path]:
    """Yield the project's own text files, the links at the root left out."""
    waiting = [ROOT]
    while waiting:
        for path in sorted(waiting.pop().iterdir()):
            if (
                path.is_symlink()
                or path.name in SKIPPED
                or path.name.startswith((".venv", ".mypy", ".ruff", ".pytest"))
            ):
                continue
            if path.is_dir():
                if path.name not in {".hypothesis", ".langgraph_api"} and not path.name.endswith(".egg-info"):
                    waiting.append(path)
            elif b"\0" not in path.read_bytes():
                yield path
