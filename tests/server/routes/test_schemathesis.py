"""Generated requests, right and wrong, against our own OpenAPI document: no 5xx, no answer that it does not describe."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.internal.conjecture import utils as conjecture
from running_server import RunningServer
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CONFORMANCE = [status_code_conformance, content_type_conformance, response_schema_conformance]


class Many(conjecture.many):
    """Hypothesis's `many` with the method that hypothesis-jsonschema 0.23 still asks for."""

    _elements: Iterator[None] | None = None

    def more(self) -> bool:
        """Whether one more is to be drawn."""
        if self._elements is None:
            self.__enter__()
            self._elements = iter(self)
        return next(self._elements, self) is not self


@pytest.fixture(autouse=True)
def drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let hypothesis-jsonschema work with newer versions of Hypothesis."""
    if not hasattr(conjecture.many, "more"):
        monkeypatch.setattr("hypothesis_jsonschema._from_schema.cu", SimpleNamespace(many=Many))


async def sent(url: str, secret: str | None) -> None:
    return


def walk(server: RunningServer, examples: int, *, path: str = "") -> int:
    """Try `examples` right and as many wrong requests of each operation; return how many were answered as they should be.

    Streams are left out: they have no end to wait for, and tests of their own.
    """
    schema = schemathesis.openapi.from_dict(server.app.openapi())
    schema.config.update(base_url=server.base_url)
    headers = {"Authorization": f"Bearer {server.key('admin')}"}
    answered = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path.endswith(path) and not operation.path.endswith("/events"):
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                answered += try_requests(operation, mode, examples, headers)
    return answered


def try_requests(operation: Any, mode: GenerationMode, examples: int, headers: dict[str, str]) -> int:
    checks = CONFORMANCE if "unserved" in (operation.tags or ()) else [*CONFORMANCE, not_a_server_error]
    answered = 0

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def attempt(case: Any) -> None:
        nonlocal answered
        if "org_id" in (case.path_parameters or {}) and answered % 4:
            case.path_parameters["org_id"] = 1  # beyond the door most of the time
        case.call_and_validate(headers=headers, checks=checks)
        answered += 1

    try:
        attempt()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # nothing can be wrong with a request without parameters
    return answered


@pytest.fixture
def furnished(serve: Any) -> RunningServer:
    """A server that sends webhooks and offers a model."""
    server: RunningServer = serve(parts=lambda storage: {"check_url": str, "send_test": sent}, model="local")
    return server


def test_no_request_makes_the_server_fail(furnished: RunningServer) -> None:
    """A few of creating and listing runs, of both kinds."""
    assert walk(furnished, 5, path="/agent/run") > 5
    assert walk(furnished, 5, path="/agent/runs") > 5


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_many_requests_do_not_make_the_server_fail(furnished: RunningServer) -> None:
    """Many of each operation, of both kinds."""
    assert walk(furnished, 20) > 500
