"""Names: definitions matched by name alone, with a confidence that falls with their number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from genloom.tools.codebase.relations.tables import FileNames, MentionRow, Named, Tables

__all__ = ["NameMatches"]

BY_NAME = 0.6
COMMON = 0.2
MAX_CANDIDATES = 20
MAX_COMMON = 3
MAX_KEPT = 20_000
TIERS = (0.9, 0.8, 0.7, 0.5)
"""In languages other than Python: of the same file, a file that is imported, the same folder, anywhere."""

ALSO_COMMON = frozenset({"read", "write", "close", "open", "run", "start", "stop"})
FAMILIES = (("javascript", "typescript", "tsx"), ("c", "cpp"))
_SEPARATORS = re.compile(r"[./\\:]+")
Match = tuple[int, int, float]


class NameMatches:
    """Definitions by name, remembered up to a bound. For one state of the index."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._named: dict[str, list[Named]] = {}

    def methods(self, name: str) -> list[Match]:
        """Return the Python methods of that name, which a call on an object of unknown kind may mean. None where more than
        20 have it; names that built-in types have, too, say less, and nothing where more than 3 methods have them."""
        if name.startswith("__"):
            return []
        found = [named for named in self._candidates(name) if named.language == "python" and named.kind == "method"]
        places = dict.fromkeys((n.file_id, self._tables.file(n.file_id).first(n.ordinal)) for n in found)
        common = name in _builtin_attributes()
        if not 0 < len(places) <= (MAX_COMMON if common else MAX_CANDIDATES):
            return []
        start = COMMON if common else BY_NAME
        return [(*place, round(start / len(places), 3)) for place in places]

    def elsewhere(self, file_id: int, file: FileNames, mention: MentionRow) -> list[Match]:
        """Return the definitions that a mention in a language other than Python may mean: those of the nearest tier, the
        confidence of which is shared among them."""
        family = _family(file.language)
        candidates = [named for named in self._candidates(mention.name) if named.language in family]
        imported = {last for row in file.imports for last in (row.name, _last(row.module)) if last}
        tiers: dict[int, dict[tuple[int, int], None]] = {}
        for named in candidates:
            tier = _tier(named, file_id, file.path, imported)
            place = (named.file_id, self._tables.file(named.file_id).first(named.ordinal))
            tiers.setdefault(tier, {})[place] = None
        if not tiers:
            return []
        nearest = min(tiers)
        places = tiers[nearest]
        if len(places) > MAX_CANDIDATES:
            return []
        return [(*place, round(TIERS[nearest] / len(places), 3)) for place in places]

    def _candidates(self, name: str) -> Sequence[Named]:
        if name not in self._named:
            if len(self._named) > MAX_KEPT:
                self._named.clear()
            self._named[name] = self._tables.named(name, 10 * MAX_CANDIDATES)
        return self._named[name]


def _tier(named: Named, file_id: int, path: str, imported: set[str]) -> int:
    folder, _, file = named.path.rpartition("/")
    if named.file_id == file_id:
        return 0
    if (
        file.partition(".")[0] in imported
        or (folder and folder.rpartition("/")[2] in imported)
        or _stem(file) in imported
    ):
        return 1
    return 2 if folder == path.rpartition("/")[0] else 3


def _stem(file: str) -> str:
    return file.rpartition(".")[0]


def _last(module: str) -> str:
    """Return the last part of a module as it is written, the ending of a file taken off."""
    parts = [part for part in _SEPARATORS.split(module.strip("\"'<>")) if part]
    if len(parts) > 1 and parts[-1] in ("h", "hpp", "hh", "js", "ts", "tsx", "jsx", "mjs", "rb", "php"):
        parts.pop()
    return parts[-1] if parts else ""


def _family(language: str) -> tuple[str, ...]:
    return next((family for family in FAMILIES if language in family), (language,))


@lru_cache(maxsize=1)
def _builtin_attributes() -> frozenset[str]:
    types = (str, bytes, list, dict, set, int, float, tuple, BaseException)
    return ALSO_COMMON.union(name for kind in types for name in dir(kind))
