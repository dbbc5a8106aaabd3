"""The probes of the stored cases see what they are for: each effect is brought about here, by harmless code of our own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from canary import SECRET_VARIABLE, Canary, guarded_canary
from descendants import adopting_orphans, descendants


def keep(canary: Canary) -> Path:
    return canary.folder / "victim" / "keep.txt"


def connect(canary: Canary) -> None:
    with socket.create_connection(canary.listener.tcp.getsockname()):
        pass


def connect_by_path(canary: Canary) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(canary.folder / "sock"))


EFFECTS: dict[str, Callable[[Canary], object]] = {
    "drop:x": lambda canary: (canary.folder / "drop" / "x").touch(),
    "mode": lambda canary: keep(canary).chmod(0o600),
    "mtime": lambda canary: os.utime(keep(canary), (1, 1)),
    "gone": lambda canary: keep(canary).unlink(),
    "hit": connect,
}


@pytest.mark.parametrize(("name", "effect"), [*EFFECTS.items(), ("hit", connect_by_path)])
def test_effect_on_the_canary_is_seen(name: str, effect: Callable[[Canary], object]) -> None:
    """An untouched canary shows nothing; each effect shows as what the cases call it."""
    with guarded_canary() as canary:
        assert canary.effects() == []
        effect(canary)
        assert canary.effects() == [name]


def test_canary_hides_a_secret_in_the_environment_and_in_files() -> None:
    """The secret is there to be found, and gone afterwards."""
    with guarded_canary() as canary:
        placed = canary.place("@CANARY@/home/.netrc 39471")
        path, port = placed.split()
        assert os.environ[SECRET_VARIABLE] == canary.secret == Path(path).read_text()
        assert int(port) == canary.listener.tcp.getsockname()[1]
    assert SECRET_VARIABLE not in os.environ
    assert not canary.folder.exists()


ORPHAN = (
    "import os, time\nif os.fork() == 0:\n    os.setsid()\n    print(os.getpid(), flush=True)\n    time.sleep(30)\n"
)


def test_process_that_lost_its_parent_is_counted_until_it_ends() -> None:
    """An orphan in a session of its own is still seen; one that was killed is not."""
    with adopting_orphans():
        before = descendants()
        with subprocess.Popen([sys.executable, "-I", "-c", ORPHAN], stdout=subprocess.PIPE) as started:
            assert started.stdout
            orphan = int(started.stdout.readline())
            started.wait()
        assert descendants().keys() - before.keys() == {orphan}
        os.kill(orphan, 9)
        os.waitpid(orphan, 0)
        assert orphan not in descendants()
