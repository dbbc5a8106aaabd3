"""Where imports are looked for."""

from __future__ import annotations

import sys

__all__ = ["put_first"]


def put_first(folders: list[str], own: str) -> None:
    """Put folders in front of the interpreter's own; the folder of these files is taken out."""
    sys.path[:] = [*folders, *(path for path in sys.path if path and path != own and path not in folders)]
