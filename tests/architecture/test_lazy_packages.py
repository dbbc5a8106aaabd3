"""Packages whose names are loaded when they are first used: type checkers and callers see the same names."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator

import pytest
from source_tree import modules

LAZY = sorted(
    name for name, path in modules().items() if path.name == "__init__.py" and "lazy_names(" in path.read_text()
)


def declared(name: str) -> Iterator[tuple[str, str]]:
    """What a type checker takes a package's names for: each with the module that it comes from."""
    for node in ast.walk(ast.parse(modules()[name].read_text())):
        home = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
        if isinstance(node, ast.ImportFrom) and home.startswith("genloom.") and home != "genloom.lazy":
            yield from ((alias.name, home) for alias in node.names)


@pytest.mark.parametrize("name", LAZY)
def test_a_lazy_package_gives_what_it_declares(name: str) -> None:
    """Each name of `__all__` is declared for type checkers, listed by `dir`, and the object of the declared module."""
    package, homes = importlib.import_module(name), dict(declared(name))
    assert sorted(homes) == sorted(package.__all__)
    assert set(homes) <= set(dir(package))
    for public, home in homes.items():
        assert getattr(package, public) is getattr(importlib.import_module(home), public)


@pytest.mark.parametrize("name", LAZY)
def test_a_name_that_a_lazy_package_has_not_is_an_attribute_error(name: str) -> None:
    """As in any module, so that `hasattr`, `getattr` with a default and a wrong import tell the usual thing."""
    package = importlib.import_module(name)
    assert not hasattr(package, "there_is_no_such_name")
    with pytest.raises(AttributeError, match=f"module '{name}' has no attribute"):
        package.there_is_no_such_name  # noqa: B018  # the access is what is tested


def test_the_codegen_client_loads_only_what_every_run_needs() -> None:
    """A program that starts runs does not pay for the other endpoints, the other sources of tokens, drafts or tools."""
    program = "import sys; from genloom.tools.codegen import AsyncCodegen; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "genloom.tools.codegen.client" in loaded
    for part in (
        "endpoints.repos",
        "wire.repos",
        "credentials.vault",
        "drafts.draft",
        "langchain_tools",
        "batch",
        "agent",
    ):
        assert f"genloom.tools.codegen.{part}" not in loaded
    assert not {"genloom.state.request", "genloom.tools.security", "httpx", "langchain_core", "langgraph"} & loaded
