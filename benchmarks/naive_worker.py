"""The naive worker: the plainest bottom-up enumeration over the engine's own blocks, as a program of its own.

One JSON task on stdin, as the search's worker reads it, with the engine's folder as `engine`; one JSON line on stdout. All
expressions of one size come before those of the next. Every block is tried on every expression, whatever its kind; nothing
is dropped but what raises; nothing is preferred. The leaves are the parameters and the constants that the search starts
with, too.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Iterator
from typing import Any  # Any: values of every kind

CLOCK_EVERY = 512

Tried = tuple[str, tuple[Any, ...], frozenset[str]]
"""An expression: its code, its value for each example, its imports."""


class Enumeration:
    """Counts what it tries; ends at the deadline."""

    def __init__(self, task: dict[str, Any], deadline: float) -> None:
        from genloom.tools.synthesis.engine.constants import constants_of
        from genloom.tools.synthesis.engine.equivalence import bounded
        from genloom.tools.synthesis.engine.grammar import all_operators
        from genloom.tools.synthesis.engine.problem import read_problem
        from genloom.tools.synthesis.engine.vocabulary import Lexicon, words_in

        problem = read_problem(task).refitted()
        self.bounded, self.blocks, self.deadline = bounded, all_operators(), deadline
        cases = [case for case in problem.fit if not case.error]
        self.wanted = tuple(case.expected for case in cases)
        arguments = [
            (name, tuple(case.arguments[place] for case in cases), frozenset[str]())
            for place, name in enumerate(problem.parameters)
        ]
        lexicon = Lexicon(words_in(problem.prompt, problem.name))
        constants = [
            (repr(constant.values[0]), constant.values, frozenset[str]())
            for constant in constants_of(problem, lexicon, len(cases))
        ]
        self.sizes: list[list[Tried]] = [[], [*arguments, *constants]]
        self.candidates = self.kept = 0

    def run(self) -> Tried | None:
        """The first expression that gives what the examples say; `None` when the time is over."""
        while True:
            found: list[Tried] = []
            for made in self._next_size():
                if made is None:
                    return None
                if _same(made[1], self.wanted):
                    return made
                found.append(made)
            self.sizes.append(found)

    def _next_size(self) -> Iterator[Tried | None]:
        """All that comes out at the next size; `None` at the deadline."""
        for block in self.blocks:
            for sizes in _shares(len(self.sizes) - 1, len(block.takes)):
                for arguments in itertools.product(*(self.sizes[size] for size in sizes)):
                    self.candidates += 1
                    if self.candidates % CLOCK_EVERY == 0 and time.monotonic() > self.deadline:
                        yield None
                    try:
                        rows = zip(*(values for _, values, _ in arguments), strict=True)
                        values = tuple([self.bounded(block.call(*row)) for row in rows])
                    except Exception:  # whatever does not fit is left out
                        continue
                    self.kept += 1
                    code = block.code.format(*(f"({code})" for code, _, _ in arguments))
                    needed = frozenset((block.imports,)) if block.imports else frozenset[str]()
                    yield code, values, needed.union(*(more for _, _, more in arguments))


def _same(values: tuple[Any, ...], wanted: tuple[Any, ...]) -> bool:
    return values == wanted and [*map(type, values)] == [*map(type, wanted)]


def _shares(total: int, count: int) -> Iterator[tuple[int, ...]]:
    """All ways to share a size among so many arguments, each at least 1."""
    if count == 1:
        yield (total,)
        return
    for first in range(1, total - count + 2):
        for rest in _shares(total - first, count - 1):
            yield (first, *rest)


def main() -> int:
    """Answer the task."""
    started = time.monotonic()
    task = json.load(sys.stdin)
    sys.path.insert(0, task["engine"])
    import worker  # the engine's own, for the packages that it stands in for

    worker._stand_in()
    enumeration = Enumeration(task, started + task["seconds"])
    found = enumeration.run()
    code, imports = (found[0], sorted(found[2])) if found else ("", [])
    counts = {"candidates": enumeration.candidates, "kept": enumeration.kept}
    sys.stdout.write(json.dumps({"code": code, "imports": imports, **counts}) + "\n")
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
