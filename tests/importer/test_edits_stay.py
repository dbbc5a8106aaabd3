"""What a person wrote is never written over: an edit of a pinned module, and a file of the person's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hooked import Hooked, functions

from genloom.errors import GeneratedImportError
from genloom.interfaces.importer import GeneratedSource, ModuleRequest


def edited(hooked: Hooked) -> Callable[[], None]:
    def edit() -> None:
        path = hooked.folder / "text.py"
        path.write_text(f"{path.read_text()}\n# by hand\n")

    return edit


def test_an_edit_of_a_module_that_runs_is_refused_before_anything_is_generated(hooked: Hooked) -> None:
    """The program goes on with what it has; the file stays; taken up, it grows."""
    hooked.run("from space.text import a")
    edited(hooked)()
    for act in (
        lambda: hooked.run("from space.text import b"),
        lambda: hooked.hook.pregenerate(f"{hooked.space}.text", ("b",)),
    ):
        with pytest.raises(GeneratedImportError, match="lib adopt"):
            act()
    assert len(hooked.requests) == 1
    assert (hooked.folder / "text.py").read_text().endswith("# by hand\n")
    assert hooked.run("from space.text import a")["a"]() == "a"


@pytest.mark.parametrize("ahead", [True, False])
def test_an_edit_during_a_generation_stays(hooked: Hooked, ahead: bool) -> None:
    """A generation takes a while: what it began with may not be there any more."""
    hooked.run("from space.text import a")
    edit = edited(hooked)

    def write(request: ModuleRequest) -> str:
        edit()
        return functions(request)

    hooked.write = write
    acts: dict[bool, Callable[[], object]] = {
        True: lambda: hooked.hook.pregenerate(f"{hooked.space}.text", ("b",)),
        False: lambda: hooked.run("from space.text import b"),
    }
    with pytest.raises(GeneratedImportError, match="lib adopt"):
        acts[ahead]()
    assert (hooked.folder / "text.py").read_text().endswith("# by hand\n")


def test_a_module_that_was_pinned_anew_during_a_generation_stays(hooked: Hooked) -> None:
    """Somebody accepted another text meanwhile: the generation's is about the old one."""
    hooked.run("from space.text import a")

    def write(request: ModuleRequest) -> str:
        hooked.pins.pin(request.module, GeneratedSource(source="def a():\n    return 2\n", names=("a",)))
        return functions(request)

    hooked.write = write
    with pytest.raises(GeneratedImportError, match="changed on the disk"):
        hooked.run("from space.text import b")
    assert (hooked.folder / "text.py").read_text() == "def a():\n    return 2\n"


def test_a_file_of_the_users_own_is_seen_before_anything_is_generated(hooked: Hooked) -> None:
    """Also where the folder was made after the program had looked for it."""
    hooked.run("from space.text import a")
    (hooked.folder / "own.py").write_text("x = 1\n")
    with pytest.raises(GeneratedImportError, match="did not write it"):
        hooked.hook.pregenerate(f"{hooked.space}.own", ("y",))
    assert hooked.run("from space.own import x")["x"] == 1
    (hooked.folder / "gone.py").symlink_to(hooked.folder / "nowhere.py")
    with pytest.raises(GeneratedImportError, match="did not write it"):
        hooked.run("from space.gone import y")
    assert len(hooked.requests) == 1


def test_names_that_the_module_defines_are_not_generated_ahead(hooked: Hooked) -> None:
    """A helper that nobody asked for by name so far."""
    hooked.write = lambda request: "def helper():\n    return 1\n\n\ndef a():\n    return helper()\n"
    hooked.run("from space.text import a")
    hooked.hook.pregenerate(f"{hooked.space}.text", ("helper", "a"))
    hooked.install(mode="frozen")
    hooked.hook.pregenerate(f"{hooked.space}.text", ("helper", "a"))
    assert len(hooked.requests) == 1


def test_a_failed_extension_leaves_the_list_of_exports(hooked: Hooked, monkeypatch: pytest.MonkeyPatch) -> None:
    """`__all__` is lengthened in place, before the file is pinned."""
    hooked.write = lambda request: (
        '__all__ = ["a"]\n\n\ndef a():\n    pass\n' if not request.existing else functions(request)
    )
    module = hooked.run("import space.text as module\nmodule.a")["module"]
    exported = module.__all__

    def full(*_: object, **__: object) -> None:
        raise GeneratedImportError("The disk is full.")

    monkeypatch.setattr(type(hooked.hook.pins), "pin", full)
    with pytest.raises(GeneratedImportError, match="full"):
        hooked.run("from space.text import b")
    assert module.__all__ is exported
    assert exported == ["a"]
    monkeypatch.undo()
    hooked.run("from space.text import b")
    assert exported == ["a", "b"]


def test_an_edited_package_does_not_stop_modules_below_it(hooked: Hooked) -> None:
    """They are other files."""
    hooked.run("from space.pkg import fn\nfrom space.pkg.mod import a")
    path = hooked.folder / "pkg" / "__init__.py"
    path.write_text(f"{path.read_text()}\n# by hand\n")
    assert hooked.run("from space.pkg.other import b")["b"]() == "b"
    assert path.read_text().endswith("# by hand\n")
