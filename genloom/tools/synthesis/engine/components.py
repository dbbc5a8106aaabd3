"""Components: functions of the repository as building blocks. They are arbitrary code: this runs inside the sandbox only."""

from __future__ import annotations

import copy
import importlib
import signal
import sys
from collections.abc import Callable, Iterable
from typing import Any  # Any: what arbitrary functions take and give

from genloom.tools.synthesis.engine.expression import Operator
from genloom.tools.synthesis.engine.kinds import kind_of
from genloom.tools.synthesis.engine.problem import ComponentSpec, annotation_kind
from genloom.tools.synthesis.engine.vocabulary import words_in

__all__ = ["Guard", "component_operators"]

CALL_SECONDS = 0.25
_MUTABLE = (list, dict, set)


class TooSlow(BaseException):
    """A call of a component took too long."""


class Guard:
    """Loads functions and stands around each call of one.

    `dropped` says whether any was left out because it was slow: then the clock had a say in what the search found.
    """

    def __init__(self) -> None:
        self.dropped = False

    def load(self, spec: ComponentSpec) -> Callable[..., Any] | None:
        """Import one function; `None` when that fails, for whatever reason."""
        if spec.folder not in sys.path:
            sys.path.append(spec.folder)
        try:
            found: Any = importlib.import_module(spec.module)
            for name in spec.name.split("."):
                found = getattr(found, name)
        except (Exception, SystemExit):  # noqa: BLE001 - foreign code: importing it may raise anything
            return None
        return self._around(found) if callable(found) else None

    def _around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function with copied arguments, a time limit, one kind of error and plain results only. A function that was
        too slow once is not called again."""
        slow = False

        def call(*arguments: Any) -> Any:
            nonlocal slow
            if slow:
                raise ValueError("too slow")
            own = [copy.deepcopy(item) if isinstance(item, _MUTABLE) else item for item in arguments]
            signal.signal(signal.SIGALRM, _stop)
            signal.setitimer(signal.ITIMER_REAL, CALL_SECONDS)
            try:
                value = function(*own)
            except TooSlow as error:
                slow = self.dropped = True
                raise ValueError("too slow") from error
            except (Exception, SystemExit) as error:
                raise ValueError("it raised") from error
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            if "any" in kind_of(value):
                raise ValueError("not a plain value")
            return value

        return call


def _stop(*_: object) -> None:
    raise TooSlow


def component_operators(specs: Iterable[ComponentSpec], guard: Guard) -> list[Operator]:
    """The operators of those functions whose annotations the engine understands and that can be imported."""
    found: list[Operator] = []
    for spec in specs:
        takes = tuple(map(annotation_kind, spec.takes))
        gives = annotation_kind(spec.gives)
        if not gives or "?" in gives or not 1 <= len(takes) <= 3 or any(not kind or "?" in kind for kind in takes):
            continue
        call = guard.load(spec)
        if call is None:
            continue
        places = ", ".join(f"{{{place}}}" for place in range(len(takes)))
        found.append(
            Operator(
                code=f"{spec.name}({places})",
                takes=takes,
                gives=gives,
                call=call,
                cost=3,
                words=frozenset(words_in(spec.doc, spec.name.rpartition(".")[2])),
                imports=f"from {spec.module} import {spec.name.partition('.')[0]}",
                grows=True,
            )
        )
    return found
