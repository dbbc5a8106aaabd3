"""Fixtures of the tests of dynamic import."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[1] / "cli"))  # the real program, as the command line's tests run it

from generation import Project
from genloom_program import Program
from hooked import Hooked

from genloom.interfaces.importer.asked import GeneratedSource
from genloom.interfaces.importer.library.anchor import make_anchor
from genloom.interfaces.importer.library.library import Library
from genloom.interfaces.importer.library.library_search import library_in
from genloom.testing import OpenAIServer

DOUBLE = 'def double(n: int) -> int:\n    """Return twice n."""\n    return 2 * n\n'
TESTS = "from myapp.gen.text import double\n\n\ndef test_double_of_zero() -> None:\n    assert double(0) == 0\n"


@pytest.fixture
def made() -> GeneratedSource:
    """What a generation gives back for a module with one function."""
    return GeneratedSource(
        source=DOUBLE,
        names=("double",),
        verdict="passed",
        checks=("double(2) == 4", "double(-3) == -6"),
        tests=TESTS,
        tier="bubblewrap",
        model="openai:test-model",
        generator="model",
        request="Write double",
        accepted_by="checks",
    )


@pytest.fixture
def library(program: Program, made: GeneratedSource) -> Library:
    """An anchor package `myapp.gen` in the program's folder, with one pinned module, `myapp.gen.text`."""
    (program.folder / "pyproject.toml").write_text('[project]\nname = "myapp"\n')
    anchor = make_anchor("myapp.gen", program.folder)
    library = library_in(anchor.directory)
    library.pin("myapp.gen.text", made)
    return library


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """The command line, in an empty folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    return Program(folder)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose package `myapp.gen` holds generated modules."""
    return Project(tmp_path / "project")


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., OpenAIServer]]:
    """Starts the model's server with its replies; the environment leads to it."""
    with ExitStack() as stack:

        def start(*replies: Any, **given: Any) -> OpenAIServer:
            rule = replies[0] if len(replies) == 1 and callable(replies[0]) else list(replies)
            server = stack.enter_context(OpenAIServer(rule, **given))
            monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
            monkeypatch.setenv("OPENAI_API_KEY", "test-key-of-nobody")
            return server

        yield start


@pytest.fixture
def hooked(tmp_path: Path) -> Iterator[Hooked]:
    """A namespace with an import hook whose generation is a plain function."""
    own = Hooked(tmp_path)
    yield own
    own.close()
