"""Scores of localisation: what was predicted against what a commit touched, by the rules of the tasks' evaluator."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from statistics import fmean

__all__ = ["BUDGETS", "Prediction", "Task", "intervals", "scores"]

BUDGETS = {"4k": 4000, "8k": 8000}


@dataclass(frozen=True, kw_only=True)
class Task:
    """A commit as a task: its subject is the query, what it touched the truth. Symbols are `path::Class.method`."""

    id: str
    repo: str
    parent_sha: str
    query: str
    files: tuple[str, ...]
    symbols: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """Ranked files and symbols, and the files and symbols whose code lies whole in a context of each budget."""

    files: Sequence[str]
    symbols: Sequence[str] = ()
    context_files: Mapping[str, Sequence[str]] = field(default_factory=dict)
    context_symbols: Mapping[str, Sequence[str]] = field(default_factory=dict)
    seconds: float = 0.0

    def as_json(self, task: Task) -> dict[str, object]:
        """Return the line that the evaluator reads."""
        line: dict[str, object] = {"id": task.id, "files": list(self.files), "symbols": list(self.symbols)}
        line |= {f"context_files_{name}": list(paths) for name, paths in self.context_files.items()}
        line |= {f"context_symbols_{name}": list(found) for name, found in self.context_symbols.items()}
        return line | {"seconds": self.seconds}


def scores(task: Task, predicted: Prediction) -> dict[str, float]:
    """Return F@k (the share of touched files among the first k), MRR, hit@1, S@k, and F and S within each budget."""
    rank = {path: index for index, path in reversed(list(enumerate(predicted.files)))}
    places = [rank.get(path, 10**9) for path in task.files]
    found = {f"F@{k}": fmean(place < k for place in places) for k in (1, 5, 10)}
    found |= {"MRR": 1 / (1 + min(places)), "hit@1": float(min(places) < 1)}
    if task.symbols:
        found |= {f"S@{k}": _share(task.symbols, set(predicted.symbols[:k])) for k in (10, 30)}
    for name in BUDGETS:
        if name in predicted.context_files:
            found[f"F {name}"] = fmean(path in predicted.context_files[name] for path in task.files)
        if task.symbols and name in predicted.context_symbols:
            found[f"S {name}"] = _share(task.symbols, set(predicted.context_symbols[name]))
    return found | {"ms": 1000 * predicted.seconds}


def _share(symbols: Sequence[str], got: set[str]) -> float:
    return fmean(_is_hit(symbol, got) for symbol in symbols)


def _is_hit(symbol: str, got: set[str]) -> bool:
    """Whether a symbol was predicted; of one nested in a function, that function counts as well."""
    if symbol in got:
        return True
    path, qualified = symbol.split("::")
    parts = qualified.split(".")
    functions = (
        end for end in range(len(parts) - 1, 0, -1) if parts[end - 1][:1].islower() or parts[end - 1][:1] == "_"
    )
    return any(f"{path}::{'.'.join(parts[:end])}" in got for end in functions)


def intervals(
    ours: Sequence[Mapping[str, float]], theirs: Sequence[Mapping[str, float]], *, rounds: int = 2000
) -> dict[str, tuple[float, float, float]]:
    """Return each score's mean difference with its 95 % interval, by resampling the tasks (paired bootstrap)."""
    pairs: dict[str, list[float]] = defaultdict(list)
    for own, other in zip(ours, theirs, strict=True):
        for name in own.keys() & other.keys():
            pairs[name].append(own[name] - other[name])
    random = Random(0)
    found: dict[str, tuple[float, float, float]] = {}
    for name, values in sorted(pairs.items()):
        means = sorted(fmean(random.choices(values, k=len(values))) for _ in range(rounds))
        found[name] = (fmean(values), means[rounds // 40], means[-rounds // 40])
    return found
