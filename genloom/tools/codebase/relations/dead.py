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
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from genloom.tools.codebase.files.source import Source, decode_source, read_inside, read_source
from genloom.tools.codebase.ranking.roles import file_role
from genloom.tools.codebase.relations.addresses import Place
from genloom.tools.codebase.relations.graph import RelationGraph
from genloom.tools.codebase.relations.relation import DeadSymbol, DeadSymbols
from genloom.tools.codebase.relations.tables import DefinitionRow, FileNames, ImportRow, MentionRow

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


class _Candidate(NamedTuple):
    """A definition that only what is written in the code itself can keep alive, and why it is dead if nothing does."""

    place: Place
    row: DefinitionRow
    reason: str


def find_dead(graph: RelationGraph, root: Path, deadline: float) -> DeadSymbols:
    """Return the definitions that nothing uses, in the order of path and place. Reads every source once, and resolves what
    has the names of the few that no text keeps alive."""
    spoken = _read(graph, root, deadline)
    if spoken is None:
        return DeadSymbols(symbols=(), truncated=True)
    candidates: list[_Candidate] = []
    for file_id in graph.tables.paths:
        if time.monotonic() > deadline:
            return DeadSymbols(symbols=(), truncated=True)
        candidates += _candidates(graph, file_id, spoken)
    names = {each.row.name for each in candidates}
    mentions = _mentions(graph, names, deadline)
    if mentions is None:
        return DeadSymbols(symbols=(), truncated=True)
    imports = _imports(graph, names)
    used: set[Place] = set()
    decided: set[str] = set()
    for name in sorted(names):
        if time.monotonic() > deadline:
            break
        used.update(_used(graph, mentions[name]))
        for importer, row in imports[name]:
            used.update((use.target.file_id, use.target.ordinal) for use in graph.imported(importer, row))
        decided.add(name)
    dead = (each for each in candidates if each.row.name in decided and each.place not in used)
    symbols = tuple(_dead(graph, each) for each in dead if not _is_inherited(graph, each))
    return DeadSymbols(symbols=symbols, truncated=len(decided) < len(names))


def _mentions(graph: RelationGraph, names: set[str], deadline: float) -> dict[str, list[MentionRow]] | None:
    """Return the mentions of some names, also those before the names of their attributes; `None` when the time ran out."""
    found: dict[str, list[MentionRow]] = defaultdict(list)
    for name in names:
        found[name] += graph.tables.mentions_of(name)
    for mention in graph.tables.qualified_mentions():
        if time.monotonic() > deadline:
            return None
        if not names.isdisjoint(mention.qualifier.split(".")):
            for each in graph.resolver.prefixes(mention):
                if each.name in names:
                    found[each.name].append(each)
    return found


def _imports(graph: RelationGraph, names: Collection[str]) -> dict[str, list[tuple[int, ImportRow]]]:
    found: dict[str, list[tuple[int, ImportRow]]] = defaultdict(list)
    for file_id, row in graph.tables.all_imports():
        if row.name in names:
            found[row.name].append((file_id, row))
    return found


def _used(graph: RelationGraph, mentions: Iterable[MentionRow]) -> Iterator[Place]:
    """Yield the places that something outside their own text may mean."""
    for mention in mentions:
        file = graph.tables.file(mention.file_id)
        for target in graph.resolver.referents(mention):
            if target.file_id != mention.file_id or not _is_within(file, mention.ordinal, target.ordinal):
                yield target.file_id, target.ordinal


def _is_within(file: FileNames, ordinal: int, around: int) -> bool:
    """Whether a definition is another one, shares its address, or lies in it."""
    while ordinal and file.first(ordinal) != around:
        ordinal = file.definitions[ordinal].parent
    return bool(ordinal)


def _read(graph: RelationGraph, root: Path, deadline: float) -> _Spoken | None:
    """Return what the texts say; `None` when the time ran out: what was not read might name anything."""
    spoken = _Spoken(set(), (), set(), Counter())
    for file_id, path in graph.tables.paths.items():
        if time.monotonic() > deadline:
            return None
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


def _candidates(graph: RelationGraph, file_id: int, spoken: _Spoken) -> Iterator[_Candidate]:
    file = graph.tables.file(file_id)
    if file_role(file.path) != "source":
        return
    names = Counter(row.name for row in file.definitions)
    for row in file.definitions[1:]:
        if file.first(row.ordinal) != row.ordinal:
            continue
        if file.language != "python":
            reason = _elsewhere(file, row, spoken, names[row.name])
        else:
            reason = "" if _is_alive(file, row, spoken) else _reason(row)
        if reason:
            yield _Candidate((file_id, row.ordinal), row, reason)


def _elsewhere(file: FileNames, row: DefinitionRow, spoken: _Spoken, defined: int) -> str:
    """Return why a definition in another language is held dead; empty when it is not."""
    parent = file.definitions[row.parent].kind
    kept = row.name in ENTRIES or row.name in spoken.strings or row.name.startswith(HOOKS) or row.detail("decorators")
    if kept or parent not in ("module", "class") or spoken.words[row.name] > defined or row.kind == "variable":
        return ""
    return f"the word `{row.name}` stands nowhere but where it is defined"


def _is_alive(file: FileNames, row: DefinitionRow, spoken: _Spoken) -> bool:
    """Whether a definition's name, place or decorators keep it alive, whatever the code says."""
    around = file.definitions[row.parent]
    return (
        around.kind not in ("module", "class")
        or _is_spoken_of(row, spoken)
        or row.name in file.exports
        or (row.name.startswith("__") and row.name.endswith("__"))
        or row.name in ENTRIES
        or row.name.startswith(HOOKS)
        or any(text.split("(")[0].strip() not in WRAPPERS for text in row.detail("decorators") or ())
        or (row.kind == "variable" and row.name.startswith("_") and len(row.name) == 1)
    )


def _is_spoken_of(row: DefinitionRow, spoken: _Spoken) -> bool:
    return row.name in spoken.attributes or row.name in spoken.strings or row.name.startswith(spoken.prefixes)


def _is_inherited(graph: RelationGraph, candidate: _Candidate) -> bool:
    """Whether a method may stand for one of a base class: it does, or not all bases are known; or it is an interface's."""
    (file_id, _), row, _ = candidate
    file = graph.tables.file(file_id)
    around = file.definitions[row.parent]
    if around.kind != "class" or file.language != "python":
        return False
    if INTERFACES.intersection(around.detail("bases") or ()):
        return True
    found, known = graph.resolver.bindings.class_member(file_id, around.ordinal, row.name, above=True)
    return bool(found) or not known


def _reason(row: DefinitionRow) -> str:
    if row.kind == "method":
        return "no call or string names it, no object's attribute is called so, and it overrides nothing"
    return "no import, call, base, decorator, annotation, reference or string means it"


def _dead(graph: RelationGraph, candidate: _Candidate) -> DeadSymbol:
    (file_id, _), row, reason = candidate
    file = graph.tables.file(file_id)
    sure = 0.3 if file.language != "python" else 0.9 if row.name.startswith("_") else 0.6
    return DeadSymbol(
        address=file.address(row.ordinal), kind=row.kind, line=row.start_line, reason=reason, confidence=sure
    )
