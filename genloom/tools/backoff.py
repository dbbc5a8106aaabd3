"""Back-off: how long to wait before trying again, and what a server asks for."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

__all__ = ["backoff_seconds", "parse_retry_after"]


def backoff_seconds(
    failures: int,
    *,
    base: float,
    cap: float,
    retry_after: float | None = None,
    longest: float = 120.0,
    chance: Callable[[], float] = random.random,
) -> float:
    """Return the seconds to wait after that many failures (from 1).

    Full jitter as in "Exponential Backoff And Jitter" (Brooker, AWS Architecture Blog, 2015): uniform between 0 and
    `min(cap, base * 2**(failures - 1))`. A `Retry-After` is waited for in full, `longest` at most, with up to `base` of
    jitter on top so that many clients do not come back at the same moment.
    """
    jitter = chance() * min(cap, base * 2.0 ** min(failures - 1, 60))
    return jitter if retry_after is None else min(retry_after, longest) + min(jitter, base)


def parse_retry_after(value: str | None, *, now: float | None = None) -> float | None:
    """Return the seconds that a `Retry-After` header asks for: a number of seconds or an HTTP date (RFC 9110, 10.2.3).

    A date in the past gives 0; what is neither gives `None`. `now` is the Unix time to count a date from.
    """
    text = (value or "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
        return float(text)
    try:
        when = parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return max(0.0, when - (time.time() if now is None else now))
