"""The tiers: what a sandbox can be made of, strongest first, and whether one is enough."""

from __future__ import annotations

import sys

from genloom.errors import UsageError
from genloom.state import SandboxTier

__all__ = ["allowed_tiers", "tier_suffices", "tiers_of_this_system"]

_STRENGTH: dict[SandboxTier, int] = {"bubblewrap": 2, "landlock": 1, "seatbelt": 1, "rlimits": 0}


def tiers_of_this_system() -> tuple[SandboxTier, ...]:
    """Return the tiers that this operating system could have, strongest first; none on Windows."""
    if sys.platform == "win32":
        return ()
    return ("seatbelt", "rlimits") if sys.platform == "darwin" else ("bubblewrap", "landlock", "rlimits")


def tier_suffices(tier: SandboxTier | None, least: SandboxTier) -> bool:
    """Whether a verdict's tier is at least `least`. No tier, which is what a verdict has where nothing ran, never is.

    Code that was checked below the configured tier (see `least_tier`) must not be imported into this process.
    """
    return tier is not None and _STRENGTH[tier] >= _STRENGTH[least]


def allowed_tiers(tier: SandboxTier | None, least: SandboxTier) -> tuple[SandboxTier, ...]:
    """Return the tiers that may be taken, strongest first: of this system's, or just `tier`, those that are enough.

    Raises `UsageError` when the one that was asked for is not.
    """
    tried = (tier,) if tier else tiers_of_this_system()
    allowed = tuple(each for each in tried if tier_suffices(each, least))
    if tier == "rlimits" and not allowed:
        raise UsageError(
            "Resource limits alone are not a sandbox.", hint="Pass allow_weak=True to run untrusted code with them."
        )
    if tier and not allowed:
        raise UsageError(f"The sandbox {tier} is below {least}.", hint="Ask for a stronger tier, or for less.")
    return allowed
