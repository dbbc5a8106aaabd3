"""Whether the packages that MCP needs are installed."""

from __future__ import annotations

import importlib.util

from genloom.errors import UsageError

__all__ = ["require_mcp"]


def require_mcp() -> None:
    """Raise `UsageError` that says what to install when a package of the extra `mcp` is missing."""
    missing = [name for name in ("mcp", "starlette", "uvicorn") if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"MCP needs packages that are not installed: {', '.join(missing)}.", hint="pip install 'genloom[mcp]'"
        )
