"""What every test starts from: no configuration but an empty home of its own."""

import gc
import os
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from genloom.testing import forbid_real_models

settings.register_profile("genloom", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("gate", settings.get_profile("genloom"), derandomize=True)
settings.load_profile("genloom")
"""No time is a condition of passing. A gate draws the same examples each time (`--hypothesis-profile=gate`), all others draw
new ones."""

FOREIGN = ("GENLOOM_", "OPENAI_", "CODEGEN_", "LANGSMITH_", "LANGCHAIN_", "LANGGRAPH_", "GITHUB_", "GITLAB_")


def pytest_configure(config: pytest.Config) -> None:
    """The options that were given to this run are not those of the runs of pytest that its tests start. No test asks a real
    model: one that would, by a key that somebody has configured, fails."""
    os.environ.pop("PYTEST_ADDOPTS", None)
    switch = ExitStack()
    switch.enter_context(forbid_real_models())
    config.add_cleanup(switch.close)


def pytest_collection_finish() -> None:
    """Have the garbage collector leave alone what collecting the tests made: looking through it all again and again stops
    every thread, each time for longer than the short times that some tests give."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment that configures nothing, and a fresh folder for everything that is stored."""
    for name in list(os.environ):
        if name.startswith(FOREIGN) and name != "GENLOOM_DATA":
            monkeypatch.delenv(name)
    folder = tmp_path / "genloom-home"
    monkeypatch.setenv("GENLOOM_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def interruptible() -> None:
    """Ctrl-C counts in every test, and for the programs that it starts: a shell that runs pytest in the background has all
    of them ignore it, and the command line, called by a test, leaves it to end the process at once."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.default_int_handler)
