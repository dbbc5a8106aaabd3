"""The documented limits of the API: how many requests of which class in which time.

Each documented path names a limit of its own class, and a request counts in one class. Source: the Codegen API's OpenAPI
document of 2025-10; a path without a documented limit counts as general.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["DOCUMENTED", "UNLIMITED", "Limits", "Rate", "RequestClass", "request_class"]

RequestClass = Literal["general", "creation", "logs", "edits", "rules", "setup"]

_CLASSES: tuple[tuple[str, str, RequestClass], ...] = (
    ("POST", r".*/agent/run", "creation"),
    ("GET", r".*/agent/run/\d+/logs", "logs"),
    ("PATCH", r".*/prs/[^/]+", "edits"),
    ("GET", r".*/cli/rules", "rules"),
    ("POST", r".*/(setup-commands/generate|analyze-logs)", "setup"),
)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `requests` in any stretch of `seconds`."""

    requests: int
    seconds: float

    def __post_init__(self) -> None:
        if self.requests < 1 or self.seconds < 0:
            raise ValueError("a rate allows at least one request, in a time that is not negative")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The rate of each class, `None` for none, and how many requests of one account are under way at once."""

    general: Rate | None = Rate(60, 30.0)
    creation: Rate | None = Rate(10, 60.0)
    logs: Rate | None = Rate(60, 60.0)
    edits: Rate | None = Rate(30, 60.0)
    rules: Rate | None = Rate(30, 60.0)
    setup: Rate | None = Rate(5, 60.0)
    at_once: int = 20

    def rate(self, name: RequestClass) -> Rate | None:
        """Return the rate of a class."""
        rate: Rate | None = getattr(self, name)
        return rate


DOCUMENTED = Limits()
UNLIMITED = Limits(general=None, creation=None, logs=None, edits=None, rules=None, setup=None)
"""For a server that sets no limits, and for tests."""


def request_class(method: str, path: str) -> RequestClass:
    """Return the class that a request counts in."""
    for verb, pattern, name in _CLASSES:
        if method == verb and re.fullmatch(pattern, path):
            return name
    return "general"
