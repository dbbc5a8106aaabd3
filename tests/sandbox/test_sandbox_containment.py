"""The draft cannot leave: own attack cases, each tried inside the sandbox only."""

from __future__ import annotations

import os
import socket
import tempfile
import time
from pathlib import Path

import pytest

from genloom.state import SandboxTier
from genloom.tools.sandbox import Limits, ProgramReport, Raised, Returned, Sandbox

DENIED = ("PermissionError", "FileNotFoundError", "OSError")


def outcome(sandbox: Sandbox, statement: str) -> str:
    """What one statement came to inside: `done`, or the name of the error."""
    indented = statement.replace("\n", "\n        ")
    source = (
        f"import os, sys\ndef f():\n    try:\n        {indented}\n"
        "    except OSError as error:\n        return type(error).__name__\n    return 'done'\n"
    )
    (result,) = sandbox.call({"draft.py": source}, "draft", ["f()"]).results
    assert isinstance(result, Returned), result
    return str(result.value)


def test_scratch_folder_is_the_draft_s_own_and_is_gone_afterwards(
    sandbox: Sandbox, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The draft may write in its working directory, which is also its home and its temporary folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(open_folder))
    source = (
        "import os, tempfile\n"
        "def f():\n"
        "    os.makedirs('a/b'); open('a/b/c', 'w').write('x'); os.chmod('a', 0o700)\n"
        "    with tempfile.NamedTemporaryFile() as file: inside = file.name.startswith(os.getcwd())\n"
        "    return inside, os.path.expanduser('~') == os.getcwd(), os.getcwd()\n"
    )
    (result,) = sandbox.call({"draft.py": source}, "draft", ["f()"]).results
    assert isinstance(result, Returned)
    inside, home, folder = result.value
    assert (inside, home) == (True, True)
    assert not Path(folder).exists()
    assert list(open_folder.iterdir()) == []


@pytest.mark.parametrize(
    "statement",
    [
        "open({path!r}).read()",
        "open({path!r}, 'a')",
        "open({path!r} + '.new', 'w')",
        "os.listdir({folder!r})",
        "os.remove({path!r})",
        "os.rename({path!r}, 'mine')",
        "os.link({path!r}, 'mine')\nopen('mine').read()",
        "os.symlink({path!r}, 'link')\nopen('link').read()",
        "os.mkdir({folder!r} + '/new')",
        "os.truncate({path!r}, 0)",
        "import ctypes\nif ctypes.CDLL(None).truncate({path!r}.encode(), 0): raise OSError",
        "os.chmod({path!r}, 0o600)",
        "os.utime({path!r}, (1, 1))",
        "os.setxattr({path!r}, 'user.x', b'1')",
        "os.mkfifo({folder!r} + '/fifo')",
        "os.execv({path!r}, ['x'])",
        "fd = os.open({folder!r}, os.O_PATH)\nos.open('canary', os.O_RDONLY, dir_fd=fd)",
    ],
)
def test_file_outside_cannot_be_touched(sandbox: Sandbox, open_folder: Path, statement: str) -> None:
    """No way of reading or changing a file outside works, though every user may."""
    canary = open_folder / "canary"
    canary.write_text("canary")
    canary.chmod(0o777)
    before = canary.stat()
    seen = outcome(sandbox, statement.format(path=str(canary), folder=str(open_folder)))
    after = canary.stat()

    assert canary.read_text() == "canary"
    assert (after.st_mode, after.st_mtime, after.st_size) == (before.st_mode, before.st_mtime, before.st_size)
    assert [path.name for path in open_folder.iterdir()] == ["canary"]
    assert seen in DENIED


@pytest.mark.parametrize("path", ["/proc/sys/kernel/hostname", "/proc/self/environ", "/proc/1/status", "/sys/kernel"])
def test_kernel_settings_and_processes_cannot_be_opened(sandbox: Sandbox, path: str) -> None:
    """/proc and /sys are closed, for reading and for writing."""
    assert outcome(sandbox, f"open({path!r}, 'a')") in (*DENIED, "IsADirectoryError")
    assert outcome(sandbox, f"os.listdir({path!r}) if os.path.isdir({path!r}) else open({path!r})") in DENIED


@pytest.mark.parametrize("path", ["/etc/passwd", "/etc/shadow", "/root", "/home", "/tmp", "/var/log", "/dev/pts"])
def test_usual_places_cannot_be_read(sandbox: Sandbox, path: str) -> None:
    """Accounts, homes, logs and other users' temporary files are out of reach."""
    assert outcome(sandbox, f"os.listdir({path!r}) if os.path.isdir({path!r}) else open({path!r})") in DENIED


