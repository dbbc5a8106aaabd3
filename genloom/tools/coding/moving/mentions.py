"""Who may still look for a definition at its old place, other than by an import that was written anew."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from genloom.syntax import UNPARSABLE, parse_module
from genloom.tools.coding.moving.module_text import Definition, ModuleText, absolute_module

__all__ = ["Mention", "has_word", "mentions_in", "registration_of", "replaced_texts", "texts_with"]

_PROSE = (".md", ".rst", ".txt", ".adoc")
_HARMLESS_MODULES = frozenset(
    "abc attr attrs builtins contextlib dataclasses enum functools typing typing_extensions".split()
)


class Mention(NamedTuple):
    """Why the old place should keep the name. `sure` when it names the module, too."""

    why: str
    sure: bool


def has_word(text: str, word: str) -> bool:
    """Whether a word stands in a text."""
    return word in text and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def mentions_in(path: str, text: str, old: str, name: str, of: ModuleText | None = None) -> Iterator[Mention]:
    """Yield where a file has the word `name`, but for a name of Python that only its own module gives a value to.

    `of` is the file as a module. What is no valid Python is taken as a text.
    """
    last = old.rpartition(".")[2]
    if not has_word(text, name):
        return
    try:
        tree = parse_module(text) if path.endswith((".py", ".pyi")) else None
    except UNPARSABLE:
        tree = None
    if tree is not None:
        yield from _in_tree(tree, path, old, name, has_word(text, last), of)
        return
    named = re.search(rf"(?<!\w){re.escape(last)}[.:]{re.escape(name)}(?!\w)", text) is not None
    yield Mention(f"{path} has the word", named or (not path.endswith(_PROSE) and has_word(text, last)))


def _in_tree(tree: ast.Module, path: str, old: str, name: str, near: bool, of: ModuleText | None) -> Iterator[Mention]:
    for line in texts_with(tree, name):
        yield Mention(f"line {line} of {path} names it in a text", near)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == name:
            yield Mention(f"line {node.lineno} of {path} reaches it as {ast.unparse(node)[:100]}", near)
        elif isinstance(node, ast.ImportFrom) and any(alias.name in (name, "*") for alias in node.names):
            module = absolute_module(node, of) if of is not None else node.module or ""
            if module == old or (module.rpartition(".")[2] == old.rpartition(".")[2] and of is None):
                yield Mention(f"line {node.lineno} of {path} imports it", True)


def texts_with(tree: ast.Module, name: str) -> Iterator[int]:
    """Yield the lines, from 1, of texts that have a word; of docstrings only those with examples."""
    docs = {id(node.body[0].value) for node in ast.walk(tree) if _has_docstring(node)}  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        told = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        if has_word(told, name) and (id(node) not in docs or ">>>" in told):
            yield getattr(node, "lineno", 0)


def _has_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Module | Definition) and ast.get_docstring(node, clean=False) is not None


def registration_of(node: Definition, module: ModuleText) -> Mention | None:
    """Return why the definition must go on being run with its old module: a decorator or a base class may register it."""
    for decorator in node.decorator_list:
        if not _is_harmless(decorator, module):
            return Mention(f"{ast.unparse(decorator)[:100]} may register it", True)
    for base in [*node.bases, *(each.value for each in node.keywords)] if isinstance(node, ast.ClassDef) else ():
        if not _is_harmless(base, module) and not isinstance(base, ast.Constant):
            return Mention(f"{ast.unparse(base)[:100]} may register it", False)
    return None


def _is_harmless(node: ast.expr, module: ModuleText) -> bool:
    while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
        node = node.value if isinstance(node, ast.Attribute | ast.Subscript) else node.func
    found = module.bindings.get(node.id, []) if isinstance(node, ast.Name) else [None]
    for binding in found:
        if binding is None or binding.alias is None:
            return False
        home = binding.node.module if isinstance(binding.node, ast.ImportFrom) else binding.alias.name
        if (home or "").partition(".")[0] not in _HARMLESS_MODULES:
            return False
    return True


def replaced_texts(path: str, text: str, old: str, name: str) -> bool:
    """Whether a file may replace a name of the old module by its text, as `monkeypatch.setattr` and `mock.patch` do."""
    told = re.search(rf"""["'](?:{re.escape(old)}\.)?{re.escape(name)}["']""", text) is not None
    return path.endswith(".py") and told and re.search(r"\b(?:setattr|patch)\b", text) is not None
