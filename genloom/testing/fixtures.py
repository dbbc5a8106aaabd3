"""The kit in pytest: `pytest_plugins = ["genloom.testing.fixtures"]` in the `conftest.py` at your tests' root.

Nothing is registered by itself: a suite that does not ask for these pays nothing and gets no new names. Beside fixtures
there are two options: `--model-recording MODE` sets the mode of `model_recording`, and `--forbid-real-models` (or
`forbid_real_models = true` in pytest's own configuration) forbids real models in the whole run.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from genloom.testing.codegen import CodegenServer
from genloom.testing.openai_server import OpenAIServer
from genloom.testing.real_models import forbid_real_models

if TYPE_CHECKING:
    from genloom.testing.recording import ModelRecording

__all__ = ["codegen_server", "make_codegen_server", "make_openai_server", "model_recording", "no_real_models"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the kit."""
    group = parser.getgroup("genloom")
    modes = ("replay", "record", "missing")
    group.addoption("--model-recording", choices=modes, help="what `model_recording` does; default: replay")
    group.addoption("--forbid-real-models", action="store_true", help="a call of a real model is an error")
    parser.addini("forbid_real_models", "a call of a real model is an error", type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Forbid real models until the run ends, where that is asked for."""
    if config.getoption("--forbid-real-models", default=False) or config.getini("forbid_real_models"):
        switch = ExitStack()
        switch.enter_context(forbid_real_models())
        config.add_cleanup(switch.close)


@pytest.fixture
def no_real_models() -> Iterator[forbid_real_models]:
    """Forbids calls of real models during the test; `no_real_models.refused` tells what was refused."""
    with forbid_real_models() as switch:
        yield switch


@pytest.fixture
def model_recording(request: pytest.FixtureRequest) -> ModelRecording:
    """The recording of this test: `recordings/<file>/<test>.json` beside the test's file, the test named with its classes.

    Its mode is that of `--model-recording`, else of `GENLOOM_MODEL_RECORDING`, else `replay`.
    """
    from genloom.testing.recording import ModelRecording  # here: LangChain is heavy, and only who records pays

    name = request.node.nodeid.partition("::")[2]  # with its classes
    file = re.sub(r"[^\w.-]+", "_", name)[:80]
    if file != name:  # so that no two tests share one
        file = f"{file}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    folder = request.path.parent / "recordings" / request.path.stem
    return ModelRecording(folder / f"{file}.json", request.config.getoption("--model-recording", default=None))


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
