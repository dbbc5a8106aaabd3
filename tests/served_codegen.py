"""`genloom serve` in the place of the rehearsed Codegen server: the same faults befall it, and it really works on its runs.

What the client's tests ask of a server (`runs`, `requests`, `count`, `set_faults`, plans, faults) is answered by the real
server behind a proxy that spoils requests, so that a test can be run against either.
"""

from __future__ import annotations

import asyncio
import http.client
import itertools
import os
import re
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import quote, urlencode, urlsplit

from genloom.interfaces.server.embedded import EmbeddedServer
from genloom.interfaces.server.settings import ServerSettings
from genloom.interfaces.server.storage import RunOverview
from genloom.testing import OpenAIServer, RunPlan
from genloom.testing.loopback import Answer, FaultSource, LoopbackServer, RecordedRequest
from genloom.tools.codegen.traffic import UNLIMITED, Limits
from genloom.tools.codegen.wire import IDEMPOTENCY_FIELD

__all__ = ["FaultProxy", "ServedCodegen", "ServedRunView"]

MODEL = "openai:test-model"
UPSTREAM_SECONDS = 60.0
LOOK_SECONDS = 0.1
_OWN_FRAMING = {"connection", "content-length", "content-type", "transfer-encoding"}
_ASKED_FOR = re.compile(r"make it|(?:job|other) \d+")
"""What the tests' prompts ask for."""
_NOT_PASSED_ON = _OWN_FRAMING | {"x-genloom-additions"}
"""A stream of events needs a proxy that streams: here the client is left with what the cloud has."""


class FaultProxy(LoopbackServer):
    """Passes requests on to `upstream` and answers back. What goes wrong on the way is the `faults` of any loopback server:
    before the request has reached the server, or, `after_work`, once it took effect; cut, cut in half, slow, garbled."""

    def __init__(self, upstream: str = "", *, faults: FaultSource = (), port: int = 0) -> None:
        super().__init__(faults=faults, port=port)
        self.upstream = upstream
        self.statuses: Counter[int] = Counter()
        """How many answers were sent, right or wrong, by status."""

    def answered(self, request: RecordedRequest, answer: Answer) -> None:
        """Count the answer."""
        self.statuses[answer.status] += 1

    def answer(self, request: RecordedRequest) -> Answer:
        """Return what the server behind answers; one that is not there looks like a cut connection."""
        target = quote(request.path) + (f"?{urlencode(request.query)}" if request.query else "")
        headers = {name: text for name, text in request.headers.items() if name not in ("host", "connection")}
        if request.authorization:
            headers["authorization"] = request.authorization
        connection = http.client.HTTPConnection(urlsplit(self.upstream).netloc, timeout=UPSTREAM_SECONDS)
        try:
            connection.request(request.method, target, request.body or None, headers)
            response = connection.getresponse()
            content = response.read()
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()
        passed = {name: text for name, text in response.getheaders() if name.lower() not in _NOT_PASSED_ON}
        kind = response.getheader("content-type", "application/json")
        return Answer(status=response.status, pieces=(content,), content_type=kind, headers=passed)


@dataclass(frozen=True)
class ServedRunView:
    """A run as it stands in the server's database."""

    record: RunOverview

    @property
    def id(self) -> int:
        return self.record.id

    @property
    def status(self) -> str:
        return self.record.status

    @property
    def idempotency_key(self) -> str:
        return str((self.record.metadata or {}).get(IDEMPOTENCY_FIELD, ""))


class ServedCodegen(FaultProxy):
    """A context manager like `CodegenServer`, with a `genloom serve` embedded in this process and a scripted model.

    Each run's code begins with `x = 1`. Of a plan counts `seconds`: how long the model thinks each time that it is asked
    (`polls`: a tenth of a second each).
    """

    _numbers: ClassVar = itertools.count()

    def __init__(
        self,
        folder: Path,
        plans: RunPlan | None = None,
        *,
        faults: FaultSource = (),
        limits: Limits = UNLIMITED,
    ) -> None:
        super().__init__(faults=faults)
        self._plan = plans or RunPlan()
        self._model = OpenAIServer(self._reply)
        self._asker = ThreadPoolExecutor(1)
        self.settings = ServerSettings(
            data=folder / f"served-{next(self._numbers)}",
            port=0,
            model=MODEL,
            limits=limits,
            runs_per_worker=8,
            drain_seconds=1.0,
        )

    def __enter__(self) -> Self:
        self._model.__enter__()
        self._before = {name: os.environ.get(name) for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY")}
        os.environ.update(OPENAI_BASE_URL=self._model.base_url, OPENAI_API_KEY="any")  # the worker reads them here
        self.served = EmbeddedServer(self.settings)
        self.served.start()
        self.upstream = self.served.url
        self.token = self.served.with_repositories.token
        super().__enter__()
        return self

    def __exit__(self, *reason: object) -> None:
        super().__exit__(*reason)
        self.served.stop()
        for name, text in self._before.items():
            os.environ.pop(name) if text is None else os.environ.update({name: text})
        self._model.__exit__(*reason)
        self._asker.shutdown()

    @property
    def runs(self) -> tuple[ServedRunView, ...]:
        """The runs of organisation 1 in the server's database, oldest first."""
        found, _ = self._ask(lambda storage: storage.runs.page(1, skip=0, limit=10_000))
        return tuple(map(ServedRunView, reversed(found)))

    def _ask(self, question: Callable[[Any], Any]) -> Any:  # Any: whatever the storage answers
        # in a thread of its own: tests ask from within their loops
        return self._asker.submit(asyncio.run, self.served.ask(question)).result(UPSTREAM_SECONDS)

    def _reply(self, request: RecordedRequest) -> str:
        looks = LOOK_SECONDS * min(self._plan.polls, 10)
        time.sleep(looks if self._plan.seconds is None else self._plan.seconds)
        name = _ASKED_FOR.search(request.body.decode())
        word = name[0].removesuffix(" it").replace(" ", "_") if name else "unknown"
        return f"```python\nx = 1\n\n\ndef {word}() -> None:\n    return None\n```"
