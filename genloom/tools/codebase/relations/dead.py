"""Dead symbols: definitions that nothing was found to use, with why each is held dead.

Never called dead: what the code names anywhere in a string (`getattr`, registries, entry points, and names that a string
ending in `_` begins, such as visitors) or in the project's configuration; dunder and `main` functions; what is decorated
with anything but the standard library's own wrappers; what `__all__` lists; tests and their hooks; methods that override
one of a base class, or whose bases are not all known; interfaces. Limits: templates and other repositories are not read;
what is only used by dead code is not dead here; functions inside functions, variables in classes and parameters are not
looked at; an attribute of any object keeps all definitions of its name alive.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from genloom.tools.codebase.files.source import Source, decode_source, read_inside, read_source
from genloom.tools.codebase.ranking.roles import file_role
from genloom.tools.codebase.relations.addresses import Place
from genloom.tools.codebase.relations.graph import RelationGraph
from genloom.tools.codebase.relations.relation import DeadSymbol
from genloom.tools.codebase.relations.tables import DefinitionRow, FileNames

__all__ = ["find_dead"]

CONFIGURATION = ("pyproject.toml", "setup.cfg", "tox.ini", "package.json", "langgraph.json", "Makefile", "mkdocs.yml")
WRAPPERS = frozenset(
    "staticmethod classmethod property cached_property functools.cached_property cache functools.cache lru_cache "
    "functools.lru_cache overload typing.overload override typing.override final typing.final dataclass "
    "dataclasses.dataclass abstractmethod abc.abstractmethod contextmanager contextlib.contextmanager "
    "asynccontextmanager contextlib.asynccontextmanager wraps functools.wraps total_ordering functools.total_ordering "
    "runtime_checkable typing.runtime_checkable".split()
)
HOOKS = ("test", "Test", "pytest_", "setUp", "tearDown", "setup_", "teardown_", "setup", "teardown")
ENTRIES = frozenset({"main", "Main", "init", "setup", "teardown"})
INTERFACES = frozenset({"Protocol", "typing.Protocol", "NamedTuple", "TypedDict"})

_STRING_WORDS = re.compile(r"[\"']([A-Za-z_][\w.:\-]*)[\"']")
_ATTRIBUTES = re.compile(r"\.\s*([A-Za-z_]\w*)")
_WORDS = re.compile(r"[A-Za-z_]\w*")


class _Spoken(NamedTuple):
    """What the repository's texts say: words of whole strings and configuration, attributes, and how often each word of
    files in other languages occurs."""

    strings: set[str]
    prefixes: tuple[str, ...]
    attributes: set[str]
    words: Counter[str]


def find_dead(graph: RelationGraph, root: Path) -> tuple[DeadSymbol, ...]:
    """Return the definitions that nothing uses, in the order of path and place. Resolves every mention of the repository
    once, file by file, and reads every source once."""
    used = _used(graph)
    spoken = _read(graph, root)
    return tuple(dead for file_id in graph.tables.paths for dead in _in_file(graph, file_id, used, spoken))


def _used(graph: RelationGraph) -> set[Place]:
    """Return all places that something outside their own text may mean."""
    used: set[Place] = set()
    for file_id in graph.tables.paths:
        file = graph.tables.file(file_id)
        for mention in graph.tables.mentions_in(file_id):
            for each in (mention, *graph.resolver.prefixes(mention)):
                used.update(
                    (target.file_id, target.ordinal)
                    for target in graph.resolver.referents(each)
                    if target.file_id != file_id or not _is_within(file, each.ordinal, target.ordinal)
                )
        used.update((use.target.file_id, use.target.ordinal) for use in graph.imports_in(file_id))
    return used


def _is_within(file: FileNames, ordinal: int, around: int) -> bool:
    """Whether a definition is another one, shares its address, or lies in it."""
    while ordinal and file.first(ordinal) != around:
        ordinal = file.definitions[ordinal].parent
    return bool(ordinal)


def _read(graph: RelationGraph, root: Path) -> _Spoken:
    spoken = _Spoken(set(), (), set(), Counter())
    for file_id, path in graph.tables.paths.items():
        source = read_source(root, path)
        if not isinstance(source, Source):
            continue
        for word in _STRING_WORDS.findall(source.text):
            spoken.strings.update(part for part in re.split(r"[.:\-]", word) if part)
        if graph.tables.language(file_id) == "python":
            spoken.attributes.update(_ATTRIBUTES.findall(source.text))
        else:
            spoken.words.update(_WORDS.findall(source.text))
    for name in CONFIGURATION:
        data = read_inside(root, name)
        if isinstance(data, bytes):
            spoken.strings.update(_WORDS.findall(decode_source(data)))
    return spoken._replace(prefixes=tuple(sorted(word for word in spoken.strings if word[-1] == "_" and len(word) > 3)))


def _in_file(graph: RelationGraph, file_id: int, used: set[Place], spoken: _Spoken) -> Iterator[DeadSymbol]:
    file = graph.tables.file(file_id)
    if file_role(file.path) != "source":
        return
    names = Counter(row.name for row in file.definitions)
    for row in file.definitions[1:]:
        if (file_id, file.first(row.ordinal)) in used or file.first(row.ordinal) != row.ordinal:
            continue
        if file.language != "python":
            reason = _elsewhere(file, row, spoken, names[row.name])
        else:
            reason = "" if _is_alive(graph, file_id, row, spoken) else _reason(row)
        if reason:
            yield _dead(file, row, reason)


def _elsewhere(file: FileNames, row: DefinitionRow, spoken: _Spoken, defined: int) -> str:
    """Return why a definition in another language is held dead; empty when it is not."""
    parent = file.definitions[row.parent].kind
    kept = row.name in ENTRIES or row.name in spoken.strings or row.name.startswith(HOOKS) or row.detail("decorators")
    if kept or parent not in ("module", "class") or spoken.words[row.name] > defined or row.kind == "variable":
        return ""
    return f"the word `{row.name}` stands nowhere but where it is defined"


def _is_alive(graph: RelationGraph, file_id: int, row: DefinitionRow, spoken: _Spoken) -> bool:
    file = graph.tables.file(file_id)
    around = file.definitions[row.parent]
    return (
        around.kind not in ("module", "class")
        or _is_spoken_of(row, spoken)
        or row.name in file.exports
        or (row.name.startswith("__") and row.name.endswith("__"))
        or row.name in ENTRIES
        or row.name.startswith(HOOKS)
        or any(text.split("(")[0].strip() not in WRAPPERS for text in row.detail("decorators") or ())
        or (around.kind == "class" and _is_inherited(graph, file_id, row, around))
        or (row.kind == "variable" and row.name.startswith("_") and len(row.name) == 1)
    )


def _is_spoken_of(row: DefinitionRow, spoken: _Spoken) -> bool:
    return row.name in spoken.attributes or row.name in spoken.strings or row.name.startswith(spoken.prefixes)


def _is_inherited(graph: RelationGraph, file_id: int, row: DefinitionRow, around: DefinitionRow) -> bool:
    """Whether a method may stand for one of a base class: it does, or not all bases are known; or it is an interface's."""
    if INTERFACES.intersection(around.detail("bases") or ()):
        return True
    found, known = graph.resolver.bindings.class_member(file_id, around.ordinal, row.name, above=True)
    return bool(found) or not known


def _reason(row: DefinitionRow) -> str:
    if row.kind == "method":
        return "no call or string names it, no object's attribute is called so, and it overrides nothing"
    return "no import, call, base, decorator, annotation, reference or string means it"


def _dead(file: FileNames, row: DefinitionRow, reason: str) -> DeadSymbol:
    sure = 0.3 if file.language != "python" else 0.9 if row.name.startswith("_") else 0.6
    return DeadSymbol(
        address=file.address(row.ordinal), kind=row.kind, line=row.start_line, reason=reason, confidence=sure
    )
