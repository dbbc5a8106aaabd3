"""LangGraph's own development server on loopback, with genloom's graphs in it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
FOREIGN = ("GENLOOM_", "OPENAI_", "CODEGEN_", "LANGSMITH_", "LANGCHAIN_", "LANGGRAPH_")
"""What the server's environment must not bring along."""


@contextmanager
def development_server(folder: Path, more: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run it in an empty folder, with nothing configured but `more`; its URL."""
    if find_spec("langgraph_api") is None or find_spec("langgraph_cli") is None:
        pytest.skip("LangGraph's development server (the studio extra) is not installed")
    shutil.copy(ROOT / "langgraph.json", folder)  # the server writes its files beside its configuration
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "langgraph_cli", "dev", "--no-browser", "--no-reload", "--port", str(port)]
    quiet = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)} | {
        "PYTHONPATH": str(ROOT),
        "LANGGRAPH_CLI_NO_ANALYTICS": "1",
        "GENLOOM_HOME": str(folder / "genloom-home"),
        **(more or {}),
    }
    log = folder / "server.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=folder, env=quiet, stdout=output, stderr=subprocess.STDOUT) as process,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(url, process, log)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            if httpx.get(f"{url}/ok", timeout=1).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"The server did not start:\n{log.read_text()[-3000:]}")
