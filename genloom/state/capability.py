"""What code can reach outside of itself, by kind."""

from __future__ import annotations

from typing import Literal

__all__ = ["Capability"]

Capability = Literal[
    "files", "network", "processes", "native_code", "introspection", "dynamic_code", "deserialisation", "environment"
]
