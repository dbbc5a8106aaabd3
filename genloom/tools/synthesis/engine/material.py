"""Material: what every strategy of one search starts from: rows, fitted operators, seeds, the prompt's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.binding import variable
from genloom.tools.synthesis.engine.constants import constants_of
from genloom.tools.synthesis.engine.expression import Expression, Operator
from genloom.tools.synthesis.engine.forms import FORMS
from genloom.tools.synthesis.engine.grammar import all_operators
from genloom.tools.synthesis.engine.probes import draw_probes
from genloom.tools.synthesis.engine.problem import Problem
from genloom.tools.synthesis.engine.views import views_of
from genloom.tools.synthesis.engine.vocabulary import Lexicon, descriptive, words_in

__all__ = ["Material"]

PROBES = 3


class Material:
    """Rows are the plain examples' arguments (`shown` of them, which give `wanted`), then those of examples that raise or
    give `None` among others (`error_rows`, where guards may stand), then probes. `operators` and `forms` cost what the
    prompt makes them cost."""

    def __init__(self, problem: Problem, extra: Sequence[Operator]) -> None:
        self.problem = problem
        special = [case.arguments for case in problem.guarded]
        known = [case.arguments for case in problem.plain]
        self.wanted = tuple(case.expected for case in problem.plain)
        self.shown = len(known)
        probes = draw_probes(known, PROBES) if problem.uses("probes") else []
        self.rows: list[tuple[Any, ...]] = [*known, *special, *probes]
        self.error_rows = range(self.shown, self.shown + len(special))
        operators = [*all_operators(), *extra]
        self.lexicon = _lexicon_of(problem, operators)
        self.operators = [op for op in map(self.lexicon.fit, operators) if self._is_fitting(op)]
        self.forms = [(form, self.lexicon.fit(form.op)) for form in FORMS if self._is_fitting(form.op)]
        self.views = views_of(problem, self.rows, self.shown)
        self.constants = constants_of(problem, self.lexicon, len(self.rows))
        self.arguments = [
            variable(name, kind, tuple(row[place] for row in self.rows), bit=1 << place)
            for place, (name, kind) in enumerate(zip(problem.parameters, problem.kinds, strict=True))
        ]

    @property
    def focus(self) -> int:
        """The bits of all parameters."""
        return (1 << len(self.problem.parameters)) - 1

    @property
    def seeds(self) -> list[Expression]:
        """Arguments, their parts, constants."""
        return [*self.arguments, *(seed for view in self.views for seed in view.seeds), *self.constants]

    def type_tests(self) -> list[Expression]:
        """Tests of an argument's type, where the raising examples differ in it from the others."""
        found: list[Expression] = []
        for place, name in enumerate(self.problem.parameters):
            usual = {type(row[place]) for row in self.rows[: self.shown]}
            if any(type(self.rows[row][place]) not in usual for row in self.error_rows):
                values = [row[place] for row in self.rows]
                allowed = sorted(kind.__name__ for kind in usual if kind is not type(None))
                wrong = tuple(type(value) not in usual for value in values)
                absent = all(value is None for value, other in zip(values, wrong, strict=True) if other)
                code = f"{name} is None" if absent else f"not isinstance({name}, {' | '.join(allowed)})"
                found.append(variable(code, "bool", wrong, bit=1 << place, cost=2))
        return found

    def _is_fitting(self, op: Operator) -> bool:
        """Leave out what only a prompt or a repository suggests, and pairs or `None` where nobody asked for any."""
        if "None)" in op.code:
            return any(not case.error for case in self.problem.guarded)
        if op.code == "({0}, {1})":
            return "tuple" in self.problem.gives or bool(op.mask)
        return bool(op.mask) or not op.special


def _lexicon_of(problem: Problem, operators: Sequence[Operator]) -> Lexicon:
    """The prompt's words, knowing which of them any operator or constant answers to; none of them without guidance."""
    if not problem.uses("guidance"):
        return Lexicon(())
    plain = Lexicon(words_in(problem.prompt, problem.name))
    masks = [plain.mask_of(op.words) for op in operators]
    masks += [plain.mask_of(form.op.words) for form in FORMS]
    masks += [expression.mask for expression in constants_of(problem, plain, 1)]
    return plain.knowing(masks, ignoring=plain.mask_of(descriptive(problem.kinds)))
