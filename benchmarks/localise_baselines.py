"""Two ways to localise that genloom's is compared with, written for the benchmark alone: the scoring shares no code.

`FileBm25` is BM25 over whole files, tests at a tenth. `Recipe` is a simple recipe over symbols and files (its figures
below). Both read Python by the standard library's `ast`, and split and stem words the same way.
"""

from __future__ import annotations

import ast
import hashlib
import math
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import Stemmer
from localise_scores import BUDGETS, Prediction

from genloom.tools.codebase import estimate_tokens

__all__ = ["FileBm25", "Recipe", "Repository", "Text"]

STOP = frozenset(
    "a an and are as at be by for from has have he in is it its not of on or that the this to was were will with def class "
    "self return if else elif import none true false".split()
)
_NAME = re.compile(r"[^\W\d]\w{0,79}")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
_TEST = re.compile(r"(?:^|/)(?:tests?|testing)/|(?:^|/)(?:test_[^/]*|[^/]*_test|conftest|tests)\.py$")
_OTHER = re.compile(r"(?:^|/)(?:docs?|examples?|samples?|demos?|benchmarks?|tutorials?)/")
_STEM = Stemmer.Stemmer("english").stemWord
_KNOWN: dict[str, tuple[str, ...]] = {}


def terms_of(name: str) -> tuple[str, ...]:
    """Return a name's stemmed parts, and the whole identifier where it has several."""
    if name not in _KNOWN:
        parts = [part.lower() for part in _PARTS.findall(name)]
        whole = [name.strip("_").lower()] if len(parts) > 1 else []
        _KNOWN[name] = tuple([_STEM(part) for part in parts if len(part) > 1 and part not in STOP] + whole)
    return _KNOWN[name]


def count(text: str) -> Counter[str]:
    """Count a text's terms."""
    return Counter(term for name in _NAME.findall(text) for term in terms_of(name))


@dataclass(frozen=True)
class Symbol:
    """A definition of a file: its name, lines (1-based, inclusive), and its terms in name, head with docstring, and body."""

    qualified: str
    start: int
    end: int
    fields: tuple[Counter[str], Counter[str], Counter[str]]


@dataclass(frozen=True)
class Text:
    """A file: its lines, all its terms, and its symbols, the module itself first."""

    lines: list[str]
    terms: Counter[str]
    symbols: list[Symbol]

    @cached_property
    def size(self) -> int:
        """How many terms it has."""
        return self.terms.total()

    def tokens(self, start: int, end: int) -> int:
        """Estimate the tokens of some of its lines."""
        return estimate_tokens("\n".join(self.lines[start - 1 : end])) + 1


@dataclass(frozen=True)
class Repository:
    """The Python files of one checkout by their paths."""

    texts: Mapping[str, Text]

    @classmethod
    def read(cls, root: Path, paths: Iterable[str], known: dict[str, Text]) -> Repository:
        """Read files; `known` keeps what was parsed by the hash of its content, for the next checkout."""
        texts: dict[str, Text] = {}
        for path in paths:
            data = (root / path).read_bytes()
            digest = hashlib.sha256(data).hexdigest()
            if digest not in known:
                known[digest] = _parsed(data.decode("utf-8", "replace"))
            texts[path] = known[digest]
        return cls(texts)


def _parsed(source: str) -> Text:
    lines = source.splitlines()
    try:
        nodes = list(_definitions(ast.parse(source), ""))
    except (SyntaxError, ValueError, RecursionError):
        nodes = []
    owner = [0] * (len(lines) + 1)
    for number, (_, node) in enumerate(nodes, 1):  # outer ones first, so that the innermost keeps a line
        for line in range(_start(node), (node.end_lineno or node.lineno) + 1):
            owner[line - 1] = number
    own: dict[int, list[str]] = defaultdict(list)
    for line, number in zip(lines, owner, strict=False):
        own[number].append(line)
    symbols = [Symbol("<module>", 1, len(lines), (Counter(), Counter(), count("\n".join(own[0]))))]
    for number, (qualified, node) in enumerate(nodes, 1):
        body = own[number]
        size = max(node.body[0].lineno - _start(node), 1)
        head = "\n".join(body[:size]) + "\n" + (ast.get_docstring(node) or "")
        fields = (count(qualified), count(head), count("\n".join(body[size:])))
        symbols.append(Symbol(qualified, _start(node), node.end_lineno or node.lineno, fields))
    return Text(lines, count(source), symbols)


