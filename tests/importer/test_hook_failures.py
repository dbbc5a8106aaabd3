"""What goes wrong: a clear error, nothing pinned, `sys.modules` clean, and the next import right."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from hooked import Hooked, functions

from genloom.errors import FrozenImportError, GeneratedImportError, ModelError, PendingReview, UsageError
from genloom.interfaces.importer import ModuleRequest
from genloom.portal import run_sync


def run_python(program: str, folder: Path) -> str:
    """Run a program with `hooked` importable, a folder as its argument, and return what it printed."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(Path(__file__).parent), str(Path(__file__).parents[2]))),
    }
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


BROKEN = {
    "raises": (lambda request: "def a(): pass\n\n\nraise RuntimeError('at import')\n", "at import"),
    "exits": (lambda request: "import sys\n\n\ndef a(): pass\n\n\nsys.exit(3)\n", "SystemExit"),
    "lacks the name": (lambda request: "def z(): pass\n", "does not define a"),
    "imports what is not there": (lambda request: "import no_such_package\n\n\ndef a(): pass\n", "no_such_package"),
    "is no Python": (lambda request: "def a(:\n", "not Python"),
}


def refuse(request: ModuleRequest) -> str:
    raise GeneratedImportError("It failed its checks.", name=request.module, evidence=["a(1) gave 2, not 1"])


@pytest.mark.parametrize("what", BROKEN)
def test_a_first_generation_that_cannot_be_used_leaves_nothing(hooked: Hooked, what: str) -> None:
    """No file, no entry, no module; the next import, with a right reply, is right."""
    hooked.write, said = BROKEN[what]
    with pytest.raises(GeneratedImportError, match=said) as caught:
        hooked.run("from space.text import a")
    assert caught.value.name == f"{hooked.space}.text"
    assert hooked.loaded == []
    assert not hasattr(sys.modules[hooked.space], "text")
    assert list(hooked.pins.entries()) == []
    assert [path.name for path in hooked.folder.iterdir() if path.name != ".genloom"] == []
    hooked.write = functions
    assert hooked.run("from space.text import a")["a"]() == "a"


@pytest.mark.parametrize("what", BROKEN)
def test_an_extension_that_cannot_be_used_leaves_the_module_as_it_was(hooked: Hooked, what: str) -> None:
    """The old names stay, nothing new is in the module, file and lock file are the same bytes."""
    hooked.run("from space.text import old\nimport space.text as t")
    files = hooked.files
    before = dict(vars(sys.modules[f"{hooked.space}.text"]))
    hooked.write, said = BROKEN[what]
    with pytest.raises(GeneratedImportError, match=said):
        hooked.run("from space.text import a")
    assert vars(sys.modules[f"{hooked.space}.text"]) == before
    assert hooked.files == files
    hooked.write = functions
    assert hooked.run("from space.text import a, old")["a"]() == "a"


def test_packages_that_were_opened_for_a_failed_import_are_taken_out(hooked: Hooked) -> None:
    """`space.pkg` was only on the way to `space.pkg.deep`."""
    hooked.write = refuse
    with pytest.raises(GeneratedImportError, match="a\\(1\\) gave 2"):
        hooked.run("from space.pkg.deep import a")
    assert hooked.loaded == []


