"""Import statements: what each says, read from its text, by language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

__all__ = ["Imported", "read_imports"]

MAX_NAMES = 2_000
MAX_PART = 1_000
_COMMENT = re.compile(r"""("[^"\n]*"|'[^'\n]*'|`[^`]*`)|//[^\n]*|/\*.*?(?:\*/|\Z)""", re.DOTALL)
_QUOTED = re.compile(r"""["'`]([^"'`]*)["'`]""")
_NAME = r"[\w$]+"
_FROM = re.compile(
    r"""^(?:import|export)\s+(?:type\s+)?(?P<what>[^"'`]*?)\s*(?:\bfrom\s*)?["'](?P<module>[^"']*)["']"""
)
_NAMESPACE = re.compile(rf"\*\s*as\s+({_NAME})")
_BRACED = re.compile(r"\{([^{}]*)\}")
_REQUIRED = re.compile(r"""\brequire\s*\(\s*["'`]([^"'`]*)["'`]\s*\)(?:\s*\.\s*([\w$]+))?""")
_GO = re.compile(r"""^(?:([\w.]+)\s+)?["`]([^"`]*)["`]""")
_CSHARP = re.compile(rf"(?:global\s+)?using\s+(?:(?P<static>static)\s+|(?P<alias>{_NAME})\s*=\s*)?(?P<path>[\w.:]+)")
_PHP_USE = re.compile(r"^use\s+(?:function\s+|const\s+)?(?P<prefix>[\w\\]*?)\\?\s*(?:\{(?P<group>[^}]*)\}|$)")


class Imported(NamedTuple):
    """One imported name, as `Import` holds it."""

    module: str
    name: str = ""
    alias: str = ""


def _ecmascript(text: str) -> Iterator[Imported]:
    required = _REQUIRED.search(text)
    if required:
        yield from _required(text, *required.groups())
        return
    statement = _FROM.match(text)
    if statement is None:
        quoted = _QUOTED.search(text)
        if quoted:
            yield Imported(quoted[1])
        return
    what, module = statement["what"].strip(), statement["module"]
    namespace = _NAMESPACE.search(what)
    outside = _BRACED.sub("", what).replace(namespace[0] if namespace else "\0", "").strip(" ,\n")
    if namespace:
        yield Imported(module, "", namespace[1])
    if outside:
        yield Imported(module, "*") if outside == "*" else Imported(module, "default", outside)
    if not what:
        yield Imported(module)
    for name, alias in _listed(what, r"\s+as\s+"):
        yield Imported(module, name.removeprefix("type "), alias)


def _required(text: str, module: str, attribute: str | None) -> Iterator[Imported]:
    """Yield what `const x = require('m')`, `const {a, b: c} = require('m')` or `import z = require('z')` binds."""
    target = (
        text.partition("=")[0].strip().removeprefix("import").strip() if "=" in text.partition("require")[0] else ""
    )
    if target.startswith("{"):
        for name, alias in _listed(target, r"\s*:\s*"):
            yield Imported(module, name, alias)
        return
    plain = re.match(_NAME, target)
    bound = plain[0] if plain else ""
    yield Imported(module, attribute or "", "" if bound == attribute else bound)


def _listed(text: str, separator: str) -> Iterator[tuple[str, str]]:
    """Yield the names in braces with their aliases."""
    braced = _BRACED.search(text)
    for item in braced[1].split(",")[:MAX_NAMES] if braced else ():
        name, *alias = re.split(separator, item.strip(), maxsplit=1)
        if name.strip(" ."):
            yield name.strip(" ."), alias[0].partition("=")[0].strip() if alias else ""


def _java(text: str) -> Iterator[Imported]:
    path = re.sub(r"\s+", "", re.sub(r"^import\s+(?:static\s+)?", "", text).rstrip("; \n"))
    module, _, name = path.rpartition(".")
    yield Imported(module, name)


def _c(text: str) -> Iterator[Imported]:
    found = re.search(r'"([^"]*)"|(<[^<>]*>)', text)
    if found:
        yield Imported(found[1] if found[1] is not None else found[2], "*")


