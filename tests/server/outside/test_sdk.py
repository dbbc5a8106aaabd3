"""The official SDK, unchanged, against a real `genloom serve` with nothing configured but its folder."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sdk_environment import SdkMissingError, run_program, sdk_python
from serve_process import ServeProcess

pytestmark = pytest.mark.slow

SLUGIFY = """Write slugify(text): lower case, words joined by dashes.

slugify("Hello World") == "hello-world"
slugify("a b c") == "a-b-c"
slugify("One") == "one"
slugify("Make It So") == "make-it-so"
"""

GUIDE = """
import json, sys, time
from codegen import Agent

token, base_url, org_id, prompt = sys.argv[1:]
agent = Agent(token=token, org_id=int(org_id), base_url=base_url)
task = agent.run(prompt=prompt)
seen = [task.status]
while task.status != "completed":
    if task.status == "failed":
        break
    time.sleep(0.2)
    task.refresh()
    if seen[-1] != task.status:
        seen.append(task.status)
print(json.dumps({"id": task.id, "org": task.org_id, "seen": seen, "result": task.result, "web_url": task.web_url}))
"""
"""The loop of the SDK's guide; whoever starts it bounds it."""

LISTING = """
import json, sys
from codegen_api_client import ApiClient, Configuration
from codegen_api_client.api import OrganizationsApi, UsersApi

token, base_url, org_id = sys.argv[1:]
client = ApiClient(Configuration(host=base_url, access_token=token))
told = {"authorization": f"Bearer {token}"}
organizations = OrganizationsApi(client).get_organizations_v1_organizations_get(**told)
users = UsersApi(client).get_users_v1_organizations_org_id_users_get(org_id=org_id, **told)
print(json.dumps([[each.id for each in page.items] for page in (organizations, users)]))
"""
"""What the generated client below the SDK lists."""

COMMAND = """
import os, sys
token, address, org_id = sys.argv[1:4]
os.environ.update(CODEGEN_API_BASE_URL=address, CODEGEN_ORG_ID=org_id, TELEMETRY_CONSENT_PROMPTED="true")
if sys.argv[4:] == ["login"]:
    from codegen.cli.auth.token_manager import TokenManager
    TokenManager().authenticate_token(token)
else:
    from codegen.cli.cli import main
    sys.argv[1:] = sys.argv[4:]
    main()
"""
"""The SDK's own command line, which reports to nobody; of `login` the part before its screens."""


@pytest.fixture(scope="module")
def python() -> Path:
    """The interpreter that has the SDK."""
    try:
        return sdk_python()
    except SdkMissingError as reason:
        pytest.skip(f"the SDK is not here: {reason}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServeProcess]:
    """A server that was told its folder and its token, and nothing else."""
    with ServeProcess(tmp_path_factory.mktemp("serve")) as running:
        yield running


class Sdk:
    """Programs that use the SDK."""

    def __init__(self, python: Path, server: ServeProcess, folder: Path) -> None:
        self._python, self._server, self._folder = python, server, folder

    def run(self, program: str, *more: str) -> Any:
        """Return what a program printed."""
        done = self.process(program, *more)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def process(
        self, program: str, *more: str, token: str | None = None, org_id: int = 1
    ) -> subprocess.CompletedProcess[str]:
        """Return a program's end, whichever it was."""
        arguments = (self._server.token if token is None else token, self._server.base_url, str(org_id), *more)
        return run_program(self._python, program, *arguments, folder=self._folder, variables={})


@pytest.fixture
def sdk(python: Path, server: ServeProcess, tmp_path: Path) -> Sdk:
    return Sdk(python, server, tmp_path)


def test_the_loop_of_the_guide_creates_polls_and_finishes_a_run(sdk: Sdk, server: ServeProcess) -> None:
    """`while task.status != "completed"` ends, with code that does what the prompt's examples say."""
    told = sdk.run(GUIDE, SLUGIFY)
    assert told["seen"][0] == "queued"
    assert told["seen"][-1] == "completed"
    names: dict[str, Any] = {}
    exec(told["result"], names)  # made by the search from a fixed grammar, for the prompt above
    assert names["slugify"]("Not Among Them") == "not-among-them"
    with server.client() as client:
        page = client.get(told["web_url"])
    assert page.status_code == 200
    assert "completed" in page.text


def test_a_prompt_that_nothing_can_be_made_of_fails_and_says_why(sdk: Sdk, server: ServeProcess) -> None:
    """Without a model and without examples the run ends as failed, and its summary says what would help."""
    told = sdk.run(GUIDE, "Make the whole thing better.")
    assert told["seen"][-1] == "failed"
    assert told["result"] is None
    with server.client() as client:
        run = client.get(f"/v1/organizations/1/agent/run/{told['id']}").json()
    assert "--model" in run["summary"]


def test_the_client_below_the_sdk_lists_organisations_and_users(sdk: Sdk) -> None:
    """Each listing is parsed by the generated models, which demand every documented field."""
    assert sdk.run(LISTING) == [[1], [1]]


def test_the_sdks_command_line_makes_runs_and_lists_them(sdk: Sdk, server: ServeProcess) -> None:
    """`codegen login`, `codegen agent --prompt` and `codegen agents list` work by the three values that are printed."""
    for command in (("login",), ("agent", "--prompt", "Make it so."), ("agents", "list")):
        done = sdk.process(COMMAND, *command)
        assert done.returncode == 0, done.stdout + done.stderr
    newest = runs(server)[0]
    assert str(newest["id"]) in done.stdout
    assert newest["source_type"] == "API"


@pytest.mark.parametrize(
    ("token", "org_id", "status"), [("not-the-token", 1, "401"), (None, 2, "403")], ids=["token", "organisation"]
)
def test_a_wrong_token_and_another_organisation_are_refused_as_the_sdk_knows_it(
    sdk: Sdk, server: ServeProcess, token: str | None, org_id: int, status: str
) -> None:
    """The SDK raises its own exception of that status, and no run is made."""
    before = runs(server)
    ended = sdk.process(GUIDE, SLUGIFY, token=token, org_id=org_id)
    assert ended.returncode == 1
    assert "codegen_api_client.exceptions" in ended.stderr
    assert f"({status})" in ended.stderr
    assert runs(server) == before


def runs(server: ServeProcess) -> list[dict[str, Any]]:
    """The server's list of runs."""
    with server.client() as client:
        return list(client.get("/v1/organizations/1/agent/runs").json()["items"])