def test_network_is_out_of_reach(sandbox: Sandbox, open_folder: Path) -> None:
    """Neither a loopback port nor a socket in the file system can be reached, nor any socket opened."""
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(open_folder / "sock"))
        (open_folder / "sock").chmod(0o777)
        unix.listen()
        for server in (tcp, unix):
            server.setblocking(False)
        statements = [
            f"import socket\nsocket.create_connection({tcp.getsockname()!r}, 1)",
            f"import socket\nsocket.socket(socket.AF_UNIX).connect({unix.getsockname()!r})",
            f"import socket\na, b = socket.socketpair(type=socket.SOCK_DGRAM)\na.connect({unix.getsockname()!r})",
            "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
            "import socket\nsocket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
            f"import socket\na, b = socket.socketpair()\na.connect({unix.getsockname()!r})",
        ]
        assert {outcome(sandbox, statement) for statement in statements} <= set(DENIED)
        for server in (tcp, unix):
            with pytest.raises(BlockingIOError):
                server.accept()


@pytest.mark.parametrize(
    "statement",
    [
        "os.setuid(0)",
        "os.chroot('.')",
        "os.kill(os.getppid() or 1, 9)\nraise OSError if os.getppid() in (0, 1) else None",
        "import ctypes\nif ctypes.CDLL(None).ptrace(16, 1, 0, 0) < 0: raise OSError",
        "import ctypes\nif ctypes.CDLL(None).unshare(0x10000000) < 0: raise OSError",
        "import ctypes\nif ctypes.CDLL(None).mount(b'none', b'.', b'tmpfs', 0, None) < 0: raise OSError",
        "import ctypes\nif ctypes.CDLL(None).personality(0x40000) < 0: raise OSError",
        "import ctypes\nif ctypes.CDLL(None).syscall(425, 8, 0) < 0: raise OSError",
        "import ctypes\nif ctypes.CDLL(None).syscall(321, 0, 0, 0) < 0: raise OSError",
        "os.memfd_create('x')",
        "import resource\nresource.setrlimit(resource.RLIMIT_NPROC, (4096, 4096))",
    ],
)
def test_right_that_leads_outside_is_refused(sandbox: Sandbox, statement: str) -> None:
    """Taking rights, namespaces, other processes or kernel interfaces fails with an ordinary error."""
    source = "import os\ndef f():\n    " + statement.replace("\n", "\n    ") + "\n"
    (result,) = sandbox.call({"draft.py": source}, "draft", ["f()"]).results
    assert isinstance(result, Raised), result


def test_run_is_not_root_and_has_no_rights(sandbox: Sandbox) -> None:
    """The draft runs under an unprivileged user without groups, in a session of its own."""
    source = (
        "import os\ndef f():\n"
        "    return os.getuid(), os.geteuid(), os.getgid(), os.getgroups(), os.getsid(0) == os.getpid()\n"
    )
    (result,) = sandbox.call({"draft.py": source}, "draft", ["f()"]).results
    assert isinstance(result, Returned)
    user, effective, group, groups, leads = result.value
    assert user == effective != 0
    if os.geteuid() == 0:
        assert (group, groups) == (user, [])
    assert leads


def test_two_runs_have_different_users_when_started_as_root(tier: SandboxTier) -> None:
    """Runs started as root cannot touch one another: each start has a user of its own."""
    if os.geteuid() != 0:
        pytest.skip("only root can give each run a user of its own")
    source, sandbox = "import os\n", Sandbox(tier=tier, warm=False)
    users = [sandbox.call({"draft.py": source}, "draft", ["os.getuid()"]).results[0] for _ in range(3)]
    assert len({repr(user) for user in users}) == 3


