"""What a process says besides its answer: nothing, unless `GENLOOM_DEBUG` asks for it."""

from __future__ import annotations

import logging
import sys
import threading
import warnings

from genloom.config import load_settings
from genloom.errors import UsageError

__all__ = ["debugging", "keep_tracebacks_away"]


def debugging() -> bool:
    """Whether the environment asks for tracebacks."""
    try:
        return load_settings().debug
    except UsageError:  # some other variable makes no sense, which the command itself will tell
        return False


def keep_tracebacks_away() -> None:
    """Silence libraries' logs and warnings, and what Python prints of errors that nobody waits for.

    A cancelled run leaves such behind, and none of it helps the person who cancelled it.
    """
    if debugging():
        logging.basicConfig(level=logging.INFO)
        return
    logging.getLogger().addHandler(logging.NullHandler())
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    sys.unraisablehook = lambda event: None
    threading.excepthook = lambda event: None
