"""Bindings: what the names of Python modules and classes are bound to, followed through imports, re-exports and bases.

Nothing is run. A name bound several times in one scope (`try: … except ImportError: …`) has all its meanings. Chains of
re-exports may be cyclic: a name that is met again on the way adds nothing, and each question takes bounded steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from genloom.tools.codebase.relations.meaning import EXTERNAL, UNKNOWN, Meaning, unsure
from genloom.tools.codebase.relations.tables import FileNames, ImportRow, Named, Tables

__all__ = ["ALTERNATIVE", "Bindings"]

ALTERNATIVE = 0.8
LAZY = 0.7
MAX_STEPS = 5_000
MAX_KEPT = 50_000
MAX_BASES = 200
Meanings = tuple[Meaning, ...]
Place = tuple[int, int]


class Bindings:
    """Answers for one state of the index, remembered up to a bound."""

    def __init__(self, tables: Tables, resolve_base: Callable[[int, int, str], Meanings]) -> None:
        """`resolve_base(file, class, dotted name)` says what a base class means where its class stands."""
        self._tables = tables
        self._resolve_base = resolve_base
        self._members: dict[tuple[int, str], Meanings] = {}
        self._inherited: dict[tuple[int, int, str, bool], tuple[Meanings, bool]] = {}
        self._orders: dict[Place, tuple[tuple[Place, ...], bool]] = {}
        self._open: set[object] = set()
        self._steps = 0
        self._cuts = 0

    def module_member(self, file_id: int, name: str) -> Meanings:
        """Return what `name` means as an attribute of a module; empty when it has none that is known."""
        key = (file_id, name)
        if key in self._members:
            return self._members[key]
        if not self._open:
            self._steps = 0
        self._steps += 1
        if key in self._open or self._steps > MAX_STEPS:
            self._cuts += 1
            return ()
        cuts = self._cuts
        self._open.add(key)
        try:
            found = self._find_member(file_id, name)
        finally:
            self._open.discard(key)
        if not self._open or cuts == self._cuts:  # an answer from inside a cycle holds only there
            if len(self._members) > MAX_KEPT:
                self._members.clear()
            self._members[key] = found
        return found

    def _find_member(self, file_id: int, name: str) -> Meanings:
        file = self._tables.file(file_id)
        bound = [*self.own(file_id, name), *self.imported(file_id, 0, name)]
        found = [
            meaning for meaning in bound if meaning.kind != "unknown"
        ]  # from . import name: the name is a module's
        if not found:
            found = list(self._starred(file_id, file, name))
        if file.path.endswith("/__init__.py"):
            found = self._with_submodule(file, name, found)
        if not found and "__getattr__" in file.members[0]:
            found = list(self._lazy(file, name))
        return alternatives(found or bound)

    def _with_submodule(self, file: FileNames, name: str, found: list[Meaning]) -> list[Meaning]:
        """Return what a package's name means beside its submodule of that name, which is bound where it is first imported:
        by the package's own text in its place, else by whoever does so, or never."""
        path = self._tables.modules.inside(file.path.rpartition("/")[0], name)
        module = self._located(path)
        if not module or not found:
            return [*found, *module]
        located = self._tables.modules.locate
        first = min(
            (row.line for row in file.imports if not row.ordinal and located(row.module, file.path) == path),
            default=None,
        )
        if first is None:
            return [*found, *module]
        lines = [file.definitions[each.ordinal].start_line for each in self.own(self._tables.ids[file.path], name)]
        lines += [row.line for bound in (name, "*") for row in file.bound_imports.get((0, bound), ())]
        if max(lines, default=0) < first:
            return list(module)
        if any(each.kind != "external" for each in found):
            return found
        return [*found, *unsure(module, ALTERNATIVE)]  # what the repository does not have may fail to be imported

    def own(self, file_id: int, name: str) -> Meanings:
        """Return the definition of that name at the top of a module."""
        ordinal = self._tables.file(file_id).members[0].get(name)
        return () if ordinal is None else (Meaning("definition", file_id, ordinal),)

    def imported(self, file_id: int, ordinal: int, name: str) -> Meanings:
        """Return what the imports in one definition's text (0 the module's) bind the name to."""
        file = self._tables.file(file_id)
        rows = file.bound_imports.get((ordinal, name), ())
        return tuple(meaning for row in rows for meaning in self.import_meanings(file.path, row))

    def import_meanings(self, path: str, row: ImportRow) -> Meanings:
        """Return what one import in the file at `path` binds its name to."""
        if not row.name:
            module = row.module if row.alias else row.module.split(".")[0]
            return self._located(self._tables.modules.locate(module, path)) or (EXTERNAL,)
        return self.from_module(path, row.module, row.name)

    def from_module(self, path: str, module: str, name: str) -> Meanings:
        """Return what `from module import name` in the file at `path` gives."""
        (base, *_) = self._located(self._tables.modules.locate(module, path)) or (EXTERNAL,)
        return self.attribute(base, name)

    def attribute(self, meaning: Meaning, name: str) -> Meanings:
        """Return what an attribute of a module or a package's folder means."""
        if meaning.kind == "module":
            return self.module_member(meaning.file_id, name) or (UNKNOWN,)
        if meaning.kind == "folder":
            return self._located(self._tables.modules.inside(meaning.folder, name)) or (EXTERNAL,)
        return (meaning,)

    def _located(self, path: str | None) -> Meanings:
        if path is None:
            return ()
        file_id = self._tables.ids.get(path)
        return (Meaning("folder", folder=path),) if file_id is None else (Meaning("module", file_id),)

    def _starred(self, file_id: int, file: FileNames, name: str) -> Meanings:
        """Return what the last star import that gives the name binds it to."""
        for row in reversed(file.bound_imports.get((0, "*"), ())):
            for base in self._located(self._tables.modules.locate(row.module, file.path)):
                if base.kind == "module" and base.file_id != file_id and self._is_public(base.file_id, name):
                    found = self.module_member(base.file_id, name)
                    if any(meaning.kind != "unknown" for meaning in found):  # unknown: it comes back to this very star
                        return found
        return ()

    def _is_public(self, file_id: int, name: str) -> bool:
        exports = self._tables.file(file_id).exports
        return name in exports if exports else not name.startswith("_")

    def _lazy(self, file: FileNames, name: str) -> Meanings:
        """Return what a module's `__getattr__` may give: the definitions of that name at the top of modules below it."""
        if name.startswith("__") or (file.exports and name not in file.exports):
            return ()
        folder = file.path.rpartition("/")[0]
        named = self._tables.named(name, 50)
        tops = [
            Meaning("definition", found.file_id, found.ordinal)
            for found in named
            if found.path.startswith(f"{folder}/") and self._is_top(found)
        ]
        return unsure(tuple(tops), LAZY / len(tops)) if tops else ()

    def _is_top(self, named: Named) -> bool:
        return self._tables.file(named.file_id).definitions[named.ordinal].parent == 0

    def class_member(self, file_id: int, ordinal: int, name: str, *, above: bool = False) -> tuple[Meanings, bool]:
        """Return what an attribute of a class means, and whether all its bases are known. `above` leaves itself out."""
        key = (file_id, ordinal, name, above)
        answer = self._inherited.get(key)
        if answer is None:
            order, known = self.method_order((file_id, ordinal))
            found = (self._own_member(place, name) for place in order[1 if above else 0 :])
            answer = next(filter(None, found), ()), known
            if not self._open:  # an answer from inside a cycle holds only there
                if len(self._inherited) > MAX_KEPT:
                    self._inherited.clear()
                self._inherited[key] = answer
        return answer

    def _own_member(self, place: Place, name: str) -> Meanings:
        file = self._tables.file(place[0])
        found = file.members.get(place[1], {}).get(name)
        return () if found is None else (Meaning("definition", place[0], found),)

    def method_order(self, place: Place) -> tuple[tuple[Place, ...], bool]:
        """Return the class and its bases inside the repository in Python's order (C3, or depth first where that has no
        answer), and whether every base was found there."""
        if place in self._orders:
            return self._orders[place]
        key = ("order", place)
        if key in self._open or len(self._open) > MAX_BASES:
            self._cuts += 1
            return (place,), False
        cuts = self._cuts
        self._open.add(key)
        try:
            bases, known = self._bases(place)
            orders = [self.method_order(base) for base in bases]
        finally:
            self._open.discard(key)
        found = tuple(_merged(place, [order for order, _ in orders], bases)), known and all(each for _, each in orders)
        if cuts == self._cuts:
            if len(self._orders) > MAX_KEPT:
                self._orders.clear()
            self._orders[place] = found
        return found

    def _bases(self, place: Place) -> tuple[list[Place], bool]:
        file_id, ordinal = place
        found: list[Place] = []
        known = True
        for base in self._tables.file(file_id).definitions[ordinal].detail("bases") or ():
            name = base.split("[")[0].strip()
            if name in ("object", "Generic", "typing.Generic", "Protocol", "typing.Protocol"):
                continue
            meanings = self._resolve_base(file_id, ordinal, name)
            classes = [(m.file_id, m.ordinal) for m in meanings if m.kind == "definition" and self.is_class(m)]
            known = known and bool(classes)
            found += [each for each in classes if each != place and each not in found]
        return found, known

    def is_class(self, meaning: Meaning) -> bool:
        """Whether a definition is a class."""
        return self._tables.file(meaning.file_id).definitions[meaning.ordinal].kind == "class"


def alternatives(found: Iterable[Meaning]) -> Meanings:
    """Return the distinct meanings; where several are left, none is sure."""
    distinct = tuple(found)
    if len(distinct) < 2:
        return distinct
    distinct = tuple(dict.fromkeys(distinct))
    real = [meaning for meaning in distinct if meaning.kind not in ("external", "unknown")]
    if len(real) < 2:
        return distinct
    return tuple(meaning._replace(confidence=min(meaning.confidence, ALTERNATIVE)) for meaning in distinct)


def _merged(place: Place, orders: Iterable[tuple[Place, ...]], bases: Iterable[Place]) -> Iterator[Place]:
    """Yield the class, then its bases' orders merged so that each class goes before its own bases."""
    yield place
    seen = {place}
    rest = [list(order) for order in (*orders, tuple(bases)) if order]
    while rest:
        tails = {each for order in rest for each in order[1:]}
        head = next((order[0] for order in rest if order[0] not in tails), rest[0][0])
        if head not in seen:
            seen.add(head)
            yield head
        rest = [kept for kept in ([each for each in order if each != head] for order in rest) if kept]
