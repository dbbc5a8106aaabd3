"""Faults at a rate: a rule that spoils that share of all requests, the same way for the same seed."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping

from genloom.testing.exchange import RecordedRequest
from genloom.testing.fault import Fault

__all__ = ["TRANSIENT_FAULTS", "FaultRate"]

TRANSIENT_FAULTS: Mapping[str, Fault] = {
    "500": Fault(status=500),
    "502 after": Fault(status=502, after_work=True),
    "503 with retry-after": Fault(status=503, headers={"Retry-After": "1"}),
    "504 after": Fault(status=504, after_work=True),
    "429": Fault(status=429),
    "429 with retry-after": Fault(status=429, headers={"Retry-After": "1"}),
    "cut before": Fault(cut=True),
    "cut after": Fault(cut=True, after_work=True),
    "truncated": Fault(truncate=True),
    "malformed after": Fault(body='{"id": 1, "status": ', after_work=True),
    "html": Fault(body="<!doctype html><title>Sign in</title>", headers={"X-Proxy": "test"}),
    "null after": Fault(body="null", after_work=True),
}
"""What a client must live through, by name; "after": what was asked is done all the same. No hangs: these cost a client
its whole time limit, so a test adds them where it means them (`Fault(hang=True)`)."""


class FaultRate:
    """A rule for `faults=`: `rate` (0 to 1) of the requests go wrong, in kinds drawn evenly from `faults`.

    `only` picks the requests that may go wrong. The n-th request asked about meets the same fate for the same seed; with
    concurrent clients, which request is the n-th is up to them. Safe to use from several threads.
    """

    def __init__(
        self,
        rate: float,
        *,
        seed: int = 0,
        faults: Mapping[str, Fault] = TRANSIENT_FAULTS,
        only: Callable[[RecordedRequest], bool] | None = None,
    ) -> None:
        if not 0 <= rate <= 1:
            raise ValueError(f"rate is {rate}: it must be between 0 and 1")
        self.rate = rate
        self.struck: Counter[str] = Counter()
        """How often each kind was given out."""
        self._random = random.Random(seed)  # noqa: S311  # for tests, and to be repeatable
        self._faults = list(faults.items())
        self._only = only
        self._lock = threading.Lock()

    def __call__(self, request: RecordedRequest) -> Fault | None:
        """Return the fault for this request, `None` for most."""
        if self._only is not None and not self._only(request):
            return None
        with self._lock:
            hit, place = self._random.random() < self.rate, self._random.randrange(len(self._faults))
            if not hit:
                return None
            name, fault = self._faults[place]
            self.struck[name] += 1
            return fault
