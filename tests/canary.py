"""A folder that hostile code must not reach: open to every user of the machine, so that only the sandbox protects it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PORT_IN_THE_CASES", "SECRET_VARIABLE", "Canary", "Ground", "canary_ground"]

PORT_IN_THE_CASES = "39471"
SECRET_VARIABLE = "SBX_SECRET_TOKEN"
KEPT = "keep"


class Listener(threading.Thread):
    """Counts connections to a loopback port and to a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self.hits = 0
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.unix = socket.socket(socket.AF_UNIX)
        self.unix.bind(str(path))
        path.chmod(0o777)
        self.unix.listen()
        for server in (self.tcp, self.unix):
            server.setblocking(False)
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.wait(0.01):
            self.look()

    def look(self) -> None:
        for server in (self.tcp, self.unix):
            with contextlib.suppress(BlockingIOError):
                server.accept()[0].close()
                self.hits += 1

    def close(self) -> None:
        self.stopped.set()
        self.join()
        self.look()
        self.tcp.close()
        self.unix.close()


class Canary:
    """`home/` with fake credentials, `victim/keep.txt`, `drop/`, a socket, and a listener; `effects` tells what changed."""

    def __init__(self, folder: Path, secret: str) -> None:
        self.folder = folder
        self.secret = secret
        for name in ("home/.aws", "drop", "victim"):
            (folder / name).mkdir(parents=True)
        for name in ("home/.aws/credentials", "home/.netrc", "home/.env"):
            (folder / name).write_text(self.secret)
        self._keep = folder / "victim" / "keep.txt"
        self._keep.write_text(KEPT)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)
        self._before = self._keep.stat()
        self.listener = Listener(folder / "sock")
        self.listener.start()

    def place(self, source: str) -> str:
        """Put this folder and this port where a stored case names them."""
        port = self.listener.tcp.getsockname()[1]
        return source.replace("@CANARY@", str(self.folder)).replace(PORT_IN_THE_CASES, str(port))

    def effects(self) -> list[str]:
        """What reached this folder or the sockets, in the words of the cases' probes."""
        self.listener.look()
        found = [f"drop:{path.name}" for path in sorted((self.folder / "drop").iterdir())]
        found += ["hit"] if self.listener.hits else []
        try:
            after, text = self._keep.stat(), self._keep.read_text()
        except OSError:
            return [*found, "gone"]
        found += ["gone"] if text != KEPT else []
        found += ["mode"] if after.st_mode != self._before.st_mode else []
        found += ["mtime"] if after.st_mtime_ns != self._before.st_mtime_ns else []
        return found


@dataclass(frozen=True)
class Ground:
    """Where canaries are set free, one after the other: each in a folder of its own, all with the same secret."""

    folder: Path
    secret: str

    @contextlib.contextmanager
    def canary(self) -> Iterator[Canary]:
        """Make a canary that nothing has been done to yet."""
        canary = Canary(Path(tempfile.mkdtemp(prefix="canary-", dir=self.folder)), self.secret)
        try:
            yield canary
        finally:
            canary.listener.close()
            shutil.rmtree(canary.folder, ignore_errors=True)


@contextlib.contextmanager
def canary_ground() -> Iterator[Ground]:
    """Put the canaries' secret into the environment, and let temporary folders be made beside them.

    Warm servers stay as long as the temporary folder is the same; what they could have kept of the environment is the
    secret of every canary here.
    """
    base = Path(tempfile.mkdtemp(prefix="canaries-"))
    base.chmod(0o755)
    temporary, tempfile.tempdir = tempfile.tempdir, str(base)
    before, secret = os.environ.get(SECRET_VARIABLE), secrets.token_hex(12)
    os.environ[SECRET_VARIABLE] = secret
    try:
        yield Ground(base, secret)
    finally:
        tempfile.tempdir = temporary
        os.environ.pop(SECRET_VARIABLE)
        if before is not None:
            os.environ[SECRET_VARIABLE] = before
        shutil.rmtree(base, ignore_errors=True)
