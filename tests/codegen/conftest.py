"""A fast pace and a client for the loopback server of the Codegen API."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from genloom.testing import CodegenServer
from genloom.tools.codegen import AsyncCodegen, Pacing
from genloom.tools.codegen.traffic import UNLIMITED

FAST = Pacing(
    poll_first=0.01,
    poll_cap=0.03,
    retry_base=0.01,
    retry_cap=0.03,
    retry_after_cap=0.05,
    settle=(0.0, 0.02, 0.05),
    resting=0.2,
    attempts=6,
    limits=UNLIMITED,
)


@pytest.fixture
def pace() -> Pacing:
    """The default pace, a hundred times faster."""
    return FAST


@pytest.fixture(params=["rehearsed", pytest.param("served", marks=pytest.mark.slow)])
def server_of(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., CodegenServer]:
    """Makes servers that fail as they are told: of `genloom.testing`, and `genloom serve` with a model and real runs."""
    if request.param == "rehearsed":
        return CodegenServer
    pytest.importorskip("fastapi", reason="the extra `serve` is not installed")
    from served_codegen import ServedCodegen  # here: few tests need it

    made: Any = partial(ServedCodegen, tmp_path)  # Any: it has what the tests ask of a `CodegenServer`, and no more
    return made


@pytest.fixture
def client_of() -> Callable[..., AsyncCodegen]:
    """Makes a client of a server."""

    def make(server: CodegenServer, **options: Any) -> AsyncCodegen:
        settings: dict[str, Any] = {"token": server.token, "org_id": 1, "base_url": server.base_url, "pacing": FAST}
        return AsyncCodegen(**{**settings, **options})

    return make
