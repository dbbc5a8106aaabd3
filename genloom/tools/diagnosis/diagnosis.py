"""A diagnosis: how one thing stands that genloom works with."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

__all__ = ["Diagnosis", "DiagnosisState"]

DiagnosisState = Literal["ok", "off", "problem"]
"""`off`: it is not configured or not there, and nothing is wrong with that."""


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """`area` says of what, `message` how it stands, `hint` how to fix or switch it on. `needed` marks what the main job
    cannot do without. `facts` hold the same as data; no secret is in any of them."""

    area: str
    state: DiagnosisState
    message: str
    hint: str = ""
    needed: bool = False
    facts: dict[str, Any] = field(default_factory=dict)  # Any: JSON values

    def to_json(self) -> dict[str, Any]:  # Any: JSON values
        """Return the fields by name."""
        return asdict(self)