def test_environment_and_descriptors_are_not_inherited(
    sandbox: Sandbox, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No variable of the parent's and no open file of its reaches the draft."""
    monkeypatch.setenv("SOME_API_TOKEN", "very-secret-value")
    with (open_folder / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        source = """
import os, sys
def opened():
    found = []
    for number in range(256):
        try:
            os.fstat(number)
        except OSError:
            continue
        found.append(number)
    return found
at_start = opened()
"""
        report = sandbox.call({"draft.py": source}, "draft", ["at_start", "dict(os.environ)", "sys.argv[1:]"])
    descriptors, environment, arguments = (r.value for r in report.results if isinstance(r, Returned))
    assert descriptors == [0, 1, 2, 3, 4]
    assert "very-secret-value" not in repr(report)
    assert {"PATH", "HOME", "TMPDIR", "LANG", "PYTHONHASHSEED"} <= set(environment)
    assert not [name for name in environment if "TOKEN" in name or "KEY" in name]
    assert arguments == ["calls"]


SURVIVOR = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(20):
            try: os.close(number)
            except OSError: pass
        for _ in range(50):
            time.sleep(0.1)
            open(os.path.join({folder!r}, 'alive'), 'a').write('x')
    os._exit(0)
def f(): return 1
"""


def test_whole_tree_is_gone_with_the_report(
    tier: SandboxTier, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that forked twice, took its own session and closed all descriptors does not outlive the run."""
    monkeypatch.setattr(tempfile, "tempdir", str(open_folder))
    report = Sandbox(tier=tier, warm=False).call({"draft.py": SURVIVOR.format(folder=".")}, "draft", ["f()"])
    assert report.results == (Returned(value=1),)
    assert working_in(open_folder) == []


def working_in(folder: Path) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(folder) in str((entry / "cwd").readlink()):
                found.append(entry.name)
        except OSError:
            continue
    return found


def ended(report: ProgramReport) -> tuple[str, bool]:
    return report.ended, report.exit_code is None


def test_endless_loop_is_stopped_even_when_it_ignores_signals(sandbox: Sandbox) -> None:
    """A loop that catches everything ends at the limit of time, and the report says so."""
    source = """
import signal, time
for number in range(1, 30):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
while True:
    try: time.sleep(1)
    except BaseException: pass
"""
    started = time.monotonic()
    report = sandbox.run_program(source, limits=limits(wall_seconds=0.7))
    assert ended(report) == ("timeout", True)
    assert time.monotonic() - started < 60


def limits(*, wall_seconds: float = 10.0, cpu_seconds: float = 30.0) -> Limits:
    return Limits(
        wall_seconds=wall_seconds, cpu_seconds=cpu_seconds, memory_megabytes=256, processes=16, file_megabytes=4
    )


def test_processor_time_is_limited(sandbox: Sandbox) -> None:
    """A process that burns more processor time than allowed ends as a timeout, before the wall clock says so."""
    report = sandbox.run_program("while True: pass", limits=limits(cpu_seconds=1, wall_seconds=100))
    assert ended(report) == ("timeout", True)
    assert report.seconds < 50


def test_memory_of_one_process_is_limited(sandbox: Sandbox) -> None:
    """Asking for far more memory than allowed raises MemoryError inside."""
    report = sandbox.run_program("try: b = bytearray(900 << 20)\nexcept MemoryError: print('refused')", limits=limits())
    assert report.stdout == "refused\n"


def test_memory_of_the_whole_tree_is_limited(sandbox: Sandbox) -> None:
    """Processes that together hold too much are stopped, though each is below the limit."""
    source = """
import os, time
for _ in range(5):
    if os.fork() == 0:
        b = bytearray(90 << 20)
        time.sleep(20)
        os._exit(0)
time.sleep(20)
"""
    assert ended(sandbox.run_program(source, limits=limits(wall_seconds=20))) == ("memory", True)


def test_memory_that_forked_processes_share_is_counted_once(sandbox: Sandbox) -> None:
    """Four copies of a process of 100 MiB are no breach of 256 MiB."""
    source = """
import os, time
b = bytearray(100 << 20)
children = [os.fork() for _ in range(3) if True]
time.sleep(0.3)
"""
    assert sandbox.run_program(source, limits=limits()).ended == "normal"


def test_fork_bomb_is_limited(sandbox: Sandbox) -> None:
    """Forking without end meets the limit of processes, and everything is gone afterwards."""
    source = """
import os, time
count = 0
try:
    while True:
        if os.fork() == 0:
            time.sleep(5)
            os._exit(0)
        count += 1
except BlockingIOError:
    print(count)
"""
    report = sandbox.run_program(source, limits=limits())
    assert report.ended == "normal"
    assert 0 < int(report.stdout) < 16
    bomb = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass\n"
    assert sandbox.run_program(bomb, limits=limits(wall_seconds=0.5)).ended in ("timeout", "memory")


@pytest.mark.parametrize("stream", [1, 2])
def test_flood_of_output_is_cut_and_stopped(sandbox: Sandbox, stream: int) -> None:
    """Whoever writes more than the cap is stopped, and no more than the cap is kept."""
    report = sandbox.run_program(f"import os\nwhile True: os.write({stream}, b'x' * 65536)")
    assert report.ended == "output"
    assert len(report.stdout) + len(report.stderr) == 256 * 1024


def test_file_and_scratch_folder_are_limited(sandbox: Sandbox) -> None:
    """Neither one large file nor many small ones can fill the disk."""
    source = """
def fill(names, size):
    done = 0
    for name in names:
        try:
            with open(name, 'wb') as file:
                for _ in range(size): file.write(b'x' * (1 << 20))
                done += 1
        except OSError: break
    return done
print(fill(['one'], 6), fill(map(str, range(10)), 1) < 10)
"""
    expected = "0 True\n" if sandbox.status().namespaces else "0 False\n"
    assert sandbox.run_program(source, limits=limits()).stdout == expected
