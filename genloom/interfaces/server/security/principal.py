"""Whoever a request comes from."""

from __future__ import annotations

from dataclasses import dataclass

from genloom.interfaces.server.storage.records import Role

__all__ = ["ROLES", "Principal", "lower_role"]

ROLES: tuple[Role, ...] = ("viewer", "runner", "admin")
"""From the least to the most: each may do all that those before it may."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """A user of one organisation, with the role of the key in use; `key_id` is `None` for a key that is not stored."""

    organization_id: int
    user_id: int
    role: Role
    key_id: int | None = None

    def may(self, role: Role) -> bool:
        """Whether the principal's role is that one or more."""
        return ROLES.index(self.role) >= ROLES.index(role)


def lower_role(first: Role, second: Role) -> Role:
    """Return the one of two roles that may do less."""
    return min(first, second, key=ROLES.index)
