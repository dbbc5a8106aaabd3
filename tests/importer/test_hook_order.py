"""Who waits for whom, and which hook answers: threads, writers and readers, namespaces in one another."""

from __future__ import annotations

import contextvars
import importlib
import importlib.util
import os
import sys
import threading
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest
from hooked import Hooked, functions

from genloom.errors import GeneratedImportError, UsageError
from genloom.interfaces.importer import GeneratedSource, ModuleRequest, install_import_hook, uninstall_import_hook
from genloom.interfaces.importer.modules.loader import PinnedLoader
from genloom.interfaces.importer.pins import file_changes


def test_modules_that_need_each_other_in_two_threads_are_an_error(hooked: Hooked) -> None:
    """Each thread holds the lock of its own module when it asks for the other's."""
    both = threading.Barrier(2)
    told: list[str] = []

    def write(request: ModuleRequest) -> str:
        me, other = ("one", "two") if request.module.endswith("one") else ("two", "one")
        if request.names == ("x",):
            both.wait(60)
        return f"from .{other} import y_{other}\n\n\ndef x():\n    pass\n\n\ndef y_{me}():\n    pass\n"

    def work(name: str) -> None:
        try:
            hooked.run(f"from space.{name} import x")
        except GeneratedImportError as error:
            told.append(error.message)

    hooked.write = write
    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(told) == 2
    assert all("while it is being written" in message for message in told)
    assert hooked.loaded == []


@pytest.mark.parametrize("mode", ["auto", "frozen"])
def test_pinned_modules_that_need_each_other_are_pythons_own_error(hooked: Hooked, mode: str) -> None:
    """What is not defined yet is not missing: nothing is generated."""
    hooked.install(mode=mode)
    for me, other in (("x", "y"), ("y", "x")):
        text = f"from .{other}_ import {other}\n\n\ndef {me}():\n    return {other}\n"
        hooked.pins.pin(f"{hooked.space}.{me}_", GeneratedSource(source=text, names=(me,)))
    with pytest.raises(ImportError, match="circular"):
        hooked.run("from space.x_ import x")
    assert hooked.asked == []
    assert hooked.loaded == []


def test_a_context_that_was_copied_during_a_first_run_may_import_later(hooked: Hooked) -> None:
    """A module's first run may start a thread or a task that outlives it."""
    hooked.write = lambda request: (
        functions(request) if request.existing else "import contextvars\n\nHERE = contextvars.copy_context()\n"
    )
    here: contextvars.Context = hooked.run("from space.text import HERE")["HERE"]
    assert here.run(hooked.run, "from space.text import later")["later"]() == "later"


