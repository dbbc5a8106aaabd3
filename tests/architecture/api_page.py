"""Renders `docs/api.md`, the list of public names, from the code: `python tests/architecture/api_page.py > docs/api.md`."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import get_args

sys.path.insert(0, str(Path(__file__).parents[2]))

PACKAGES = (
    "genloom",
    "genloom.errors",
    "genloom.config",
    "genloom.events",
    "genloom.registry",
    "genloom.portal",
    "genloom.state",
    "genloom.prompts",
    "genloom.tools.chat",
    "genloom.tools.checks",
    "genloom.tools.codebase",
    "genloom.tools.codegen",
    "genloom.tools.coding",
    "genloom.tools.diagnosis",
    "genloom.tools.mcp",
    "genloom.tools.plugins",
    "genloom.tools.sandbox",
    "genloom.tools.scm",
    "genloom.tools.security",
    "genloom.tools.store",
    "genloom.tools.synthesis",
    "genloom.tools.telemetry",
    "genloom.nodes",
    "genloom.graphs",
    "genloom.graphs.drawing",
    "genloom.interfaces.studio",
    "genloom.testing",
)
"""The modules whose `__all__` is a promise to users. What stands in other modules may change without notice."""

PREFACE = """# Public names

What genloom promises to keep: the names in `__all__` of these modules. Everything else may change without notice.
`python tests/architecture/api_page.py > docs/api.md` makes this page anew; a test compares it with the code.
"""


def render() -> str:
    """Return the page."""
    return PREFACE + "".join(f"\n{section}" for section in map(section_of, PACKAGES))


def section_of(name: str) -> str:
    module = importlib.import_module(name)
    if not module.__all__:
        return f"## {name}\n{first_sentence(module.__doc__)}\n"
    rows = [f"| `{public}` | {meaning_of(module, public)} |" for public in sorted(module.__all__)]
    head = first_sentence(module.__doc__ or "")
    return "\n".join([f"## {name}", head, "", "| name | what it is |", "|---|---|", *rows, ""])


def meaning_of(module: ModuleType, public: str) -> str:
    if public == "__version__":
        return "The installed version."
    value = getattr(module, public)
    if inspect.isclass(value) or inspect.isroutine(value):
        return first_sentence(value.__dict__.get("__doc__") if inspect.isclass(value) else value.__doc__)
    documented = dict(constants_of(module))
    own = inspect.getdoc(value) if not is_plain(value) else None
    return documented.get(public) or first_sentence(own) or plain_value(value)


def plain_value(value: object) -> str:
    choices = [f"`{choice}`" for choice in get_args(value) if isinstance(choice, str)]
    if choices:
        return ", ".join(choices)
    return f"`{value}`" if isinstance(value, str | int) else "a type"


def is_plain(value: object) -> bool:
    """Whether the value's docstring is only that of a type of the standard library."""
    return type(value).__module__ in {"builtins", "typing", "types", "collections"} or isinstance(value, str | tuple)


def constants_of(module: ModuleType) -> Iterator[tuple[str, str]]:
    """Yield the strings that stand under constants, also of the modules that this one takes its names from."""
    tree = ast.parse(inspect.getsource(module))
    for node in ast.walk(tree):  # a lazy package's imports stand under `TYPE_CHECKING`
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("genloom"):
            yield from constants_in(ast.parse(inspect.getsource(importlib.import_module(node.module or ""))))
    yield from constants_in(tree)


def constants_in(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node, following in zip(tree.body, tree.body[1:], strict=False):
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and isinstance(following, ast.Expr):
            text = getattr(following.value, "value", None)
            if isinstance(text, str):
                yield target.id, first_sentence(text)


def first_sentence(text: str | None) -> str:
    """Return the first sentence of a docstring on one line, fit for a table."""
    paragraph = inspect.cleandoc(text or "").split("\n\n")[0].replace("\n", " ")
    return re.split(r"(?<=[.!?])\s", paragraph)[0].replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(render())
