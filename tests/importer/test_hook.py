"""The hook: what generates, with which names, and that nothing else does."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import pytest
from hooked import Hooked

import genloom
from genloom.config import load_import_settings
from genloom.errors import FrozenImportError, GeneratedImportError, UsageError
from genloom.interfaces.importer import ImportHook, install_import_hook, uninstall_import_hook
from genloom.interfaces.importer.options import choose_mode

LONG = "\n".join(f"x{index} = {index}.5" for index in range(400))


@pytest.mark.parametrize(
    ("program", "asked"),
    [
        ("from space.text import a, b, c", [("text", ("a", "b", "c"))]),
        ("from space.text import (\n    a as x,\n    b,\n)", [("text", ("a", "b"))]),
        ("def f():\n    from space.text import a, b\n    return a, b\nf()", [("text", ("a", "b"))]),
        ("class C:\n    from space.text import a", [("text", ("a",))]),
        ("try:\n    from space.text import a\nexcept ImportError:\n    a = None", [("text", ("a",))]),
        ("exec('from space.text import a, b')", [("text", ("a", "b"))]),
        (f"{LONG}\nfrom space.text import a, b\nassert x399", [("text", ("a", "b"))]),
        ("import space.text\nspace.text.a()", [("text", ("a",))]),
        ("import space.text as t\nt.a()\nt.a()", [("text", ("a",))]),
        ("import space\nspace.text.a(space.text.b)", [("text", ("a",)), ("text", ("b",))]),
        ("from space import text\nassert text.a() == 'a'", [("text", ("a",))]),
        ("from space import text, other\nother.a, text.b", [("other", ("a",)), ("text", ("b",))]),
        ("from space.pkg.deep import a", [("pkg.deep", ("a",))]),
        ("from space.text import *\nprint(a(), len('b'))", [("text", ("a",))]),
        ("import space.text\n[space.text.a for _ in '12']", [("text", ("a",))]),
        ("async def f():\n    from space.text import a\nimport asyncio\nasyncio.run(f())", [("text", ("a",))]),
        ("import space.text", []),
        ("from space import text", []),
        ("import space.a.b.c", []),
    ],
)
def test_a_statement_or_an_attribute_expression_generates_once_for_all_its_names(
    hooked: Hooked, program: str, asked: list[tuple[str, tuple[str, ...]]]
) -> None:
    """Every form of the statement; a second run of the same program finds everything pinned."""
    hooked.run(program)
    assert hooked.asked == asked
    hooked.forget()
    hooked.run(program)
    assert hooked.asked == asked


@pytest.mark.parametrize(
    "probe",
    [
        "import importlib.util\nassert importlib.util.find_spec('space.text') is None",
        "import importlib\nimportlib.import_module('space.text')",
        "__import__('space.text')",
        "import pydoc\nassert pydoc.locate('space.text.a') is None\nraise ModuleNotFoundError",
        "from unittest import mock\nmock.patch('space.text.a').start()",
        "import runpy\nrunpy.run_module('space.text')",
        "import pickle\npickle.loads(b'cspace.text\\na\\n.')",
    ],
)
def test_who_looks_for_a_module_without_a_statement_finds_none(hooked: Hooked, probe: str) -> None:
    """Their own natural answer, and no generation."""
    with suppress(ImportError, AttributeError):
        hooked.run(probe)
    assert hooked.asked == []
    assert hooked.loaded == []


@pytest.mark.parametrize(
    "probe",
    [
        "assert not hasattr(text, 'b')",
        "assert getattr(text, 'b', 1) == 1",
        "import inspect; inspect.getmembers(text); inspect.getsource(text)",
        "from unittest import mock\ntry:\n    mock.patch.object(text, 'b').start()\nexcept AttributeError: pass",
        "import operator\ntry:\n    operator.attrgetter('b')(text)\nexcept AttributeError: pass",
        "import importlib; importlib.reload(text)",
        "try:\n    text.__all__\nexcept AttributeError: pass",
        "try:\n    text.__wrapped__\nexcept AttributeError: pass",
        "import pydoc; pydoc.render_doc(text)",
        "from space.text import *",
        "text.b = 1; del text.b",
        "dir(text)",
        "import importlib\ntry:\n    importlib.import_module('space.text.b')\nexcept ModuleNotFoundError: pass",
    ],
)
def test_looking_at_a_pinned_module_generates_nothing(hooked: Hooked, probe: str) -> None:
    """Whoever asks by a call asks nobody."""
    hooked.run(f"from space.text import a\nfrom space import text\n{probe}")
    assert hooked.asked == [("text", ("a",))]


def test_a_module_grows_and_its_old_objects_stay(hooked: Hooked) -> None:
    """A new name is appended: the text before it, and every object, are what they were."""
    first = hooked.run("from space.text import a")["a"]
    before = hooked.pins.read(f"{hooked.space}.text")
    seen = hooked.run("from space.text import a, b\nimport space.text as t\nc = t.c()")
    assert seen["a"] is first
    assert seen["c"] == "c"
    assert [request.existing.startswith(before) for request in hooked.requests] == [False, True, True]
    assert hooked.asked[1:] == [("text", ("b",)), ("text", ("c",))]
    entry = hooked.pins.entry(f"{hooked.space}.text")
    assert entry is not None
    assert entry.names == ("a", "b", "c")


def test_where_an_import_stands_is_told_to_the_generation(hooked: Hooked) -> None:
    """The file, the line, the module, and the text of the code that asks."""
    hooked.run("x = 1\n\nfrom space.text import (\n    a,\n)\n")
    caller = hooked.requests[0].caller
    assert caller is not None
    assert (caller.lineno, caller.module) == (3, "program")
    assert caller.source().startswith("x = 1\n")


def test_relative_imports_between_generated_modules_stay_right_when_one_becomes_a_package(hooked: Hooked) -> None:
    """`from .first import a` is written in `second`, then `second` moves into a folder, then it grows."""
    hooked.run("from space.first import a")
    hooked.write = lambda request: (
        "from .first import a\n\n\ndef b():\n    from .first import a as inner\n    return inner()\n"
    )
    seen = hooked.run("from space.second import b\nassert b() == 'a'")
    hooked.write = lambda request: "from .. import first\n\n\ndef c():\n    return first.a()\n"
    hooked.run("from space.second.third import c\nassert c() == 'a'")
    hooked.write = lambda request: "from .third import c as deep\n\n\ndef d():\n    return deep()\n"
    hooked.run("from space.second import d\nassert d() == 'a'")
    assert seen["b"]() == "a"
    hooked.forget()
    frozen = hooked.run("from space.second import a, b, d\nfrom space.second.third import c\nx = [b(), c(), d()]")
    assert frozen["x"] == ["a", "a", "a"]
    assert len(hooked.requests) == 4


def test_a_users_own_file_is_imported_as_it_is_and_never_extended(hooked: Hooked) -> None:
    """A file that the lock does not know: what it has is had, what it lacks is an error that says whose it is."""
    hooked.folder.mkdir()
    (hooked.folder / "mine.py").write_text("a = 1\n")
    assert hooked.run("from space.mine import a")["a"] == 1
    with pytest.raises(GeneratedImportError, match="a file of your own"):
        hooked.run("from space.mine import b")
    with pytest.raises(AttributeError):
        hooked.run("import space.mine\nspace.mine.b")
    assert hooked.asked == []
    assert (hooked.folder / "mine.py").read_text() == "a = 1\n"


@pytest.mark.parametrize(
    "program", ["from space.text import b", "import space.new", "from space.new import a", "import space\nspace.new.a"]
)
def test_frozen_never_generates_and_says_what_is_missing(hooked: Hooked, program: str) -> None:
    """What is pinned is imported; the rest is an error that names it, and is a `ModuleNotFoundError`."""
    hooked.run("from space.text import a")
    hooked.forget()
    hooked.install(mode="frozen")
    assert hooked.run("from space.text import a")["a"]() == "a"
    with pytest.raises(FrozenImportError, match=r"genloom\.lock"):
        hooked.run(program)
    assert hooked.asked == [("text", ("a",))]
    assert "new" not in hooked.loaded
    assert issubclass(FrozenImportError, ModuleNotFoundError)


def test_the_mode_is_what_is_asked_then_the_environments_then_frozen_where_nobody_is() -> None:
    """Argument, variable, CI, and no terminal, in this order."""
    assert choose_mode("review", load_import_settings({"GENLOOM_IMPORT_MODE": "auto"})) == "review"
    assert choose_mode(None, load_import_settings({"GENLOOM_IMPORT_MODE": "auto", "CI": "1"})) == "auto"
    assert choose_mode(None, load_import_settings({"CI": "true"})) == "frozen"
    assert load_import_settings({"CI": "false"}).continuous_integration is False
    with pytest.raises(UsageError, match="GENLOOM_IMPORT_MODE"):
        load_import_settings({"GENLOOM_IMPORT_MODE": "yolo"})
    with pytest.raises(UsageError, match="yolo"):
        choose_mode("yolo", load_import_settings({}))


def test_an_anchor_package_installs_the_hook_for_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Namespace and folder are the package's own; its modules are opened by attribute as by statement."""
    own = Hooked(tmp_path)
    own.close()
    package = tmp_path / "anchored_app" / "gen"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("")
    (package / "__init__.py").write_text("import genloom\nHOOK = genloom.install_import_hook(mode='auto')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    own.space = "anchored_app"
    try:
        gen = own.run("import anchored_app.gen as gen")["gen"]
        assert (gen.HOOK.options.namespace, gen.HOOK.options.directory) == ("anchored_app.gen", package)
        own.space, own.folder = "anchored_app.gen", package
        own.install()
        assert own.run("import anchored_app.gen as gen\nx = gen.text.a()")["x"] == "a"
        assert (package / "text.py").exists()
    finally:
        own.space = "anchored_app"
        uninstall_import_hook("anchored_app.gen")
        own.forget()


def test_a_namespace_that_is_taken_or_is_none_is_refused(tmp_path: Path) -> None:
    """Another package would be hidden: the error names it."""
    for name in ("json", "pytest", "filelock", "tomli_w", "email.mime"):
        with pytest.raises(UsageError, match="is taken"):
            install_import_hook(name, directory=tmp_path)
    with pytest.raises(UsageError, match="not the name"):
        install_import_hook("my-app", directory=tmp_path)
    with pytest.raises(UsageError, match="without a namespace"):
        install_import_hook()


def test_inside_the_sandbox_nothing_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Generated modules are plain files there."""
    monkeypatch.setenv("GENLOOM_IN_SANDBOX", "1")
    before = list(sys.meta_path)
    assert isinstance(genloom.install_import_hook("sandboxed_space", directory=tmp_path), ImportHook)
    assert sys.meta_path == before


def test_a_hook_that_is_taken_out_generates_no_more(hooked: Hooked) -> None:
    """Its modules stay; installing twice leaves one finder."""
    text = hooked.run("from space import text\ntext.a")["text"]
    hooked.install()
    assert len([f for f in sys.meta_path if isinstance(f, ImportHook) and f.options.namespace == hooked.space]) == 1
    assert uninstall_import_hook(hooked.space)
    assert not uninstall_import_hook(hooked.space)
    assert isinstance(text, ModuleType)
    with pytest.raises(AttributeError):
        text.b  # noqa: B018 - the access is what is tested
    assert hooked.asked == [("text", ("a",))]


def test_pregenerating_pins_and_runs_nothing_here(hooked: Hooked) -> None:
    """A later import finds it; asking for the same again generates nothing."""
    hooked.write = lambda request: "import sys\nsys.ran_here = True\n\n\ndef a():\n    return 1\n"
    hooked.hook.pregenerate(f"{hooked.space}.text", ("a",))
    hooked.hook.pregenerate(f"{hooked.space}.text", ("a",))
    assert not hasattr(sys, "ran_here")
    assert len(hooked.requests) == 1
    assert hooked.run("from space.text import a")["a"]() == 1
    del sys.ran_here  # type: ignore[attr-defined]
    assert len(hooked.requests) == 1


def test_autogenlibs_hook_takes_what_it_is_given(tmp_path: Path) -> None:
    """As any other hook; only what is left out is as autogenlib has it."""
    try:
        given = install_import_hook(
            "autogenlib", directory=tmp_path, deadline=7.0, context={"policy": {}}, accept_unverified=False
        )
        assert (given.options.deadline, given.options.context) == (7.0, {"policy": {}})
        assert not given.options.accept_unverified
        assert install_import_hook("autogenlib", directory=tmp_path).options.accept_unverified
    finally:
        uninstall_import_hook("autogenlib")
