"""The pytest fixtures for users' own suites."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SUITE = """
import pytest
from langchain_openai import ChatOpenAI
from genloom.testing import Fault, RealModelError, RecordedChatModel, RunPlan
from genloom.tools.codegen import Agent


def test_the_environment_points_to_the_server(codegen_server):
    assert Agent().run("make it").wait(deadline=30).result == "done"
    assert len(codegen_server.runs) == 1


def test_servers_are_made_with_arguments(make_codegen_server, make_openai_server):
    first, second = make_codegen_server(RunPlan(result="x")), make_codegen_server(faults=[Fault(status=500)])
    assert first.base_url != second.base_url
    assert make_openai_server(["hello"]).base_url.endswith("/v1")


def test_real_models_can_be_forbidden(no_real_models):
    with pytest.raises(RealModelError):
        ChatOpenAI(model="gpt-x", api_key="any").invoke("hello")
    assert len(no_real_models.refused) == 1


@pytest.mark.parametrize("case", ["a/b", "a b"])
def test_a_model_is_recorded(model_recording, make_openai_server, case):
    server = make_openai_server("four")
    model = ChatOpenAI(model="test-model", api_key="any", base_url=server.base_url)
    assert RecordedChatModel(model=model, recording=model_recording).invoke("2 + 2?").content == "four"
    assert len(server.chats) == (model_recording.mode == "record")


class TestOne:
    def test_it(self, model_recording, make_openai_server):
        test_a_model_is_recorded(model_recording, make_openai_server, "one")


class TestTwo(TestOne):
    pass
"""

CALLING = """
from langchain_openai import ChatOpenAI


def test_it_asks_a_real_model():
    ChatOpenAI(model="gpt-x", api_key="any", base_url="https://models.invalid/v1", max_retries=0).invoke("hello")
"""


def run_pytest(folder: Path, *options: str) -> str:
    """Return what pytest says of a suite in a process of its own."""
    (folder / "conftest.py").write_text('pytest_plugins = ["genloom.testing.fixtures"]\n')
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, str(folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    return done.stdout + done.stderr


@pytest.mark.slow
def test_a_users_suite_gets_servers_and_recordings_by_asking_for_them(tmp_path: Path) -> None:
    """With one line in its conftest; the servers start, are found through the environment, and stop. What one run
    records beside the tests the next replays, a file for each test."""
    (tmp_path / "test_user.py").write_text(SUITE)
    for mode in ("record", "replay"):
        assert "7 passed" in run_pytest(tmp_path, f"--model-recording={mode}")
    assert len(list((tmp_path / "recordings" / "test_user").glob("*.json"))) == 4


@pytest.mark.slow
@pytest.mark.parametrize("asked", ["option", "setting"])
def test_a_users_suite_forbids_real_models_as_a_whole(tmp_path: Path, asked: str) -> None:
    """By an option or in pytest's configuration: the test that calls one fails, and says why."""
    (tmp_path / "test_calling.py").write_text(CALLING)
    if asked == "setting":
        (tmp_path / "pytest.ini").write_text("[pytest]\nforbid_real_models = true\n")
    told = run_pytest(tmp_path, *(["--forbid-real-models"] if asked == "option" else []))
    assert "1 failed" in told
    assert "RealModelError: A real model was about to be called: ChatOpenAI (models.invalid)" in told
