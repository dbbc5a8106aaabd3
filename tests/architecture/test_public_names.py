"""Public names: every one exists, has a docstring, and is documented; nothing else is promised."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator

import pytest
from api_page import PACKAGES, render
from source_tree import ROOT, modules

Documented = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def test_documentation_lists_exactly_the_public_names() -> None:
    """`docs/api.md` is what the code says; refresh it by `python tests/architecture/api_page.py > docs/api.md`."""
    assert (ROOT / "docs" / "api.md").read_text() == render()


@pytest.mark.parametrize("name", PACKAGES)
def test_every_public_name_exists_and_is_listed_once_in_order(name: str) -> None:
    """`__all__` names what is there, each once, sorted as ruff sorts it."""
    module = importlib.import_module(name)
    assert [public for public in module.__all__ if not hasattr(module, public)] == []
    assert len(set(module.__all__)) == len(module.__all__)
    assert set(module.__all__) <= set(dir(module))


def test_every_package_of_tools_is_a_public_one() -> None:
    """A new package of tools is documented, too."""
    packages = {path.parent.name for path in (ROOT / "genloom" / "tools").glob("*/__init__.py")}
    assert {f"genloom.tools.{name}" for name in packages} <= set(PACKAGES)


def test_every_module_says_what_it_promises() -> None:
    """Each module has a docstring and, unless it is a program or a bare package, an `__all__` of names that it defines."""
    wrong = []
    for name, path in modules().items():
        tree = ast.parse(path.read_text())
        if not ast.get_docstring(tree):
            wrong.append(f"{name}: no docstring")
        public = exported(tree)
        if public is None and list(documented(tree)) and not name.endswith("__main__"):
            wrong.append(f"{name}: no __all__")
    assert wrong == []


def test_public_functions_and_classes_have_docstrings() -> None:
    """What is exported says what it does; so do the public methods of exported classes."""
    wrong = []
    for name, path in modules().items():
        tree = ast.parse(path.read_text())
        public = exported(tree) or set()
        for node in documented(tree):
            if node.name in public:
                wrong += [f"{name}.{missing}" for missing in undocumented(node)]
    assert wrong == []


def exported(tree: ast.Module) -> set[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return set(ast.literal_eval(node.value))
    return None


def documented(tree: ast.Module | ast.ClassDef) -> Iterator[Documented]:
    for node in tree.body:
        if isinstance(node, Documented) and not node.name.startswith("_") and not is_overload(node):
            yield node


def is_overload(node: Documented) -> bool:
    return any(isinstance(mark, ast.Name) and mark.id == "overload" for mark in node.decorator_list)


def undocumented(node: Documented) -> Iterator[str]:
    if not ast.get_docstring(node):
        yield node.name
    if isinstance(node, ast.ClassDef):
        inherited = bool(node.bases)  # a method that overrides takes its promise from the class it is declared in
        for method in documented(node):
            if not inherited and not ast.get_docstring(method):
                yield f"{node.name}.{method.name}"
