"""Whether the packages that the server needs are installed."""

from __future__ import annotations

import importlib.util

from genloom.errors import UsageError

__all__ = ["require_serve"]

_MODULES = ("fastapi", "httpcore", "httptools", "jinja2", "psycopg", "sqlalchemy", "uvicorn")


def require_serve() -> None:
    """Raise `UsageError` that says what to install when a package of the extra `serve` is missing."""
    missing = [name for name in _MODULES if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"The server needs packages that are not installed: {', '.join(missing)}.",
            hint="pip install 'genloom[serve]'",
        )
