"""A fast pace and a client for the loopback server of the Codegen API."""

from __future__ import annotations

from collections.abc import Callable
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


@pytest.fixture
def client_of() -> Callable[..., AsyncCodegen]:
    """Makes a client of a server."""

    def make(server: CodegenServer, **options: Any) -> AsyncCodegen:
        settings: dict[str, Any] = {"token": server.token, "org_id": 1, "base_url": server.base_url, "pacing": FAST}
        return AsyncCodegen(**{**settings, **options})

    return make
