"""Answers: what met the goal, in the order in which one would want them."""

from __future__ import annotations

from dataclasses import dataclass

from genloom.tools.synthesis.engine.expression import Expression
from genloom.tools.synthesis.engine.rendering import code_of
from genloom.tools.synthesis.engine.vocabulary import Lexicon

__all__ = ["Answer", "AnswerBook"]

UNCOVERED_COST = 2
MAX_UNCOVERED = 4
UNUSED_COST = 5
MAX_ANSWERS = 300


@dataclass(frozen=True)
class Answer:
    """An expression that meets the goal. `rank` is its cost with what speaks against it: words of the prompt that it leaves
    uncovered, arguments that it does not read."""

    expression: Expression
    rank: int
    code: str

    @property
    def order(self) -> tuple[int, int, int, str]:
        """Sorts answers: by rank, cost, length, then by their text so that there is one order only."""
        return self.rank, self.expression.cost, len(self.code), self.code


class AnswerBook:
    """Collects answers, one for each text."""

    def __init__(self, lexicon: Lexicon, parameters: int) -> None:
        self._lexicon = lexicon
        self._all_used = parameters
        self._found: dict[str, Answer] = {}
        self.best: Answer | None = None

    def add(self, expression: Expression) -> None:
        """Take in an answer."""
        if len(self._found) >= MAX_ANSWERS and self.best and expression.cost > self.best.rank:
            return
        code = code_of(expression)
        answer = Answer(expression, self.rank_of(expression), code)
        known = self._found.get(code)
        if known is None or answer.order < known.order:
            self._found[code] = answer
        if self.best is None or answer.order < self.best.order:
            self.best = answer

    def rank_of(self, expression: Expression) -> int:
        """The cost of an expression with its penalties."""
        missing = min(self._lexicon.uncovered(expression.mask), MAX_UNCOVERED)
        unused = sum(1 for bit in range(self._all_used) if not expression.uses >> bit & 1)
        return expression.cost + UNCOVERED_COST * missing + UNUSED_COST * unused

    def within(self, margin: int) -> list[Answer]:
        """The answers whose rank is within a margin of the best, best first."""
        if self.best is None:
            return []
        limit = self.best.rank + margin
        return sorted((a for a in self._found.values() if a.rank <= limit), key=lambda a: a.order)
