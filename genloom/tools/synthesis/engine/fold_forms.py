"""Fold forms: the engine's notation for what an accumulator comes to, or passes on its way."""

from __future__ import annotations

from genloom.tools.synthesis.engine.expression import Operator
from genloom.tools.synthesis.engine.vocabulary import stems

__all__ = ["ACCUMULATE", "FOLD", "FOLD_TWO", "LOW", "PEAK", "SCAN"]

_WORDS = stems("running so far accumulate fold reduce through sequence step process")
FOLD = Operator(code="fold({0}, {2}, lambda {v}: {1})", takes=(), gives="", call=len, cost=2, words=_WORDS)
SCAN = Operator(code="scan({0}, {2}, lambda {v}: {1})", takes=(), gives="", call=len, cost=3, words=_WORDS)
ACCUMULATE = Operator(
    code="list(itertools.accumulate({0}, lambda {v}: {1}))",
    takes=(),
    gives="",
    call=len,
    cost=2,
    words=_WORDS,
    imports="import itertools",
)
PEAK = Operator(
    code="peak({0}, {2}, lambda {v}: {1})",
    takes=(),
    gives="",
    call=max,
    cost=3,
    words=stems("maximum largest longest deepest best highest most peak biggest greatest"),
)
LOW = Operator(
    code="low({0}, {2}, lambda {v}: {1})",
    takes=(),
    gives="",
    call=min,
    cost=3,
    words=stems("minimum smallest lowest least shortest worst"),
)
FOLD_TWO = Operator(
    code="fold_two({0}, ({3}, {4}), lambda {v}: ({1}, {2}))", takes=(), gives="", call=len, cost=3, words=_WORDS
)
