"""The servers as pytest fixtures: `pytest_plugins = ["genloom.testing.fixtures"]` in the `conftest.py` at your tests' root.

Nothing is registered by itself: a suite that does not ask for these pays nothing and gets no new names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from genloom.testing.codegen import CodegenServer
from genloom.testing.openai_server import OpenAIServer

__all__ = ["codegen_server", "make_codegen_server", "make_openai_server"]


@pytest.fixture
def make_codegen_server() -> Iterator[Callable[..., CodegenServer]]:
    """Starts servers of the Codegen API with the arguments of `CodegenServer`; all of them stop with the test."""
    with ExitStack() as running:
        yield lambda *plans, **options: running.enter_context(CodegenServer(*plans, **options))


@pytest.fixture
def make_openai_server() -> Iterator[Callable[..., OpenAIServer]]:
    """Starts servers of OpenAI's API with the arguments of `OpenAIServer`; all of them stop with the test."""
    with ExitStack() as running:
        yield lambda *replies, **options: running.enter_context(OpenAIServer(*replies, **options))


@pytest.fixture
def codegen_server(make_codegen_server: Callable[..., CodegenServer], monkeypatch: pytest.MonkeyPatch) -> CodegenServer:
    """A server of the Codegen API, to which the environment points: what is tested needs no arguments to find it."""
    server = make_codegen_server()
    monkeypatch.setenv("CODEGEN_API_BASE_URL", server.base_url)
    monkeypatch.setenv("CODEGEN_API_TOKEN", server.token)
    monkeypatch.setenv("CODEGEN_ORG_ID", "1")
    return server
