"""Whether pytest is only collecting tests: then nothing is to be generated for them."""

from __future__ import annotations

import sys
from types import FrameType

__all__ = ["only_collecting"]


def only_collecting(frame: FrameType | None) -> bool:
    """Whether code runs below a pytest session that was asked to collect and not to run (`--collect-only`)."""
    if "_pytest" not in sys.modules:
        return False
    while frame is not None:
        if frame.f_globals.get("__name__") == "_pytest.main" and frame.f_code.co_name == "wrap_session":
            config = frame.f_locals.get("config")
            return bool(getattr(getattr(config, "option", None), "collectonly", False))
        frame = frame.f_back
    return False
