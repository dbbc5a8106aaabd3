"""The pytest fixtures for users' own suites."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SUITE = """
import httpx
from genloom.errors import CredentialError
from genloom.testing import Fault, RunPlan
from genloom.tools.codegen import Agent


def test_the_environment_points_to_the_server(codegen_server):
    assert Agent().run("make it").wait(deadline=30).result == "done"
    assert len(codegen_server.runs) == 1


def test_servers_are_made_with_arguments(make_codegen_server, make_openai_server):
    first, second = make_codegen_server(RunPlan(result="x")), make_codegen_server(faults=[Fault(status=500)])
    assert first.base_url != second.base_url
    assert make_openai_server(["hello"]).base_url.endswith("/v1")
"""


@pytest.mark.slow
def test_a_users_suite_gets_servers_by_asking_for_them(tmp_path: Path) -> None:
    """With one line in its conftest; the servers start, are found through the environment, and stop."""
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["genloom.testing.fixtures"]\n')
    (tmp_path / "test_user.py").write_text(SUITE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
