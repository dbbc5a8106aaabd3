"""Resolution: which definitions a mention means, by scopes and imports in Python, by the name alone elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from genloom.tools.codebase.relations.bindings import Bindings, Place, alternatives
from genloom.tools.codebase.relations.meaning import EXTERNAL, UNKNOWN, Meaning, unsure
from genloom.tools.codebase.relations.names import NameMatches
from genloom.tools.codebase.relations.tables import DefinitionRow, FileNames, MentionRow, Tables

__all__ = ["Referent", "Resolver"]

ANNOTATED = 0.9
MAX_KEPT = 50_000
MAX_CHAIN = 8
OUTER = ("base", "decorator", "annotation")
"""What stands in a definition's head is looked up around it."""

_DOTTED = re.compile(r"[A-Za-z_][\w.]*")
_CONTAINERS = re.compile(r"^(?:typing\.)?(?:Optional|Annotated|Final|ClassVar|Type|type)\[(.*)\]$", re.DOTALL)
_PROPERTIES = ("property", "cached_property", "functools.cached_property")
Meanings = tuple[Meaning, ...]


class Referent(NamedTuple):
    """A definition (ordinal 0: the module) that a mention means, and how sure that is."""

    file_id: int
    ordinal: int
    confidence: float


class Resolver:
    """Resolves mentions one at a time, remembering answers up to a bound. For one state of the index."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.bindings = Bindings(tables, self._base)
        self._matches = NameMatches(tables)
        self._methods: dict[str, tuple[Referent, ...]] = {}
        self._kept: dict[tuple[int, int, str, str], tuple[Referent, ...]] = {}

    def referents(self, mention: MentionRow) -> tuple[Referent, ...]:
        """Return what a mention means, surest first; empty when it is nothing of the repository's, or nobody can tell."""
        file_id, ordinal, qualifier, name, kind, _ = mention
        file = self._tables.file(file_id)
        is_python = file.language == "python"
        root = qualifier.partition(".")[0] or name
        scope = self._scope(file, ordinal, root, outer=kind in OUTER) if is_python else 0
        key = (file_id, scope, qualifier, name)
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) > MAX_KEPT:
                self._kept.clear()
            found = self._python(key) if is_python else self._other(file, mention)
            self._kept[key] = found
        return found

    def prefixes(self, mention: MentionRow) -> Iterator[MentionRow]:
        """Yield references to what stands before a mention's name: `C.make()` uses `C`, too. Parameters are left out."""
        parts = mention.qualifier.split(".") if mention.qualifier else []
        if not parts or parts[0] in ("?", "super()", "self", "cls") or len(parts) > MAX_CHAIN:
            return
        for count in range(1, len(parts) + 1):
            yield mention._replace(qualifier=".".join(parts[: count - 1]), name=parts[count - 1], kind="reference")

    def _other(self, file: FileNames, mention: MentionRow) -> tuple[Referent, ...]:
        return _surest(Referent(*match) for match in self._matches.elsewhere(mention.file_id, file, mention))

    def _python(self, key: tuple[int, int, str, str]) -> tuple[Referent, ...]:
        file_id, scope, qualifier, name = key
        chain = self._chain(file_id, scope, [*(qualifier.split(".") if qualifier else []), name])
        found: dict[Place, float] = {}
        for meaning in chain:
            if meaning.kind in ("definition", "module"):
                ordinal = self._tables.file(meaning.file_id).first(meaning.ordinal)
                place = (meaning.file_id, ordinal)
                found[place] = max(found.get(place, 0.0), meaning.confidence)
        if not found and qualifier and any(meaning.kind == "unknown" for meaning in chain):
            return self._by_name(name)
        return _surest(Referent(*place, round(confidence, 2)) for place, confidence in found.items())

    def _by_name(self, name: str) -> tuple[Referent, ...]:
        if name not in self._methods:
            if len(self._methods) > MAX_KEPT:
                self._methods.clear()
            self._methods[name] = _surest(Referent(*match) for match in self._matches.methods(name))
        return self._methods[name]

    def chain(self, file_id: int, ordinal: int, parts: list[str], *, outer: bool = False) -> Meanings:
        """Return what a dotted name means inside a definition; `outer` looks it up where the definition's head stands."""
        return self._chain(file_id, self._scope(self._tables.file(file_id), ordinal, parts[0], outer=outer), parts)

    @staticmethod
    def _scope(file: FileNames, ordinal: int, root: str, *, outer: bool) -> int:
        """Return the scope that decides what a name means: the innermost that binds it, or the class whose base it is."""
        return file.class_around(ordinal) if root == "super()" else file.binder(ordinal, root, outer=outer)

    def _chain(self, file_id: int, scope: int, parts: list[str]) -> Meanings:
        """Return what a dotted name means, the first part of which is looked up in one scope."""
        if parts[0] == "?" or len(parts) > MAX_CHAIN:
            return (UNKNOWN,)
        if not scope:
            found = self.bindings.module_member(file_id, parts[0])
        elif parts[0] == "super()":
            found = (
                Meaning("instance", file_id, scope, "super"),
            )  # the folder marks that the class itself is left out
        else:
            found = self._in_scope(file_id, scope, parts[0])
        for part in parts[1:]:
            found = alternatives(each for meaning in found for each in self._attribute(meaning, part))
        return found

    def _base(self, file_id: int, ordinal: int, name: str) -> Meanings:
        """Return what a base class means: it is looked up around its class."""
        parent = self._tables.file(file_id).definitions[ordinal].parent
        parts = name.split(".")
        own = self._tables.file(file_id).members[parent].get(parts[0])
        if own == ordinal:  # class Error(Error): the name is still the imported one
            found = self.bindings.imported(file_id, parent, parts[0]) or (EXTERNAL,)
            for part in parts[1:]:
                found = tuple(each for meaning in found for each in self._attribute(meaning, part))
            return found
        return self.chain(file_id, parent, parts) if _DOTTED.fullmatch(name) else (UNKNOWN,)

    def _in_scope(self, file_id: int, scope: int, name: str) -> Meanings:
        """Return what a definition's text binds a name to."""
        file = self._tables.file(file_id)
        if name in file.parameters.get(scope, ()):
            return self._parameter(file_id, file, file.definitions[scope], name)
        own = file.members.get(scope, {}).get(name)
        found = () if own is None else (Meaning("definition", file_id, own),)
        return alternatives((*found, *self.bindings.imported(file_id, scope, name)))

    def _parameter(self, file_id: int, file: FileNames, row: DefinitionRow, name: str) -> Meanings:
        parameters = file.parameters[row.ordinal]
        around = file.definitions[row.parent]
        if name == next(iter(parameters)) and around.kind == "class" and "staticmethod" not in _decorators(row):
            return (Meaning("instance", file_id, around.ordinal),)
        return self._instances(file_id, row, parameters[name]) or (UNKNOWN,)

    def _instances(self, file_id: int, row: DefinitionRow, annotation: str | None) -> Meanings:
        """Return instances of the classes that an annotation in a definition's head names."""
        found: list[Meaning] = []
        for name in _annotated(annotation or ""):
            meanings = self.chain(file_id, row.ordinal, name.split("."), outer=True)
            classes = (each for each in meanings if each.kind == "definition" and self.bindings.is_class(each))
            found += [each._replace(kind="instance") for each in classes]
        return unsure(tuple(dict.fromkeys(found)), ANNOTATED)

    def _attribute(self, meaning: Meaning, name: str) -> Meanings:
        if meaning.kind in ("module", "folder"):
            return unsure(self.bindings.attribute(meaning, name), meaning.confidence)
        if meaning.kind == "instance" or (meaning.kind == "definition" and self.bindings.is_class(meaning)):
            above = meaning.folder == "super"
            found, known = self.bindings.class_member(meaning.file_id, meaning.ordinal, name, above=above)
            if not found:
                return (EXTERNAL,) if above and not known else (UNKNOWN,)
            return unsure(found, meaning.confidence)
        if meaning.kind == "definition":
            return self._of_property(meaning, name)
        return (meaning,)

    def _of_property(self, meaning: Meaning, name: str) -> Meanings:
        """Return an attribute of what a property gives, by its annotation."""
        row = self._tables.file(meaning.file_id).definitions[meaning.ordinal]
        if not any(known in _decorators(row) for known in _PROPERTIES):
            return (UNKNOWN,)
        given = self._instances(meaning.file_id, row, row.detail("returns"))
        return tuple(each for instance in given for each in self._attribute(instance, name)) or (UNKNOWN,)


def _surest(found: Iterable[Referent]) -> tuple[Referent, ...]:
    kept = tuple(found)
    if len(kept) < 2:
        return kept
    return tuple(sorted(kept, key=lambda referent: (-referent.confidence, referent.file_id, referent.ordinal)))


def _decorators(row: DefinitionRow) -> list[str]:
    return list(row.detail("decorators") or ())


def _annotated(annotation: str) -> Iterator[str]:
    """Yield the dotted names that an annotation gives as a value's class: unions and `Optional` are looked into."""
    text = annotation.strip().strip("\"'").strip()
    while (match := _CONTAINERS.match(text)) is not None:
        text = match[1].strip()
    for part in _split(text):
        name = part.split("[")[0].strip().strip("\"'")
        if _DOTTED.fullmatch(name) and name != "None":
            yield name


def _split(text: str) -> Iterable[str]:
    return text.split("|")[:4] if "[" not in text.split("|")[0] else [text]
