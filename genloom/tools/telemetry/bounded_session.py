"""An HTTP session whose requests cannot outlast a run by long."""

from __future__ import annotations

import time
from typing import Any

import requests

__all__ = ["BoundedSession"]

CONNECT_SECONDS = 2.0
READ_SECONDS = 4.0


class BoundedSession(requests.Session):
    """Gives every request at most 2 seconds to connect and 4 to be answered, whatever its caller asks for.

    After `end_at` no request is begun: LangSmith's threads belong to the process, which would wait for them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._end = float("inf")

    def end_at(self, moment: float) -> None:
        """Begin no request after this moment of the monotonic clock."""
        self._end = moment

    def request(self, *args: Any, **options: Any) -> requests.Response:  # Any: requests' own options
        """Send one request. Raises `requests.ConnectionError` after the end."""
        if time.monotonic() > self._end:
            raise requests.ConnectionError("the run that was traced has ended")
        return super().request(*args, **{**options, "timeout": (CONNECT_SECONDS, READ_SECONDS)})
