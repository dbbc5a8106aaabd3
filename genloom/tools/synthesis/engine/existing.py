"""Existing functions: what the repository or the standard library has already, tried as it stands."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any  # Any: what arbitrary functions take and give

from genloom.tools.synthesis.engine.components import Guard
from genloom.tools.synthesis.engine.drafting import meets
from genloom.tools.synthesis.engine.judge import Judged, differences
from genloom.tools.synthesis.engine.problem import Case, ComponentSpec, Problem
from genloom.tools.synthesis.engine.vocabulary import words_in
from genloom.tools.synthesis.engine.writer import Program

__all__ = ["find"]

MAX_WHOLE = 10_000
_LIBRARY = {
    "builtins": "len sum min max sorted abs round any all bin hex oct ord chr divmod str int float bool list set dict "
    "tuple repr ascii",
    "math": "sqrt gcd lcm factorial floor ceil prod comb perm hypot isqrt degrees radians fabs trunc log log2 log10 "
    "exp sin cos tan dist",
    "statistics": "mean median mode stdev pstdev variance pvariance multimode harmonic_mean geometric_mean "
    "median_low median_high",
    "string": "capwords",
    "textwrap": "dedent shorten wrap fill indent",
    "html": "escape unescape",
    "urllib.parse": "quote unquote quote_plus unquote_plus urljoin",
    "json": "dumps loads",
    "calendar": "isleap",
    "fnmatch": "fnmatch fnmatchcase",
    "posixpath": "basename dirname splitext join normpath",
    "shlex": "split quote",
    "keyword": "iskeyword",
    "re": "escape",
    "heapq": "nlargest nsmallest",
    "bisect": "bisect bisect_left",
    "os.path": "commonprefix",
    "copy": "deepcopy",
}
_EXPLODING = frozenset({"factorial", "perm", "comb"})
"""What takes seconds for a large whole number: not tried there, so that no clock has a say."""


@dataclass(frozen=True)
class Candidate:
    """An existing function in one order of arguments."""

    module: str
    name: str
    call: Callable[..., Any]
    order: tuple[int, ...]
    rank: int

    def outcome(self, arguments: Sequence[Any]) -> Any:
        """What it gives for the asked function's arguments: a value, or the exception that it raised."""
        try:
            return self.call(*(arguments[place] for place in self.order))
        except ValueError as error:
            return error

    def program(self, problem: Problem) -> Program:
        """An import under the asked name, or a function that reorders the arguments."""
        plain = tuple(range(len(problem.parameters)))
        head, _, rest = self.name.partition(".")
        if self.order == plain and not rest:
            line = f"from {self.module} import {head}" + (f" as {problem.name}" if head != problem.name else "")
            return Program(problem.name, problem.parameters, (), (line,), problem.name)
        alias = f"_{head}" if head == problem.name else head
        line = f"from {self.module} import {head}" + (f" as {alias}" if alias != head else "")
        call = f"{alias}{'.' if rest else ''}{rest}({', '.join(problem.parameters[place] for place in self.order)})"
        return Program(problem.name, problem.parameters, (f"return {call}",), (line,), call)


def find(problem: Problem, spend: Callable[[], None], guard: Guard) -> Judged | None:
    """Return one existing function that meets the examples, the one that the prompt's words suggest most first."""
    if any(case.error for case in problem.fit + problem.held) or _wild(problem):
        return None
    fitting: list[Candidate] = []
    for candidate in _candidates(problem, guard):
        spend()
        if all(meets(candidate.outcome(case.arguments), case) for case in problem.fit):
            fitting.append(candidate)
    if not fitting:
        return None
    fitting.sort(key=lambda c: (c.rank, c.order))
    best = fitting[0]
    held = _holds(best, problem.held)
    others = [
        (f"{c.module}.{c.name}", c.outcome) for c in fitting[1:] if c.rank <= best.rank + 1 and _holds(c, problem.held)
    ]
    inputs = [case.arguments for case in problem.fit + problem.held]
    rivals = differences(best.outcome, others, inputs)
    return Judged(
        best.program(problem),
        best.rank,
        held and bool(problem.held),
        rivals=rivals,
        notes=(f"{best.module}.{best.name}",),
    )


def _holds(candidate: Candidate, cases: Sequence[Case]) -> bool:
    return all(meets(candidate.outcome(case.arguments), case) for case in cases)


def _wild(problem: Problem) -> bool:
    """Numbers so large that a library function might never come back."""
    return any(
        isinstance(value, int) and abs(value) > MAX_WHOLE**3
        for case in problem.fit + problem.held
        for value in case.arguments
    )


def _candidates(problem: Problem, guard: Guard) -> Iterator[Candidate]:
    asked = set(words_in(problem.prompt, problem.name))
    count = len(problem.parameters)
    orders = list(itertools.permutations(range(count))) if count <= 3 else [tuple(range(count))]
    for spec, cost in _specs(problem):
        call = guard.load(spec)
        if call is None:
            continue
        words = set(words_in(spec.doc, spec.name))
        rank = cost - 2 * len(asked & words)
        for place, order in enumerate(orders):
            yield Candidate(spec.module, spec.name, call, order, rank + 2 * (place > 0))


def _specs(problem: Problem) -> Iterator[tuple[ComponentSpec, int]]:
    for spec in problem.components:
        yield spec, 5
    large = any(
        isinstance(value, int) and abs(value) > MAX_WHOLE
        for case in problem.fit + problem.held
        for value in case.arguments
    )
    for module, names in _LIBRARY.items():
        for name in names.split():
            if large and name in _EXPLODING:
                continue
            yield ComponentSpec(module, name, (), "", "", "."), 6
