"""Moving a definition from one module of a repository to another, with its imports and those of its users."""

from __future__ import annotations

__all__: list[str] = []
