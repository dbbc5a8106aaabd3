"""Generating ahead of an import: without blocking the loop, stopped by cancelling."""

import asyncio
import os
import pty
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from generation import MODULE, SLUGIFY, Project, fenced

import genloom
from genloom.errors import FrozenImportError, GeneratedImportError, PendingReview, UsageError
from genloom.interfaces.importer.installing import install_import_hook, uninstall_import_hook
from genloom.interfaces.importer.pins.pin_store import PinStore
from genloom.interfaces.importer.python import agenerate_module
from genloom.testing import OpenAIServer

Serve = Callable[..., OpenAIServer]


@pytest.fixture
def hooked(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """The project on the path, with the hook of its anchor."""
    (project.directory / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(project.folder))
    install(project, "auto")
    yield project
    uninstall_import_hook("myapp.gen")
    for name in [name for name in sys.modules if name.split(".")[0] == "myapp"]:
        del sys.modules[name]


def install(project: Project, mode: str) -> None:
    install_import_hook(
        "myapp.gen",
        directory=project.directory,
        mode=mode,
        model="openai:test-model",
        accept_unverified=True,
        context={"generators": ("model",)},
    )


def test_names_are_pinned_and_nothing_of_the_module_runs(hooked: Project, serve: Serve) -> None:
    server = serve(fenced(SLUGIFY))
    asyncio.run(wait(agenerate_module(MODULE, ["slugify"])))
    assert (hooked.directory / "text.py").read_text() == SLUGIFY
    assert MODULE not in sys.modules
    asyncio.run(wait(agenerate_module(MODULE, ["slugify", "slugify"])))
    from myapp.gen.text import slugify  # type: ignore[import-not-found]  # it is made by this test

    assert slugify("A b") == "a-b"
    assert len(server.chats) == 1


AHEAD = """\
import asyncio
import genloom

async def main():
    await genloom.agenerate_module("myapp.gen.text", ["slugify"])
    from .gen.text import slugify
    return slugify("A b")

assert asyncio.run(main()) == "a-b"
from .gen.text import slugify
assert slugify("C") == "c"
"""


def test_the_callers_relative_import_gives_its_checks_as_it_does_to_an_import(hooked: Project, serve: Serve) -> None:
    serve(fenced(SLUGIFY))
    program = hooked.write("myapp/ahead.py", AHEAD)
    known = {"__name__": "__main__", "__package__": "myapp", "__file__": str(program)}
    exec(compile(AHEAD, str(program), "exec"), known)
    entry = PinStore(hooked.directory, "myapp.gen").entry(MODULE)
    assert entry is not None
    assert (entry.verdict, entry.checks) == ("passed", ("slugify('C') == 'c'",))


def test_it_is_a_public_name() -> None:
    assert genloom.agenerate_module is agenerate_module


def test_the_loop_goes_on_meanwhile(hooked: Project, serve: Serve) -> None:
    answer = threading.Event()

    def held(request: object) -> str:
        answer.wait(60)
        return fenced(SLUGIFY)

    server = serve(held)

    async def main() -> None:
        work = asyncio.ensure_future(wait(agenerate_module(MODULE, ["slugify"])))
        while not server.requests:  # the loop turns while the model thinks
            await asyncio.sleep(0.01)
        answer.set()
        await work

    asyncio.run(asyncio.wait_for(main(), 120))
    assert (hooked.directory / "text.py").exists()


def test_cancelling_stops_it_and_the_next_one_is_right(hooked: Project, serve: Serve) -> None:
    answer = threading.Event()

    def held(request: object) -> str:
        answer.wait(60)
        return fenced(SLUGIFY)

    server = serve(held)

    async def main() -> None:
        work = asyncio.ensure_future(wait(agenerate_module(MODULE, ["slugify"])))
        while not server.requests:
            await asyncio.sleep(0.01)
        work.cancel()
        began = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert time.monotonic() - began < 30
        assert not (hooked.directory / "text.py").exists()
        answer.set()
        await agenerate_module(MODULE, ["slugify"])

    asyncio.run(asyncio.wait_for(main(), 120))
    assert (hooked.directory / "text.py").read_text() == SLUGIFY


def test_several_at_once_are_one_generation(hooked: Project, serve: Serve) -> None:
    server = serve(fenced(SLUGIFY))

    async def main() -> None:
        await asyncio.gather(*(wait(agenerate_module(MODULE, ["slugify"])) for _ in range(4)))

    asyncio.run(main())
    assert len(server.chats) == 1


def test_a_failure_is_the_imports_error(hooked: Project, serve: Serve) -> None:
    serve(lambda request: "no")
    with pytest.raises(GeneratedImportError):
        asyncio.run(wait(agenerate_module(MODULE, ["slugify"])))
    assert not (hooked.directory / "text.py").exists()


def test_nobody_is_asked_by_a_task(hooked: Project, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sits at the terminal decides elsewhere: a cancelled task could not take back the thread that reads."""
    serve(fenced(SLUGIFY))
    uninstall_import_hook("myapp.gen")
    install(hooked, "review")
    leader, follower = pty.openpty()
    with os.fdopen(leader, "wb"), os.fdopen(os.dup(follower)) as typed, os.fdopen(follower, "w") as shown:
        os.write(leader, b"y\n")
        monkeypatch.setattr(sys, "stdin", typed)
        monkeypatch.setattr(sys, "stderr", shown)
        with pytest.raises(PendingReview) as caught:
            asyncio.run(wait(agenerate_module(MODULE, ["slugify"])))
    assert "+def slugify" in caught.value.diff
    assert not (hooked.directory / "text.py").exists()


def test_frozen_generates_nothing(hooked: Project, serve: Serve) -> None:
    server = serve(fenced(SLUGIFY))
    uninstall_import_hook("myapp.gen")
    install(hooked, "frozen")
    with pytest.raises(FrozenImportError):
        asyncio.run(wait(agenerate_module(MODULE, ["slugify"])))
    assert not server.chats


def test_without_a_hook_it_says_how_to_get_one() -> None:
    with pytest.raises(UsageError, match="No import hook"):
        asyncio.run(wait(agenerate_module("genloom_has_no_such.text", ["slugify"])))


@pytest.mark.parametrize("names", [[], "slugify", ["a b"], [1]])
def test_what_are_no_names_is_told_at_once(names: list[str]) -> None:
    with pytest.raises(UsageError, match="no names"):
        agenerate_module(MODULE, names)


async def wait(work: object) -> None:
    """Wait for what `agenerate_module` gives, as a coroutine."""
    await work  # type: ignore[misc]  # an awaitable
