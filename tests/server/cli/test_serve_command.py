"""`genloom serve` as a process: what it prints, how it ends, and what keeps it from starting."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from genloom.errors import UsageError
from genloom.tools.codegen import UNLIMITED, AsyncCodegen, Pacing
from genloom.tools.codegen.webhook_receiver import WebhookReceiver
from genloom.tools.codegen.wire import WebhookOverride

SECONDS = 60.0
SLUG = [
    "slugify('Hello, World!') == 'hello-world'",
    "slugify('  A  b ') == 'a-b'",
    "slugify('Already-Fine') == 'already-fine'",
    "slugify('Top 10 Tips') == 'top-10-tips'",
]


class Served:
    """A server that was started as a command; `lines` is what it had printed when it was ready."""

    def __init__(self, home: Path, *arguments: str, lines: int = 3, **variables: str) -> None:
        self.errors = home / "stderr"
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "genloom", "serve", "--port", "0", *arguments],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, "GENLOOM_HOME": str(home / "home"), **variables},
            )
        assert self.process.stdout is not None
        self.lines = [self.process.stdout.readline().rstrip("\n") for _ in range(lines)]
        self.told = self.errors.read_text()

    def value(self, name: str) -> str:
        [value] = [line.partition("=")[2] for line in self.lines if line.startswith(f"export {name}=")]
        return value

    @property
    def names(self) -> list[str]:
        """The variables that it told clients to set."""
        return [line.removeprefix("export ").partition("=")[0] for line in self.lines]

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        """Return its exit code, what else it printed, and all that it said on standard error."""
        self.process.send_signal(number)
        more, _ = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, more, self.errors.read_text()


Start = Callable[..., Served]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as stack:

        def starting(*arguments: str, **options: object) -> Served:
            served = Served(tmp_path, *arguments, **options)  # type: ignore[arg-type]
            stack.callback(served.process.kill)
            return served

        yield starting


@pytest.mark.slow
async def test_with_nothing_configured_it_prints_the_three_lines_and_our_client_works(start: Start) -> None:
    served = start()
    names = [line.partition("=")[0] for line in served.lines]
    assert names == ["export CODEGEN_API_BASE_URL", "export CODEGEN_API_TOKEN", "export CODEGEN_ORG_ID"]
    token = served.value("CODEGEN_API_TOKEN")
    client = AsyncCodegen(
        token=token,
        org_id=int(served.value("CODEGEN_ORG_ID")),
        base_url=served.value("CODEGEN_API_BASE_URL"),
        pacing=Pacing(poll_first=0.1, poll_cap=0.5, limits=UNLIMITED),
    )
    async with client:
        run = await client.run("Make a URL slug of a title", metadata={"examples": SLUG}, deadline=SECONDS)
    assert run.status == "completed"
    assert "def slugify" in (run.result or "")
    page = httpx.get(run.web_url, trust_env=False)
    assert page.status_code == 200
    assert "def slugify" in page.text
    code, more, errors = served.end()
    assert (code, more) == (0, "")
    assert token not in errors
    assert "signature=" not in errors
    assert "Traceback" not in errors


@pytest.mark.slow
def test_the_guide_s_first_requests_end_proven_on_a_server_without_a_model(start: Start) -> None:
    guide = (Path(__file__).parents[3] / "docs" / "serve.md").read_text()
    commands = {
        command.split()[0]: shlex.split(command)
        for block in re.findall(r"```sh\n(.*?)```", guide, re.DOTALL)
        for command in block.replace("\\\n", " ").splitlines()
        if command.startswith(("genloom agent run", "curl"))
    }
    (of_sdk,) = re.findall(r"agent\.run\((.*?)\n\)", guide, re.DOTALL)
    asked = json.loads(commands["curl"][commands["curl"].index("-d") + 1])
    served = start()
    environment = {**os.environ, **{name: served.value(name) for name in served.names}}
    ended = subprocess.run(
        [sys.executable, "-m", *commands["genloom"]],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env=environment,
        check=False,
    )
    assert (ended.returncode, "Passed:" in ended.stderr) == (0, True), ended.stderr
    headers = {"Authorization": f"Bearer {served.value('CODEGEN_API_TOKEN')}"}
    runs = f"{served.value('CODEGEN_API_BASE_URL')}/v1/organizations/1/agent/run"
    for body in (asked, {"prompt": ast.literal_eval(f"({of_sdk})")}):
        run = httpx.post(runs, json=body, headers=headers, trust_env=False).json()
        for _ in range(600):
            if run["status"] not in ("queued", "in_progress"):
                break
            time.sleep(0.1)
            run = httpx.get(f"{runs}/{run['id']}", headers=headers, trust_env=False).json()
        assert run["summary"].startswith("Passed:"), run["summary"]


@pytest.mark.slow
async def test_a_webhook_given_with_a_run_hears_of_its_end(start: Start) -> None:
    heard, secret = asyncio.Event(), "a secret of some length"
    loop = asyncio.get_running_loop()
    served = start("--webhook-host", "127.0.0.1")
    address = {"org_id": 1, "base_url": served.value("CODEGEN_API_BASE_URL")}
    with WebhookReceiver(secret, lambda number: loop.call_soon_threadsafe(heard.set)) as receiver:
        async with AsyncCodegen(token=served.value("CODEGEN_API_TOKEN"), **address) as client:
            hook = WebhookOverride(url=receiver.url, secret=secret)
            run = await client.create_run("Make a slug", metadata={"examples": SLUG}, webhooks=[hook])
            async with asyncio.timeout(SECONDS):
                await heard.wait()
            ended = await client.get_run(run.id)
            elsewhere = WebhookOverride(url="https://127.0.0.2/", secret=secret)
            with pytest.raises(UsageError, match="not public"):
                await client.create_run("x", webhooks=[elsewhere])
    assert ended.status == "completed"
    assert served.end()[0] == 0


@pytest.mark.slow
def test_ctrl_c_ends_it_with_130_and_json_is_one_object(start: Start) -> None:
    served = start("--json", "--host", "0.0.0.0", "--workers", "0", lines=1)
    told = json.loads(served.lines[0])
    assert set(told) == {"CODEGEN_API_BASE_URL", "CODEGEN_API_TOKEN", "CODEGEN_ORG_ID"}
    assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+", told["CODEGEN_API_BASE_URL"])
    code, more, errors = served.end(signal.SIGINT)
    assert (code, more) == (130, "")
    assert "reverse proxy with TLS" in errors  # it listens for other machines
    assert "without workers" in errors


@pytest.mark.slow
def test_a_token_from_the_environment_counts_and_is_written_nowhere(start: Start) -> None:
    token = "a-token-of-the-operator-0123456789"
    served = start("--workers", "0", GENLOOM_SERVE_TOKEN=token)
    assert served.value("CODEGEN_API_TOKEN") == '"$GENLOOM_SERVE_TOKEN"'
    url = f"{served.value('CODEGEN_API_BASE_URL')}/v1/users/me"
    assert httpx.get(url, headers={"Authorization": f"Bearer {token}"}, trust_env=False).status_code == 200
    assert httpx.get(url, headers={"Authorization": "Bearer other"}, trust_env=False).status_code == 401
    code, _, errors = served.end()
    assert code == 0
    assert token not in errors


@pytest.mark.slow
def test_a_second_server_on_the_port_is_told_so(start: Start, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run_serve(tmp_path, "--port", str(port))
    assert ended.returncode == 2
    assert f"Port {port} on 127.0.0.1 is in use." in ended.stderr
    assert ended.stdout == ""


@pytest.mark.slow
def test_a_damaged_audit_log_and_a_model_without_a_key_are_told_at_the_start(start: Start, tmp_path: Path) -> None:
    """With how to go on; the server serves all the same."""
    data = tmp_path / "data"
    made = run_serve(tmp_path, "keys", "create", "--data", str(data))
    assert made.returncode == 0, made.stderr
    log = data / "audit.jsonl"
    log.write_text(log.read_text().replace("operator", "somebody"))
    served = start("--data", str(data), "--workers", "0", "--model", "openai:gpt-5", OPENAI_API_KEY="")
    for _ in range(1200):
        if "audit log is damaged" in served.errors.read_text():
            break
        time.sleep(0.05)
    assert httpx.head(f"{served.value('CODEGEN_API_BASE_URL')}/healthz", trust_env=False).status_code == 200
    code, _, errors = served.end()
    assert code == 0
    assert "; model: openai:gpt-5; " in errors
    assert "audit log is damaged (line 1: it was changed)" in errors
    assert "move them away, and a new log begins" in errors
    assert "warning: No key for openai:gpt-5 is configured. Set OPENAI_API_KEY" in errors


def run_serve(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Start a server that shall not come up."""
    return subprocess.run(
        [sys.executable, "-m", "genloom", "serve", *arguments],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env={**os.environ, "GENLOOM_HOME": str(home / "home"), **variables},
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--host", "192.0.2.1"], "cannot be listened on"),
        (["--host", "no such host"], "no address"),
        (["--database", "mysql://x/y"], "database"),
        (["--database", "postgresql://u:pass-word-x@127.0.0.1:1/y"], "database"),
        (["--data", "/proc/nowhere"], "/proc/nowhere"),
        (["--token", ""], "token is empty"),
        (["--token", "with a blank"], "token is empty"),
        (["--model", "openai:"], "names no model"),
        (["--webhook-host", "http://x"], "no host that webhooks"),
        (["--port", "70000"], "70000"),
        (["--public-url", "ftp://x"], "public"),
    ],
)
def test_what_makes_no_sense_is_told_with_exit_code_2(tmp_path: Path, arguments: list[str], told: str) -> None:
    ended = run_serve(tmp_path, "--port", "0", *arguments)
    assert ended.returncode == 2, ended.stderr
    assert told.lower() in ended.stderr.lower()
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    assert "pass-word-x" not in ended.stderr


def test_without_the_extra_it_says_what_to_install() -> None:
    code = """
import sys
sys.modules["fastapi"] = None
from genloom.interfaces.cli.main import run
run(["serve", "--port", "0"])
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ended.returncode == 2
    assert "fastapi" in ended.stderr
    assert "pip install 'genloom[serve]'" in ended.stderr


def test_help_of_the_command_loads_nothing_of_the_server() -> None:
    code = """
import sys
from genloom.interfaces.cli.commands import genloom
try:
    genloom.main(["serve", "--help"], standalone_mode=False)
finally:
    assert not {"fastapi", "uvicorn", "sqlalchemy", "starlette", "langgraph"} & set(sys.modules), sorted(sys.modules)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "--webhook-host" in ended.stdout
