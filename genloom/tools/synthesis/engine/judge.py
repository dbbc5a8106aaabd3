"""The judge: tries programs on examples held back and on probes, and says where those of like cost differ."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.drafting import Draft, holds, of_like_rank
from genloom.tools.synthesis.engine.equivalence import frozen
from genloom.tools.synthesis.engine.probes import draw_probes
from genloom.tools.synthesis.engine.problem import Problem
from genloom.tools.synthesis.engine.writer import Program, failed

__all__ = ["Difference", "Judged", "differences", "judge"]

PROBES = 16
MAX_RIVALS = 3
Outcome = Callable[[Sequence[Any]], Any]


@dataclass(frozen=True)
class Difference:
    """An input on which a rival gives something else."""

    arguments: tuple[Any, ...]
    answer: Any
    rival: Any
    rival_code: str


@dataclass(frozen=True)
class Judged:
    """The best answer as a program. `held` says that it meets what was held back; `kind` is that of its expression. Where
    there are rivals, `deciding` are the arguments whose result would tell most of them from the answer."""

    program: Program
    cost: int
    held: bool
    kind: str = ""
    rivals: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def deciding(self) -> tuple[Any, ...] | None:
        """The arguments of the call that decides best; `None` without rivals."""
        return self.rivals[0].arguments if self.rivals else None


def judge(problem: Problem, drafts: Sequence[Draft]) -> Judged | None:
    """Return the best draft with its rivals; `None` when there is none."""
    alike = of_like_rank(drafts)
    if not alike:
        return None
    best = alike[0]
    held = bool(problem.held) and holds(best.program, problem.held)
    others = [(d.program.expression, d.program.outcome) for d in alike[1:] if holds(d.program, problem.held)]
    inputs = [case.arguments for case in (*problem.fit, *problem.held) if not case.error]
    rivals = differences(best.program.outcome, others, inputs) if problem.uses("probes") else ()
    return Judged(best.program, best.rank, held, best.kind, rivals)


def _alike(one: Any, other: Any) -> bool:
    """Whether two results are the same but for the last digits of a float."""
    if isinstance(one, float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    return frozen(one) == frozen(other)


def differences(
    best: Outcome, others: Sequence[tuple[str, Outcome]], inputs: Sequence[tuple[Any, ...]]
) -> tuple[Difference, ...]:
    """Where programs of like cost give something else than the best, the most telling input first, and of those the
    shortest.

    An input that a rival cannot take decides nothing; one that only the best cannot take counts against it.
    """
    probes = draw_probes(inputs, PROBES, seed=1)
    own = [best(probe) for probe in probes]
    apart: list[tuple[str, dict[int, Any]]] = []
    for code, rival in others:
        given = {place: rival(probe) for place, probe in enumerate(probes)}
        differing = {place: value for place, value in given.items() if _differs(own[place], value)}
        if differing:
            apart.append((code, differing))
    if not apart:
        return ()
    telling = [sum(place in differing for _, differing in apart) for place in range(len(probes))]
    deciding = min(range(len(probes)), key=lambda place: (-telling[place], len(repr(probes[place]))))
    apart.sort(key=lambda pair: deciding not in pair[1])
    found: list[Difference] = []
    for code, differing in apart[:MAX_RIVALS]:
        place = deciding if deciding in differing else min(differing)
        found.append(Difference(probes[place], own[place], differing[place], code))
    return tuple(found)


def _differs(own: Any, other: Any) -> bool:
    return not failed(other) and (failed(own) or not _alike(other, own))
