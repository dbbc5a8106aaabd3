"""A LangSmith client from which nothing secret leaves.

LangSmith's own `anonymizer` covers inputs, outputs, metadata and errors. Names, tags, events and the rest of `extra` (a
model's parameters) pass it by, so they are redacted where a run enters the client.
"""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from langsmith import Client
from urllib3.util import Retry

from genloom.tools.security import Redactor
from genloom.tools.telemetry.bounded_session import BoundedSession

__all__ = ["FLUSH_SECONDS", "RedactingClient"]

FLUSH_SECONDS = 5.0

_UNCOVERED = ("name", "tags", "events", "extra", "serialized")


class RedactingClient(Client):
    """Sends runs by LangSmith's ingest alone, in the background, each of their texts redacted."""

    __slots__ = ("_bounded", "_redactor")

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._bounded = BoundedSession()
        super().__init__(
            anonymizer=redactor.data,
            hide_inputs=False,
            tracing_mode="langsmith",  # another exporter would be a second way out
            session=self._bounded,
            retry_config=Retry(0),
        )

    def create_run(self, name: str, *args: Any, **fields: Any) -> None:  # Any: LangSmith's own fields
        """Take in the beginning of a run."""
        super().create_run(self._redactor.text(name), *args, **self._redacted(fields))

    def update_run(self, *args: Any, **fields: Any) -> None:  # Any: LangSmith's own fields
        """Take in the end of a run."""
        super().update_run(*args, **self._redacted(fields))

    def finish(self) -> None:
        """Send what is left, for 5 seconds at most, and stop. A request that is under way then has 4 seconds more, which
        only the end of the process waits for."""
        self._bounded.end_at(time.monotonic() + FLUSH_SECONDS)
        ending = threading.Thread(target=self.close, kwargs={"timeout": FLUSH_SECONDS}, daemon=True)
        ending.start()  # `close` bounds its wait for what was submitted, not the submitting itself
        ending.join(FLUSH_SECONDS)

    def _redacted(self, fields: dict[str, Any]) -> dict[str, Any]:  # Any: as above
        return {name: self._plain(value) if name in _UNCOVERED else value for name, value in fields.items()}

    def _plain(self, value: Any) -> Any:  # Any: as above
        """Return plain JSON data, redacted: an object's text would otherwise be taken only when it is sent."""
        try:
            return self._redactor.data(json.loads(json.dumps(value, default=str, skipkeys=True)))
        except (TypeError, ValueError, RecursionError):
            return None