def test_other_errors_of_a_generation_become_import_errors_with_their_cause(hooked: Hooked) -> None:
    """What the caller sees says what happened; Ctrl-C stays Ctrl-C."""

    def stop(error: BaseException) -> Callable[[ModuleRequest], str]:
        def write(request: ModuleRequest) -> str:
            raise error

        return write

    for error in (UsageError("No such model.", hint="Name another."), OSError("the net is down")):
        hooked.write = stop(error)
        with pytest.raises(GeneratedImportError) as caught:
            hooked.run("from space.text import a")
        assert caught.value.__cause__ is error
        assert str(error) in str(caught.value)
    hooked.write = stop(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        hooked.run("from space.text import a")
    assert hooked.loaded == []
    hooked.write = stop(PendingReview("It waits.", diff="+a", thread_id="t1"))
    with pytest.raises(PendingReview) as pending:
        hooked.run("import space.text as t\nt.a()")
    assert (pending.value.diff, pending.value.thread_id) == ("+a", "t1")


@pytest.mark.parametrize("debug", ["0", "1"])
def test_what_is_shown_of_an_error_is_ours_to_read(hooked: Hooked, monkeypatch: pytest.MonkeyPatch, debug: str) -> None:
    """The program's own lines, and the causes by what they say; where they arose inside libraries is for debugging."""
    monkeypatch.setenv("GENLOOM_DEBUG", debug)

    def write(request: ModuleRequest) -> str:
        try:
            Path("/no/such/file").read_bytes()
        except OSError as error:
            raise ModelError("The server is down.", kind="server") from error
        return ""

    hooked.write = write
    with pytest.raises(GeneratedImportError) as caught:
        hooked.run("from space.text import a")
    shown = "".join(traceback.format_exception(caught.value))
    assert "The server is down." in shown
    inside = ("/no/such/file", "writing.py", "in write\n")
    assert [part in shown for part in inside] == [debug == "1"] * 3, shown


@pytest.mark.parametrize(
    "program",
    [
        "from space.text import a",
        "from space.text import b",
        "import space\nspace.text.a",
        "import space.text as t\nt.a",
    ],
)
@pytest.mark.parametrize("aside", [True, False])
def test_a_generation_that_imports_what_it_generates_is_an_error_and_no_deadlock(
    hooked: Hooked, program: str, aside: bool
) -> None:
    """In the same thread, and in the portal's, where the graph runs."""

    async def inside() -> None:
        hooked.run(program)

    def write(request: ModuleRequest) -> str:
        if aside:
            run_sync(inside())
        else:
            hooked.run(program)
        return functions(request)

    hooked.write = write
    with pytest.raises(GeneratedImportError, match="while it is being written"):
        hooked.run("from space.text import a")
    assert hooked.loaded == []
    assert len(hooked.requests) == 1


def test_modules_that_need_each_other_are_an_error(hooked: Hooked) -> None:
    """The first run of one asks for the other, whose first run asks for the first."""
    hooked.write = lambda request: (
        f"from .{'two' if request.module.endswith('one') else 'one'} import y\n\n\ndef {request.names[0]}():\n    return y\n"
    )
    with pytest.raises(GeneratedImportError, match=r"one -> .*two -> .*one"):
        hooked.run("from space.one import x")
    assert hooked.loaded == []
    assert list(hooked.pins.entries()) == []


def test_a_read_only_folder_is_said_and_nothing_is_left(hooked: Hooked) -> None:
    """Also for root, whom no permission stops: a file stands where the folder must be."""
    hooked.folder.write_text("not a folder")
    with pytest.raises(GeneratedImportError, match="cannot be"):
        hooked.run("from space.text import a")
    assert hooked.asked == []
    assert hooked.loaded == []
    hooked.folder.unlink()
    assert hooked.run("from space.text import a")["a"]() == "a"


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from hooked import Hooked
from genloom.errors import GeneratedImportError

hooked = Hooked(Path(sys.argv[1]))
hooked.run("from space.text import old")
before = hooked.files
hooked.write = lambda request: f"def a():\\n    return {'x' * 20_000!r}\\n"
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, 8_000))
try:
    hooked.run("from space.text import a")
except GeneratedImportError as error:
    assert "cannot be written" in str(error), error
    assert hooked.files == before
    print("refused")
"""


def test_a_disk_that_is_full_when_a_module_is_pinned_leaves_the_old_one(tmp_path: Path) -> None:
    """The limit of a file's size stands for the full disk; the process is one of its own."""
    assert run_python(FULL_DISK, tmp_path) == "refused\n"


@pytest.mark.parametrize(
    "text",
    [
        "schema = 1\n[modules",
        "schema = 7\n",
        "<<<<<<< ours\n",
        'schema = 1\n[modules.text]\nfile = "../x.py"\n',
        "\0",
        "x",
    ],
)
def test_a_damaged_lock_file_stops_every_import_of_its_namespace(hooked: Hooked, text: str) -> None:
    """Nothing is generated over it and nothing of it believed; restored, all is well."""
    hooked.run("from space.text import a")
    hooked.forget()
    good = hooked.pins.lock_path.read_bytes()
    hooked.pins.lock_path.write_text(text)
    for program in ("from space.text import a", "import space.other", "from space.text import b"):
        with pytest.raises(GeneratedImportError, match=r"genloom\.lock"):
            hooked.run(program)
    assert len(hooked.requests) == 1
    hooked.pins.lock_path.write_bytes(good)
    assert hooked.run("from space.text import a")["a"]() == "a"


