"""Drawing: Hypothesis puts inputs to an observer and makes those that show something smaller.

This is the only module that runs Hypothesis; it is imported, which takes a quarter of a second, in the thread that draws.
"""

from __future__ import annotations

from collections.abc import Callable

import hypothesis
from hypothesis.errors import HypothesisException

from genloom.tools.checks.derived.hints import UnknownShapeError
from genloom.tools.checks.derived.inputs import inputs_like
from genloom.tools.checks.derived.observing import EnoughError, Kind, Observer
from genloom.tools.checks.derived.target import Target, Unfit

__all__ = ["draw"]

MAX_INPUTS = 50


class _FoundError(Exception):
    pass


class _CrashError(_FoundError):
    pass


class _NondeterminismError(_FoundError):
    pass


class _MutationError(_FoundError):
    pass


_ERRORS: dict[Kind, type[_FoundError]] = {
    "crash": _CrashError,
    "nondeterminism": _NondeterminismError,
    "mutation": _MutationError,
}


def draw(target: Target, observer: Observer, seed: int) -> Unfit | None:
    """Put up to `MAX_INPUTS` inputs to the observer, and more to shrink what was found, until it raises `EnoughError`.

    Which inputs come depends on the target, the seed and what was observed, and on nothing else: no database, no clock.
    Returns why nothing could be drawn. To be called in a thread of its own.
    """
    known = set(map(repr, target.samples))

    def judge(arguments: tuple[object, ...]) -> None:
        hypothesis.assume(repr(arguments) not in known)
        kind = observer.observe(arguments)
        if kind is not None:
            raise _ERRORS[kind]

    try:
        _quietly(hypothesis.given(inputs_like(target))(judge), seed)
    except UnknownShapeError as unknown:
        return Unfit(str(unknown))
    except (EnoughError, _FoundError, ExceptionGroup):
        return None
    except HypothesisException as error:  # unsatisfiable, or flaky since time was up in between
        return None if observer.inputs else Unfit(f"no further inputs could be drawn ({type(error).__name__})")
    return None if observer.inputs else Unfit("no inputs but the examples' own could be drawn")


def _quietly(test: Callable[[], None], seed: int) -> None:
    settings = hypothesis.settings(
        max_examples=MAX_INPUTS,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
        suppress_health_check=list(hypothesis.HealthCheck),
        verbosity=hypothesis.Verbosity.quiet,
        print_blob=False,
    )
    hypothesis.seed(seed)(settings(test))()
