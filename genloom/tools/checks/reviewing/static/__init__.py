"""Static passes over source text: what it can reach, and what ruff makes of it. Nothing is executed."""

from genloom.tools.checks.reviewing.static.capabilities import CapabilityUse, find_capabilities
from genloom.tools.checks.reviewing.static.lint import lint

__all__ = ["CapabilityUse", "find_capabilities", "lint"]
