"""Formatting Python as ruff does, whatever configuration lies around."""

from __future__ import annotations

import subprocess
from functools import lru_cache

from genloom.errors import StorageError

__all__ = ["format_source"]

FORMAT_SECONDS = 20.0


def format_source(source: str) -> str:
    """Return the text formatted; text that does not parse comes back as it is. Raises `StorageError` when ruff cannot be
    run."""
    try:
        done = subprocess.run(  # noqa: S603 - ruff's own path, fixed options
            [_ruff(), "format", "--isolated", "--no-cache", "--stdin-filename", "source.py", "-"],
            input=source.encode("utf-8", "surrogatepass"),
            capture_output=True,
            timeout=FORMAT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StorageError(
            f"ruff could not be run: {error}"[:300], hint="Install genloom again: it brings ruff."
        ) from error
    return done.stdout.decode("utf-8") if done.returncode == 0 else source


@lru_cache(maxsize=1)
def _ruff() -> str:
    from ruff import find_ruff_bin  # imported here: it looks through the disk

    return str(find_ruff_bin())