def _go(text: str) -> Iterator[Imported]:
    found = _GO.match(text)
    if found:
        alias = found[1] or ""
        yield Imported(found[2], "*") if alias == "." else Imported(found[2], "", alias)


def _rust(text: str) -> Iterator[Imported]:
    text = re.sub(r"^(?:#!?\[[^\]]*\]\s*)*(?:pub(?:\s*\([^)]*\))?\s+)?", "", text.strip()).rstrip("; \n")
    keyword, _, rest = text.partition(" ")
    if keyword == "mod":
        yield Imported("self", rest.strip())
    elif keyword == "extern":
        name, *alias = re.split(r"\s+as\s+", rest.removeprefix("crate").strip(), maxsplit=1)
        yield Imported(name, "", alias[0] if alias else "")
    elif keyword == "use":
        yield from _use_tree(rest)


def _use_tree(text: str) -> Iterator[Imported]:
    """Yield the leaves of `a::{b, c as d, e::*}`. The braces are walked with a stack: they may nest without end."""
    prefixes = [""]
    count = 0
    for path, mark in re.findall(r"([^{},]*)([{},]|$)", text):
        path = path.strip()
        if mark == "{":
            prefixes.append("::".join(filter(None, (prefixes[-1][:1_000], path.removesuffix("::")))))
            continue
        if path and count < MAX_NAMES:
            count += 1
            yield _leaf(prefixes[-1], path)
        if mark == "}" and len(prefixes) > 1:
            prefixes.pop()


def _leaf(prefix: str, path: str) -> Imported:
    whole, *alias = re.split(r"\s+as\s+", path, maxsplit=1)
    module, _, name = whole.removeprefix("::").rpartition("::")
    module = "::".join(filter(None, (prefix, module)))
    if name == "self":
        module, _, name = module.rpartition("::")
    return Imported(module or name, name if module else "", alias[0] if alias else "")


def _ruby(text: str) -> Iterator[Imported]:
    quoted = _QUOTED.search(text)
    if quoted is None:
        return
    module = quoted[1]
    if text.startswith("require_relative") and not module.startswith("."):
        module = f"./{module}"
    lazy = re.match(r"autoload\s*\(?\s*:(\w+)", text)
    yield Imported(module, lazy[1] if lazy else "")


def _csharp(text: str) -> Iterator[Imported]:
    found = _CSHARP.match(text)
    if found is None:
        return
    path, alias = found["path"].replace("global::", ""), found["alias"] or ""
    if alias:
        module, _, name = path.rpartition(".")
        yield Imported(module, name, alias)
    else:
        yield Imported(path, "*")


def _php(text: str) -> Iterator[Imported]:
    if not text.startswith("use"):
        quoted = _QUOTED.search(text)
        if quoted:
            yield Imported(quoted[1], "*")
        return
    text = text.rstrip("; ")
    group = _PHP_USE.match(text)
    prefix, items = (group["prefix"], group["group"]) if group and group["group"] is not None else ("", "")
    items = items or re.sub(r"^use\s+(?:function\s+|const\s+)?", "", text)
    for item in items.split(",")[:MAX_NAMES]:
        path, *alias = re.split(r"\s+as\s+", item.strip(), maxsplit=1, flags=re.IGNORECASE)
        whole = "\\".join(filter(None, (prefix, re.sub(r"^(?:function|const) ", "", path).strip("\\"))))
        module, _, name = whole.rpartition("\\")
        if name:
            yield Imported(module, name, alias[0].strip() if alias else "")


_READERS: Mapping[str, Callable[[str], Iterator[Imported]]] = {
    "javascript": _ecmascript,
    "typescript": _ecmascript,
    "tsx": _ecmascript,
    "java": _java,
    "c": _c,
    "cpp": _c,
    "go": _go,
    "rust": _rust,
    "ruby": _ruby,
    "csharp": _csharp,
    "php": _php,
}


def read_imports(language: str, text: str) -> Iterator[Imported]:
    """Yield what an import statement imports, each name up to 1,000 characters. Linear in the text."""
    uncommented = text if language in ("c", "cpp", "ruby") else _COMMENT.sub(lambda found: found[1] or " ", text)
    for found in _READERS[language](" ".join(uncommented.split())):
        yield Imported(*(part[:MAX_PART] for part in found))