def test_a_lock_file_that_is_damaged_while_the_program_runs_is_an_import_error(hooked: Hooked) -> None:
    """What is loaded stays; nothing is believed to be missing because the file cannot be read."""
    hooked.run("from space.text import a")
    lock = hooked.pins.lock_path

    def loop() -> None:
        lock.unlink()
        lock.symlink_to(lock)

    damages: list[Callable[[], object]] = [lambda: lock.write_text("<<<<<<< ours\n"), loop]
    for damage in damages:
        damage()
        for act in (
            lambda: hooked.run("from space.text import b"),
            lambda: hooked.run("import space.text\nspace.text.b"),
            lambda: hooked.run("import space.other"),
            lambda: hooked.hook.pregenerate(f"{hooked.space}.text", ("b",)),
        ):
            with pytest.raises(GeneratedImportError, match=r"genloom\.lock"):
                act()
    assert hooked.run("from space.text import a")["a"]() == "a"
    assert len(hooked.requests) == 1


def test_threads_that_import_one_module_share_one_generation(hooked: Hooked) -> None:
    """Eight threads: one call, one object."""
    seen: list[object] = []
    ready = threading.Barrier(8)

    def work() -> None:
        ready.wait(60)
        seen.append(hooked.run("from space.text import a, b")["a"])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(seen) == 8
    assert len({id(found) for found in seen}) == 1
    assert hooked.asked == [("text", ("a", "b"))]


def test_threads_that_wait_for_a_generation_that_fails_share_its_failure(hooked: Hooked) -> None:
    """One call, told to each; the next import tries again."""
    told: list[str] = []
    inside, waiting = threading.Event(), threading.Event()

    def write(request: ModuleRequest) -> str:
        inside.set()
        waiting.wait(60)
        return refuse(request)

    hooked.write = write

    def work() -> None:
        try:
            hooked.run("from space.text import a")
        except GeneratedImportError as error:
            told.append(error.message)

    first = threading.Thread(target=work)
    first.start()
    inside.wait(60)
    others = [threading.Thread(target=work) for _ in range(3)]
    for thread in others:
        thread.start()
    from genloom.interfaces.importer.pins import locks

    while max((lock.users for lock in locks._LOCKS.values()), default=0) < 4:
        waiting.wait(0.01)
    waiting.set()
    for thread in (first, *others):
        thread.join(60)
    assert told == ["It failed its checks."] * 4
    assert len(hooked.requests) == 1
    hooked.write = functions
    assert hooked.run("from space.text import a")["a"]() == "a"


def test_unrelated_modules_are_generated_at_the_same_time(hooked: Hooked) -> None:
    """Each of two generations waits for the other to have begun."""
    both = threading.Barrier(2)

    def write(request: ModuleRequest) -> str:
        both.wait(60)
        return functions(request)

    hooked.write = write
    threads = [threading.Thread(target=hooked.run, args=(f"from space.m{n} import a",)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert sorted(hooked.asked) == [("m0", ("a",)), ("m1", ("a",))]
    assert not both.broken


def test_what_another_process_has_pinned_meanwhile_is_run_and_not_generated(hooked: Hooked) -> None:
    """The module grows by what the file has grown; old objects stay."""
    first = hooked.run("from space.text import a")["a"]
    program = "import sys; from pathlib import Path; from hooked import Hooked; own = Hooked(Path(sys.argv[1]));"
    other = f"{program} own.space = {hooked.space!r}; own.folder = own.programs / own.space; own.install();"
    run_python(f"{other} own.run('from space.text import b, c')", hooked.programs)
    seen = hooked.run("from space.text import a, b, c")
    assert (seen["a"], seen["b"](), seen["c"]()) == (first, "b", "c")
    assert len(hooked.requests) == 1


@pytest.mark.parametrize("kind", [GeneratedImportError, FrozenImportError])
def test_errors_travel_between_processes_whole(kind: type[GeneratedImportError]) -> None:
    """A pool's worker tells its parent what failed."""
    error = kind("It failed.", hint="Look.", name="app.gen.text", path="/x.py", evidence=["f(1) gave 2"])
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), str(back), back.name, back.path, back.hint, back.evidence) == (
        *(kind, "It failed.\n  f(1) gave 2\nLook.", "app.gen.text", "/x.py", "Look.", ("f(1) gave 2",)),
    )
