"""Finishing: what loops give, as expressions that meet the goal or that something is still made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from genloom.tools.synthesis.engine.answers import AnswerBook
from genloom.tools.synthesis.engine.arena import Arena, Goal, compatible
from genloom.tools.synthesis.engine.conditionals import Splitter
from genloom.tools.synthesis.engine.drafting import Draft, Solution, drafts_of
from genloom.tools.synthesis.engine.equivalence import FAILED, frozen
from genloom.tools.synthesis.engine.expression import Expression, Operator
from genloom.tools.synthesis.engine.kinds import Bindings, class_of, fill, parts, unify
from genloom.tools.synthesis.engine.ledger import Exhausted, Ledger
from genloom.tools.synthesis.engine.material import Material
from genloom.tools.synthesis.engine.solver import MAX_RANK
from genloom.tools.synthesis.engine.stepping import applied, guarded
from genloom.tools.synthesis.engine.toolbox import Toolbox

__all__ = ["LOOP_BIT", "Finishing"]

LOOP_BIT = 1 << 15
"""Marks what a loop gave: only that is worth going on with here."""
MAX_TESTS = 40
TEST_LEVEL = 4
_TESTS = ("{0} == {1}", "{0} < {1}", "{0} <= {1}", "not {0}", "{0} < 0", "{0} > 0", "{0} % 2 == 0", "len({0})")


_PLAIN = frozenset(
    {
        "len({0})", "sum({0})", "max({0})", "min({0})", "{0}[::-1]", '"".join({0})', "str({0})", "int({0})", "{0}[-1]",
        "set({0})", "sorted({0})", "abs({0})", "{0} > 0", "{0} == 0", "not {0}", "bool({0})", "{0} % 2 == 0",
    }
)  # fmt: skip


class Finishing:
    """Grows an arena whose seeds are what loops give, in the order of cost, with a budget of its own, and collects what
    meets the goal. Conditionals over the arguments may stand around a loop."""

    def __init__(self, material: Material, ledger: Ledger, share: int) -> None:
        problem = material.problem
        self.material, self._ledger = material, ledger
        self._own = Ledger(share, ledger.deadline)
        self._growing = True
        self._due: dict[int, list[Expression]] = {}
        self._plain: dict[str, list[tuple[Operator, str, bool]]] = {}
        self._wanted = tuple(map(frozen, material.wanted))
        self._class = class_of(problem.gives)
        self.book = AnswerBook(material.lexicon, len(problem.parameters), penalty=problem.uses("penalty"))
        plain = [op for op in material.operators if not op.imports and (op.mask or op.cost <= 3)]
        self.arena = Arena(
            Toolbox(plain, (*problem.kinds, problem.gives)),
            self._own,
            [*material.seeds, *self._tests()],
            shown=material.shown,
            focus=LOOP_BIT,
            depth=0,
        )
        goal = Goal(problem.gives, material.wanted, self._collect, branching=True)
        self.arena.aim(goal)
        self._splitter = Splitter(self.arena, goal) if problem.uses("conditionals") else None

    def _tests(self) -> list[Expression]:
        """Tests of the arguments that a special case may begin with."""
        material = self.material
        simple = [op for op in material.operators if op.code in _TESTS]
        small = [e for e in material.constants if e.kind == "int" and e.cost <= 2]
        ledger = Ledger(2_000, self._ledger.deadline)
        toolbox = Toolbox(simple, material.problem.kinds)
        arena = Arena(
            toolbox, ledger, [*material.arguments, *small], shown=material.shown, focus=material.focus, depth=0
        )
        try:
            while arena.level < TEST_LEVEL:
                arena.grow()
        except Exhausted:
            pass
        self._ledger.add(ledger)
        return [*material.type_tests(), *arena.expressions(["bool"])[:MAX_TESTS]]

    def _collect(self, expression: Expression) -> None:
        if expression.uses & LOOP_BIT:
            self.book.add(expression)

    def offer(self, made: Expression) -> None:
        """Take what a loop gives; it is looked at when its cost is due. What one or two plain functions make of it is
        looked at too, where that meets the goal."""
        self._put(made)
        for once in self._reduced(made):
            if self._meets(once):
                self._put(once)
            elif parts(once.kind)[0] in ("list", "str"):
                for twice in filter(self._meets, self._reduced(once)):
                    self._put(twice)

    def _put(self, made: Expression) -> None:
        self._due.setdefault(max(made.cost, self.arena.level + 1), []).append(made)

    def _reduced(self, made: Expression) -> Iterator[Expression]:
        """What plain functions make of a value, where the first row shows that it may be what is wanted, or goes on."""
        known = self._plain.get(made.kind)
        if known is None:
            known = self._plain[made.kind] = list(self._unary(made.kind))
        for op, kind, final in known:
            if not final or frozen(guarded(op.call, made.values[0])) == self._wanted[0]:
                yield applied(op, (made,), kind)

    def _unary(self, kind: str) -> Iterator[tuple[Operator, str, bool]]:
        """The plain functions for a kind with the kinds of their results, and whether those must be the end."""
        for op in self.material.operators:
            bound: Bindings = {}
            if len(op.takes) == 1 and op.code in _PLAIN and unify(op.takes[0], kind, bound):
                gives = kind if parts(op.gives)[0] == "seq" else fill(op.gives, bound)
                further = parts(gives)[0] in ("list", "str")
                if further or compatible(class_of(gives), self._class):
                    yield op, gives, not further

    def _meets(self, made: Expression) -> bool:
        return all(
            value is not FAILED and frozen(value) == wanted
            for value, wanted in zip(made.values, self._wanted, strict=False)
        )

    def grow(self) -> bool:
        """Go up one cost; say whether a better answer than the best may still come."""
        candidates, work = self._own.candidates, self._own.work
        if self._growing:
            try:
                self.arena.grow()
            except Exhausted:
                self._growing = False
        else:
            self.arena.level += 1
        self._ledger.candidates += self._own.candidates - candidates
        self._ledger.work += self._own.work - work
        for cost in sorted(cost for cost in self._due if cost <= self.arena.level):
            for made in self._due.pop(cost):
                self.arena.admit(made)
        self._watch(self.arena.take_fresh())
        return self.book.best is None or self.book.best.rank > self.arena.level

    def _watch(self, fresh: Iterable[Expression]) -> None:
        if self._splitter is not None:
            for expression in fresh:
                self._splitter.observe(expression)
            self._splitter.conclude()

    def drafts(self) -> list[Draft]:
        """What meets the goal, as programs; what was not yet due is looked at too."""
        for cost in sorted(self._due):
            for made in self._due[cost]:
                self.arena.admit(made)
        self._due.clear()
        self._watch(self.arena.take_fresh())
        material = self.material
        answers = [answer for answer in self.book.of_like_cost() if answer.rank <= MAX_RANK]
        tests = self.arena.expressions(["bool"]) if material.error_rows else []
        solution = Solution(answers, material.views, tests, material.error_rows, material.shown)
        return drafts_of(material.problem, solution)
