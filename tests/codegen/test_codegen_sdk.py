"""The official SDK and the drop-in `Agent` side by side: one program, one server, what each sees."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from sdk_environment import SdkMissingError, run_program, sdk_python

from genloom.testing import CodegenServer, RunPlan

pytestmark = pytest.mark.slow

IMPORTS = {"sdk": "from codegen import Agent", "genloom": "from genloom.tools.codegen import Agent"}

PROGRAM = """
{the_import}
import json, sys, time
token, base_url, org_id = sys.argv[1:]
agent = Agent(token=token, org_id=int(org_id), base_url=base_url)
seen = [agent.org_id, agent.current_job, agent.get_status()]
task = agent.run(prompt="make it")
seen += [agent.current_job is task, task.id, task.org_id, task.status, task.result, task.web_url]
looks = 0
while task.status not in ("completed", "failed") and looks < 5:
    task.refresh()
    looks += 1
seen += [looks, task.status, task.result, task.web_url, agent.get_status()]
second = agent.run("make another")
seen += [second.id, agent.current_job is second, task.id]
print(json.dumps(seen))
"""

ENVIRONMENT = """
{the_import}
import json, os
print(json.dumps(os.environ.get("CODEGEN_ORG_ID")))
"""


@pytest.fixture(scope="module")
def pythons() -> dict[str, Path]:
    """The interpreter of each side."""
    try:
        return {"sdk": sdk_python(), "genloom": Path(sys.executable)}
    except SdkMissingError as reason:
        pytest.skip(f"the SDK is not here: {reason}")


class Side:
    """One of the two in a folder of its own."""

    def __init__(self, name: str, python: Path, folder: Path) -> None:
        folder.mkdir()
        self.name, self.python, self.folder = name, python, folder

    def run(self, program: str, server: CodegenServer, *, org_id: int = 1, **variables: str) -> Any:
        """Return what the program printed; an exception's name when it ended with one."""
        told = {"CODEGEN_API_BASE_URL": server.base_url, **variables}
        text = program.replace("{the_import}", IMPORTS[self.name])
        arguments = (server.token, server.base_url, str(org_id))
        done = run_program(self.python, text, *arguments, folder=self.folder, variables=told)
        if done.returncode != 0:
            return re.findall(r"^[\w.]*?(\w+): ", done.stderr, re.MULTILINE)[-1]  # below it stands what to do
        return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.fixture
def sdk(pythons: dict[str, Path], tmp_path: Path) -> Side:
    return Side("sdk", pythons["sdk"], tmp_path / "sdk")


@pytest.fixture
def ours(pythons: dict[str, Path], tmp_path: Path) -> Side:
    return Side("genloom", pythons["genloom"], tmp_path / "genloom")


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_a_program_sees_the_same_with_either_import(sdk: Side, ours: Side, status: str) -> None:
    """Every attribute and every look, where the server writes its statuses as the SDK's guide has them."""
    seen = []
    for side in (sdk, ours):
        plan = RunPlan(polls=2, before="running", status=status, result="x = 1")
        with CodegenServer(plan) as server:
            seen.append(side.run(PROGRAM, server))
            assert [(run.asked.prompt, run.org_id) for run in server.runs] == [("make it", 1), ("make another", 1)]
    assert seen[0] == seen[1]
    assert isinstance(seen[0], list)


def test_the_loop_of_the_guide_ends_here_on_the_status_that_the_server_writes(sdk: Side, ours: Side) -> None:
    """ "COMPLETE" is no word of the SDK's guide: its loop goes on for ever. Here the word is "completed"."""
    looks = []
    for side in (sdk, ours):
        with CodegenServer(RunPlan(polls=2, status="COMPLETE")) as server:
            seen = side.run(PROGRAM, server)
            looks.append((seen[9], seen[10]))
    assert looks == [(5, "COMPLETE"), (2, "completed")]


def test_a_foreign_organisation_raises_here_and_is_swapped_silently_there(sdk: Side, ours: Side) -> None:
    """With organisations in its login file, the SDK runs in another one than it was told."""
    login = {"token": "t", "organization": {"id": 1}, "organizations_cache": [{"id": 1, "name": "One"}]}
    ran = []
    for side in (sdk, ours):
        (side.folder / ".codegen").mkdir(exist_ok=True)
        (side.folder / ".codegen" / "auth.json").write_text(json.dumps(login))
        with CodegenServer() as server:
            said = side.run(PROGRAM, server, org_id=999)
            ran.append((said if isinstance(said, str) else said[0], [run.org_id for run in server.runs]))
    assert ran == [(1, [1, 1]), ("AccessRefusedError", [])]


def test_an_env_file_changes_the_environment_there_and_nothing_here(sdk: Side, ours: Side) -> None:
    """Importing the SDK puts what stands in `.env` above what the caller's environment says: that of the working folder when
    it is imported without a file (`python -c`, a session), else one above its installation."""
    told = []
    for side in (sdk, ours):
        (side.folder / ".env").write_text("CODEGEN_ORG_ID=666\n")
        with CodegenServer() as server:
            told.append(side.run(ENVIRONMENT, server, CODEGEN_ORG_ID="1"))
    assert told == ["666", "1"]