def _start(node: Any) -> int:  # Any: one of ast's definitions
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _definitions(node: ast.AST, prefix: str) -> Iterator[tuple[str, Any]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield f"{prefix}{child.name}", child
            yield from _definitions(child, f"{prefix}{child.name}.")
        else:
            yield from _definitions(child, prefix)


def _idf(documents: int, frequency: int) -> float:
    return math.log(1 + (documents - frequency + 0.5) / (frequency + 0.5))


class FileBm25:
    """BM25 (k1 1.2, b .75) over a file's text and path; tests at a tenth. Its context holds whole files, best first."""

    name = "file BM25, tests demoted"

    def __call__(self, repository: Repository, query: str) -> Prediction:
        """Rank one checkout's files."""
        started = time.perf_counter()
        wanted = set(count(query))
        texts = {path: (text.terms, count(path.removesuffix(".py"))) for path, text in repository.texts.items()}
        sizes = {
            path: text.size + own.total()
            for (path, text), (_, own) in zip(repository.texts.items(), texts.values(), strict=True)
        }
        average = sum(sizes.values()) / max(len(sizes), 1)
        found: dict[str, float] = defaultdict(float)
        for term in sorted(wanted):
            having = [path for path, (terms, own) in texts.items() if term in terms or term in own]
            for path in having:
                tf = texts[path][0][term] + texts[path][1][term]
                norm = tf + 1.2 * (0.25 + 0.75 * sizes[path] / average)
                found[path] += _idf(len(texts), len(having)) * 2.2 * tf / norm
        for path in found:
            found[path] *= 0.1 if _TEST.search(path) else 1.0
        files = sorted(found, key=lambda path: (-found[path], path))
        seconds = time.perf_counter() - started
        kept = {name: self._fitting(repository, files, budget) for name, budget in BUDGETS.items()}
        held = {
            name: [f"{path}::{symbol.qualified}" for path in paths for symbol in repository.texts[path].symbols[1:]]
            for name, paths in kept.items()
        }
        return Prediction(files=files, context_files=kept, context_symbols=held, seconds=seconds)

    def _fitting(self, repository: Repository, files: Sequence[str], left: int) -> list[str]:
        kept = []
        for path in files:
            text = repository.texts[path]
            tokens = text.tokens(1, len(text.lines))
            if tokens <= left:
                kept.append(path)
                left -= tokens
        return kept


class Recipe:
    """The recipe: BM25F over symbols (name x4, head and docstring, own body) with a tenth for a name that stands in the
    query; files = .5 BM25F (body, symbol names x2, path x6) + .5 (their three best symbols, decay .5) + .15 path match;
    tests x.1, documentation and examples x.3, `__init__` x.8; a symbol's score takes .6 of its file's. Its context:
    paths, 55 % of the budget for whole bodies."""

    name = "recipe"

    def __call__(self, repository: Repository, query: str) -> Prediction:
        """Rank one checkout's files and symbols."""
        started = time.perf_counter()
        wanted = sorted(count(query))
        symbols = self._symbols(repository, wanted, set(_NAME.findall(query)))
        files = self._files(repository, wanted, symbols)
        scored = {
            key: value * self._role(key[0]) + 0.6 * files.get(key[0], 0.0) for key, value in symbols.items() if key[1]
        }
        ranked = sorted(scored, key=lambda key: (-scored[key], key))
        seconds = time.perf_counter() - started
        paths = sorted(files, key=lambda path: (-files[path], path))
        packed = {name: self._packed(repository, ranked, budget * 0.55) for name, budget in BUDGETS.items()}
        return Prediction(
            files=paths,
            symbols=[self._address(repository, key) for key in ranked],
            context_files=dict.fromkeys(BUDGETS, paths[:15]),
            context_symbols=packed,
            seconds=seconds,
        )

    def _address(self, repository: Repository, key: tuple[str, int]) -> str:
        return f"{key[0]}::{repository.texts[key[0]].symbols[key[1]].qualified}"

    def _role(self, path: str) -> float:
        if _TEST.search(path):
            return 0.1
        if _OTHER.search(path):
            return 0.3
        return 0.8 if path.endswith("__init__.py") else 1.0

    def _symbols(self, repository: Repository, wanted: Sequence[str], names: set[str]) -> dict[tuple[str, int], float]:
        documents = [
            ((path, number), symbol)
            for path, text in repository.texts.items()
            for number, symbol in enumerate(text.symbols)
        ]
        fields = {key: symbol.fields for key, symbol in documents}
        found = _bm25f(fields, wanted, (4.0, 1.0, 1.0), (0.3, 0.5, 0.75))
        top = max(found.values(), default=0.0) or 1.0
        scaled: dict[tuple[str, int], float] = {key: value / top for key, value in found.items()}
        for key, symbol in documents:
            if key[1] and symbol.qualified.rpartition(".")[2] in names:
                scaled[key] = scaled.get(key, 0.0) + 0.1
        return scaled

    def _files(
        self, repository: Repository, wanted: Sequence[str], symbols: Mapping[tuple[str, int], float]
    ) -> dict[str, float]:
        fields = {}
        for path, text in repository.texts.items():
            names: Counter[str] = Counter()
            for symbol in text.symbols:
                names.update(symbol.fields[0])
            fields[path] = (text.terms, names, count(path.removesuffix(".py")))
        bodies = _scaled(_bm25f(fields, wanted, (1.0, 2.0, 6.0), (0.75, 0.5, 0.3)))
        best: dict[str, list[float]] = defaultdict(list)
        for (path, _), value in symbols.items():
            best[path].append(value)
        tops = _scaled(
            {p: sum(v * 0.5**i for i, v in enumerate(sorted(vs, reverse=True)[:3])) for p, vs in best.items()}
        )
        found = {}
        for path, (_, _, path_terms) in fields.items():
            matched = len(set(wanted) & set(path_terms)) / max(path_terms.total(), 1)
            value = 0.5 * bodies.get(path, 0.0) + 0.5 * tops.get(path, 0.0) + 0.15 * min(matched, 1.0)
            if value:
                found[path] = value * self._role(path)
        return found

    def _packed(self, repository: Repository, ranked: Sequence[tuple[str, int]], left: float) -> list[str]:
        taken: list[tuple[str, int, int]] = []
        for path, number in ranked:
            text = repository.texts[path]
            start, end = text.symbols[number].start, text.symbols[number].end
            if any(p == path and start <= e and s <= end for p, s, e in taken):
                continue
            tokens = text.tokens(start, end)
            if tokens <= left:
                taken.append((path, start, end))
                left -= tokens
        return [
            f"{path}::{symbol.qualified}"
            for path, start, end in taken
            for symbol in repository.texts[path].symbols[1:]
            if start <= symbol.start and symbol.end <= end
        ]


def _bm25f(
    fields: Mapping[Any, tuple[Counter[str], ...]],  # Any: a file's path, or a symbol's path and number
    wanted: Iterable[str],
    weights: Sequence[float],
    bs: Sequence[float],
) -> dict[Any, float]:
    sizes = {key: [counter.total() for counter in counters] for key, counters in fields.items()}
    averages = [max(sum(size[i] for size in sizes.values()) / max(len(sizes), 1), 1.0) for i in range(len(weights))]
    found: dict[Any, float] = defaultdict(float)
    for term in wanted:
        having = [key for key, counters in fields.items() if any(term in counter for counter in counters)]
        for key in having:
            frequency = sum(
                weight * counter[term] / (1 - b + b * size / average)
                for counter, weight, b, size, average in zip(
                    fields[key], weights, bs, sizes[key], averages, strict=True
                )
            )
            found[key] += _idf(len(fields), len(having)) * frequency / (1.2 + frequency)
    return found


def _scaled(values: Mapping[str, float]) -> dict[str, float]:
    top = max(values.values(), default=0.0) or 1.0
    return {key: value / top for key, value in values.items()}
