"""What surrounds an agent's run: the settings of the environment and genloom's part of the run's context."""

from __future__ import annotations

import threading
from collections import OrderedDict

from genloom.config import Settings, load_settings
from genloom.nodes.own_context import own_context
from genloom.state import GraphContext
from genloom.tools.security import Redactor

__all__ = ["Surroundings"]

MOST_KEPT = 64


class Surroundings:
    """Settings and context of the runs of one agent. The environment is read when a run begins, not at each step of it."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, tuple[object, Settings, GraphContext]] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, context: object) -> None:
        """Read the environment anew for a run with that context."""
        with self._lock:
            self._known.pop(id(context), None)

    def of(self, context: object) -> tuple[Settings, GraphContext]:
        """Return settings and context of a run, resolved; see `own_context` for a context of another type."""
        with self._lock:
            known = self._known.get(id(context))
        if known is not None and known[0] is context:
            return known[1], known[2]
        settings, resolved = own_context(context).resolved(load_settings())
        with self._lock:
            self._known[id(context)] = (context, settings, resolved)
            while len(self._known) > MOST_KEPT:
                self._known.popitem(last=False)
        return settings, resolved

    def redactor(self, context: object) -> Redactor:
        """Return the redactor that knows the run's own secrets."""
        return Redactor(secrets=self.of(context)[0].secrets)
