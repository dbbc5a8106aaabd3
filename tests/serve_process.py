"""`genloom serve` as a process of its own, as an operator starts it: started, killed, started again."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self

import httpx
from descendants import descendants

import genloom

__all__ = ["NO_LIMITS", "ServeProcess"]

START_SECONDS = 90.0
STOP_SECONDS = 60.0
NO_LIMITS = {f"GENLOOM_SERVE_RATE_{name}": "off" for name in ("GENERAL", "CREATION", "LOGS", "EDITS", "RULES", "SETUP")}


class ServeProcess:
    """A context manager: inside it a server with those options runs, on a free port unless one is given. After `kill`,
    `start` brings it back at the same address, with the same token. `log` is what it wrote to standard error."""

    def __init__(
        self,
        folder: Path,
        *,
        options: Sequence[str] = (),
        variables: Mapping[str, str] | None = None,
        port: int = 0,
        token: str | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.log = folder, folder / "serve.log"
        self.token = token or secrets.token_hex(24)
        self.port = port
        self.database = f"sqlite:///{folder / 'data' / 'server.db'}"
        self._options, self._variables = tuple(options), dict(variables or {})
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        """The address, as the server printed it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The id of the server's process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and return when it has printed what a client needs."""
        # nothing of this process's environment but where Python finds things
        told = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "GENLOOM_HOME": str(self.folder / "home")}
        told["PYTHONPATH"] = str(Path(genloom.__path__[0]).parent)
        command = (sys.executable, "-m", "genloom", "serve", "--json", "--port", str(self.port), "--token", self.token)
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                [*command, "--data", str(self.folder / "data"), *self._options],
                env={**told, **self._variables},
                cwd=self.folder,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the server did not start: {self.log.read_text()[-2000:]}"
        said = json.loads(line)
        self.port = int(said["CODEGEN_API_BASE_URL"].rpartition(":")[2])
        self._wait_until_ready()

    def kill(self, *, workers: bool = True) -> None:
        """End the server with SIGKILL, and its workers with all that they started, too."""
        assert self._process is not None
        told = list(descendants(self.pid)) if workers else []
        _kill([self.pid, *told])
        self._process.wait(STOP_SECONDS)

    def kill_workers(self) -> None:
        """End the workers alone with SIGKILL, with all that they started."""
        _kill(descendants(self.pid))

    def stop(self) -> int:
        """End it as an operator does, and return its exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            told = list(descendants(self.pid))
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                _kill([self.pid, *told])
                raise
        return self._process.wait(STOP_SECONDS)

    def client(self, token: str | None = None) -> httpx.Client:
        """Return a client of organisation 1, with the server's own token or another."""
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        return httpx.Client(base_url=self.base_url, headers=headers, timeout=30, trust_env=False)

    def _wait_until_ready(self) -> None:
        give_up, told = time.monotonic() + START_SECONDS, ""
        while time.monotonic() < give_up:
            try:
                answer = httpx.get(f"{self.base_url}/readyz", timeout=10, trust_env=False)
                if answer.status_code == 200:
                    return
                told = answer.text
            except httpx.TransportError as error:
                told = repr(error)
            time.sleep(0.05)
        raise AssertionError(f"the server was not ready in time: {told}; {self.log.read_text()[-2000:]}")


def _kill(numbers: Iterable[int]) -> None:
    for number in numbers:
        try:
            os.kill(number, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it has ended meanwhile
