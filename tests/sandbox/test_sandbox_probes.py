"""The probes of the stored cases see what they are for: each effect is brought about here, by harmless code of our own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from canary import SECRET_VARIABLE, Canary, canary_ground
from descendants import adopting_orphans, descendants
from sandbox_variants import VARIANTS, unavailable
from stored_cases import RecordingSandbox, attack

from genloom.tools.sandbox import CallReport
from genloom.tools.sandbox.warm.warm_pool import stop_servers


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
    with canary_ground() as ground, ground.canary() as canary:
        assert canary.effects() == []
        effect(canary)
        assert canary.effects() == [name]


def test_canary_hides_a_secret_in_the_environment_and_in_files() -> None:
    """The secret is there to be found, and gone afterwards."""
    with canary_ground() as ground, ground.canary() as canary:
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
    stop_servers()  # those of earlier tests make processes, too
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


class Leaving(RecordingSandbox):
    """One whose runs leave a process outside."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.left: list[subprocess.Popen[bytes]] = []

    async def acall(self, *arguments: Any, **options: Any) -> CallReport:
        self.left.append(subprocess.Popen(["sleep", "30"]))
        return await super().acall(*arguments, **options)


@pytest.mark.slow
async def test_process_that_is_left_over_is_told_from_those_of_warm_servers() -> None:
    """What servers keep ready is no breach, in the first case and the next; one process more is, as long as it is there."""
    if why := unavailable("bubblewrap, warm"):
        pytest.skip(why)
    case = {"id": "x", "category": "x", "probe": "survivor", "code": "def f(x): return x\n"}
    case |= {"checks": [{"call": "f(1)", "expect": "1"}]}
    honest, leaving = RecordingSandbox(**VARIANTS["bubblewrap, warm"]), Leaving(**VARIANTS["bubblewrap, warm"])
    stop_servers()
    with canary_ground() as ground:
        seen = [await attack(case, sandbox, "values", ground) for sandbox in (honest, honest, leaving, honest)]
    stop_servers()
    for process in leaving.left:
        process.kill()
        process.wait()
    left = f"survivor ({len(leaving.left)})"
    assert [each.breaches for each in seen] == [(), (), (left,), (left,)]