def test_who_reads_between_a_file_and_its_entry_waits_for_the_writer(
    hooked: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The module's new file stands, the lock file is still the old one: nothing was edited."""
    hooked.run("from space.text import a")
    between, seen = threading.Event(), threading.Event()
    replace, changed = file_changes._replace, []

    def slow(path: Path, new: Path | None) -> None:
        changed.append(path)
        if len(changed) == 2:
            between.set()
            seen.wait(60)
        replace(path, new)

    monkeypatch.setattr(file_changes, "_replace", slow)
    writer = threading.Thread(target=hooked.hook.pregenerate, args=(f"{hooked.space}.text", ("b",)))
    writer.start()
    assert between.wait(60)
    pins = hooked.pins
    waited = pins.written_entry

    def let_go(module: str) -> object:
        seen.set()
        return waited(module)

    monkeypatch.setattr(pins, "written_entry", let_go)
    entry = pins.entry(f"{hooked.space}.text")
    assert entry is not None
    loader = PinnedLoader(f"{hooked.space}.text", str(hooked.folder / "text.py"), entry, pins)
    assert "def b" in loader.get_data(loader.path).decode()
    writer.join(60)
    assert loader.entry == hooked.pins.entry(f"{hooked.space}.text") != entry


def test_a_module_that_moves_into_a_folder_while_it_is_imported_is_followed(hooked: Hooked) -> None:
    """Another process pins a module below it, just after it was found."""
    hooked.write = lambda request: (
        "from . import other\n\n\ndef a():\n    return other.o()\n" if request.names == ("a",) else functions(request)
    )
    hooked.run("from space.other import o\nfrom space.text import a")
    hooked.forget()
    hooked.run("import space")
    name = f"{hooked.space}.text"
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    hooked.hook.pregenerate(f"{name}.deep", ("q",))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    assert module.a() == "o"
    assert module.__file__ == spec.origin == str(hooked.folder / "text" / "__init__.py")
    assert module.__package__ == spec.parent == name
    assert hooked.run("from space.text.deep import q")["q"]() == "q"


@pytest.mark.parametrize("edited", [False, True])
def test_what_was_imported_before_the_hook_stood_is_checked_when_it_stands(
    hooked: Hooked, edited: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By another thread while the anchor's first lines ran, say: it is taken over and can grow, or it is refused."""
    hooked.run("from space.text import a")
    uninstall_import_hook(hooked.space)
    hooked.forget()
    monkeypatch.syspath_prepend(hooked.programs)
    path = hooked.folder / "text.py"
    if edited:
        path.write_text(f"{path.read_text()}\n# by hand\n")
    module = importlib.import_module(f"{hooked.space}.text")
    assert type(module) is ModuleType
    if edited:
        with pytest.raises(GeneratedImportError, match="lib adopt"):
            hooked.install()
        assert hooked.loaded == []
        with pytest.raises(GeneratedImportError, match="lib adopt"):
            hooked.run("import space.text")
    else:
        before = module.a
        hooked.install()
        known = hooked.run("from space.text import a, b")
        assert (known["a"], known["b"]()) == (before, "b")
        assert sys.modules[f"{hooked.space}.text"] is module


def test_a_package_that_another_finder_has_is_taken(hooked: Hooked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages that are installed to be edited are found so."""
    real = hooked.programs / "real"
    real.mkdir()
    (real / "__init__.py").write_text("")

    class Finder:
        def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
            if name != "really_there":
                return None
            return importlib.util.spec_from_file_location(
                name, real / "__init__.py", submodule_search_locations=[str(real)]
            )

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder()])
    with pytest.raises(UsageError, match="taken"):
        install_import_hook("really_there", directory=hooked.programs / "elsewhere", mode="auto")


def test_what_a_stopped_process_left_is_cleared_away(hooked: Hooked, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stops between the two replacements; what it leaves is refused with advice, or is a file of the user's own."""
    hooked.run("from space.text import old")
    pid = os.fork()
    if not pid:  # the child: it ends without any clean-up
        replace, changed = file_changes._replace, []

        def stop(path: Path, new: Path | None) -> None:
            changed.append(path)
            if len(changed) == 2:
                os._exit(9)
            replace(path, new)

        file_changes._replace = stop
        hooked.run("from space.text import new")
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9
    assert list(hooked.folder.glob(".genloom-*.tmp"))
    hooked.forget()
    with pytest.raises(GeneratedImportError, match="stopped while it pinned") as caught:
        hooked.run("from space.text import old")
    assert "lib adopt" in (caught.value.hint or "")
    hooked.run("from space.other import a")
    assert list(hooked.folder.glob(".genloom-*.tmp"))
    monkeypatch.setattr(file_changes, "LEFT_SECONDS", -1.0)
    hooked.run("from space.more import a")
    assert not list(hooked.folder.glob(".genloom-*.tmp"))


@pytest.mark.parametrize("inner_first", [True, False])
def test_a_namespace_within_another_one_is_its_own(hooked: Hooked, inner_first: bool) -> None:
    """Whichever is installed last: the outer hook would take the inner one's files for the user's own."""
    inner = f"{hooked.space}.inner"

    def install() -> None:
        given = {"directory": hooked.folder / "inner", "mode": "auto", "generate": hooked.generate}
        install_import_hook(inner, **given)  # type: ignore[arg-type]  # by name

    install()
    if inner_first:
        hooked.install()
    try:
        hooked.run("from space.inner.text import a\nfrom space.text import b")
        assert (hooked.folder / "inner" / "genloom.lock").exists()
        hooked.forget()
        module = hooked.run("import space.inner.text as module")["module"]
        assert isinstance(module.__spec__.loader, PinnedLoader)
        assert len(hooked.requests) == 2
    finally:
        uninstall_import_hook(inner)


def test_files_of_the_users_own_may_have_any_name(hooked: Hooked) -> None:
    """Python runs them with `-m`; looking for what is not there is no error."""
    hooked.run("from space.text import a")
    (hooked.folder / "my-tool.py").write_text("x = 1\n")
    assert importlib.util.find_spec(f"{hooked.space}.a-b") is None
    (hooked.folder / "class.py").write_text("x = 2\n")
    importlib.invalidate_caches()
    assert importlib.import_module(f"{hooked.space}.my-tool").x == 1
    assert importlib.import_module(f"{hooked.space}.class").x == 2
    with pytest.raises(ModuleNotFoundError):
        hooked.run("from space.__init__ import x")
    assert len(hooked.requests) == 1


@pytest.mark.parametrize("program", ["from space.sub import x", "import space.sub.x as x", "from space.sub.x import y"])
def test_frozen_imports_folders_of_the_users_own(hooked: Hooked, program: str) -> None:
    """They need no `__init__.py`."""
    (hooked.folder / "sub").mkdir(parents=True)
    (hooked.folder / "sub" / "x.py").write_text("y = 1\n")
    hooked.install(mode="frozen")
    hooked.run(program)
    assert sys.modules[f"{hooked.space}.sub.x"].y == 1


def test_a_symbolic_link_does_not_lead_genloom_elsewhere(hooked: Hooked) -> None:
    """Repositories may hold such links."""
    outside = hooked.programs / "outside"
    outside.mkdir()
    hooked.folder.mkdir()
    (hooked.folder / ".genloom").symlink_to(outside)
    with pytest.raises(GeneratedImportError, match="symbolic link"):
        hooked.run("from space.text import a")
    assert list(outside.iterdir()) == []
