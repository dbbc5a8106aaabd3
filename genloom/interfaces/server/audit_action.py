"""An action as the audit log tells of it: bounded, without secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from genloom.interfaces.told import without_secrets

__all__ = ["AuditAction"]

LONGEST_TEXT = 500
MOST_DETAILS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditAction:
    """That `actor` ("key 3", "operator") did `action` ("run.create") to `target` ("run 12"), at a Unix time."""

    at: float
    action: str
    actor: str
    organisation: int | None = None
    target: str = ""
    outcome: str = "done"
    detail: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)

    def entry(self, secrets: tuple[str, ...]) -> dict[str, Any]:  # Any: JSON values
        """Return what is written down: texts are cut at 500 characters, details at 20, and secrets redacted."""
        details = list(self.detail.items())[:MOST_DETAILS]
        return {
            "at": datetime.fromtimestamp(self.at, UTC).isoformat(timespec="microseconds"),
            "actor": _bounded(self.actor, secrets),
            "organisation": self.organisation,
            "action": _bounded(self.action, secrets),
            "target": _bounded(self.target, secrets),
            "outcome": _bounded(self.outcome, secrets),
            "detail": {_bounded(name, secrets): _bounded(value, secrets) for name, value in details},
        }


def _bounded(value: Any, secrets: tuple[str, ...]) -> Any:  # Any: a text or a number
    if not isinstance(value, str):
        return value
    told = without_secrets(value, secrets)
    return told if len(told) <= LONGEST_TEXT else f"{told[: LONGEST_TEXT - 1]}…"
