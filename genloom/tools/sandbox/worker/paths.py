"""Where imports are looked for."""

from __future__ import annotations

import os
import sys

__all__ = ["put_first"]


def put_first(folders: list[str], own: str) -> None:
    """Put folders, relative to the working directory, in front of the interpreter's own; the folder of these files is taken
    out."""
    folders = [os.path.normpath(os.path.join(os.getcwd(), folder)) for folder in folders]
    sys.path[:] = [*folders, *(path for path in sys.path if path and path != own and path not in folders)]
