"""Answers: what met the goal, in the order in which one would want them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from genloom.tools.synthesis.engine.equivalence import frozen
from genloom.tools.synthesis.engine.expression import Expression
from genloom.tools.synthesis.engine.rendering import code_of
from genloom.tools.synthesis.engine.vocabulary import Lexicon

__all__ = ["Answer", "AnswerBook"]

UNCOVERED_COST = (0, 3, 5, 6, 7)
"""What words of the prompt cost that an answer leaves uncovered, by their number: each further one says less."""
UNUSED_COST = 5
FRACTION_COST = 2
"""What it costs to give a float where all results are whole numbers: equal here, and not of large ones."""
MAX_ANSWERS = 300
KEPT_ALIKE = 3
WIDEST_MARGIN = 6
"""How far above the best rank an answer may be and still count as one that could as well have been given."""


@dataclass(frozen=True)
class Answer:
    """An expression that meets the goal. `rank` is its cost with what speaks against it: words of the prompt that it leaves
    uncovered, arguments that it does not read."""

    expression: Expression
    rank: int
    code: str
    uncovered: int

    @property
    def order(self) -> tuple[int, int, int, str]:
        """Sorts answers: by rank; then what covers more of the prompt, what is shorter, and by the text."""
        return self.rank, -self.expression.cost, len(self.code), self.code

    @property
    def plainness(self) -> tuple[int, int, int, str]:
        """Sorts answers that do the same: of like rank the cheapest."""
        return self.rank, self.expression.cost, len(self.code), self.code


class AnswerBook:
    """Collects answers, a few for each behaviour on all rows: they may still differ elsewhere."""

    def __init__(self, lexicon: Lexicon, parameters: int, *, penalty: bool = True, whole: bool = False) -> None:
        self._lexicon, self._penalty, self._whole = lexicon, penalty, whole
        self._all_used = parameters
        self._found: dict[tuple[Hashable, ...], list[Answer]] = {}
        self.best: Answer | None = None

    def add(self, expression: Expression) -> None:
        """Take in an answer."""
        if len(self._found) >= MAX_ANSWERS and self.best and expression.cost > self.best.rank:
            return
        try:
            code = code_of(expression)
        except (SyntaxError, RecursionError):
            return
        behaviour = tuple(map(frozen, expression.values))
        answer = Answer(expression, self.rank_of(expression), code, self._lexicon.uncovered(expression.mask))
        alike = self._found.setdefault(behaviour, [])
        if all(known.code != code for known in alike):
            alike.append(answer)
            alike.sort(key=lambda kept: kept.plainness)
            del alike[KEPT_ALIKE:]
            if self.best is None or alike[0].order < self.best.order:
                self.best = alike[0]

    def rank_of(self, expression: Expression) -> int:
        """The cost of an expression with its penalties."""
        missing = min(self._lexicon.uncovered(expression.mask), len(UNCOVERED_COST) - 1) if self._penalty else 0
        unused = sum(1 for bit in range(self._all_used) if not expression.uses >> bit & 1)
        fraction = FRACTION_COST if self._whole and expression.kind == "float" else 0
        return expression.cost + fraction + UNCOVERED_COST[missing] + UNUSED_COST * unused

    def of_like_cost(self) -> list[Answer]:
        """The answers whose rank is near the best one's, best first."""
        if self.best is None:
            return []
        limit = self.best.rank + WIDEST_MARGIN
        found = [a for kept in self._found.values() for a in kept if a.rank <= limit]
        return sorted(found, key=lambda answer: answer.order)
