"""Both faces of a graph, for the tests that ask for `face`."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["sync", "async"])
def face(request: pytest.FixtureRequest) -> str:
    return str(request.param)
