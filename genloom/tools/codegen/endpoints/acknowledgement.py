"""Answers whose shape the documents leave open."""

from __future__ import annotations

from typing import Any

from pydantic import RootModel

__all__ = ["Acknowledgement"]


class Acknowledgement(RootModel[Any]):  # Any: the documents say that it is JSON, and no more
    """Any JSON, `null` among it; a web page is none, so a proxy's page is not taken for success."""
