"""Checking never holds up the event loop: what reads the disk or starts a process does so in a thread."""

from __future__ import annotations

import ast
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genloom.state import GenerationRequest, Passed, module_draft, parse_example
from genloom.tools.checks import review_draft, verify_draft, verify_file
from genloom.tools.sandbox import Sandbox
from genloom.tools.synthesis import Found, SearchTask, search

blockbuster = pytest.importorskip("blockbuster", reason="blockbuster, which finds blocking calls, is not installed")

SOURCE = 'def double(x):\n    """Twice.\n\n    >>> double(1)\n    2\n    """\n    return x + x\n'


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox, with every blocking call that genloom makes inside an event loop raising."""
    made = Sandbox()
    status = made.status()
    if status.tier is None:
        pytest.skip(f"no sandbox here: {status.reason}")
    with blockbuster.blockbuster_ctx(scanned_modules=["genloom"]):
        yield made


async def test_verification_and_review_do_not_block(sandbox: Sandbox) -> None:
    """Examples, held-out examples, tests and ruff."""
    asked = GenerationRequest(
        prompt="Double it",
        name="double",
        examples=("double(2) == 4", "double(3) == 6"),
        tests="from double import double\ndef test(): assert double(1) == 2\n",
    )
    draft = module_draft(SOURCE, path="double.py", name="double", generator="model")
    draft = draft.model_copy(update={"held_out": ("double(3) == 6",)})
    assert isinstance(await verify_draft(draft, asked, sandbox), Passed)
    review = await review_draft(draft, asked)
    assert "ruff" in review.reviewers


async def test_large_texts_are_parsed_in_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests and drafts may hold a megabyte: the loop would stand still while they are parsed."""
    in_threads: list[str] = []
    in_loop: list[str] = []
    parse, loop = ast.parse, threading.get_ident()

    def parse_and_tell(*given: Any, **named: Any) -> Any:
        if "filler" in str(given[0])[:20]:
            (in_loop if threading.get_ident() == loop else in_threads).append("".join(traceback.format_stack(limit=6)))
        return parse(*given, **named)

    tests = "filler = 1\nfrom double import double\ndef test(): assert double(1) == 2\n"
    asked = GenerationRequest(prompt="Double it", name="double", tests=tests)
    draft = module_draft("filler = 1\n" + SOURCE, path="double.py", name="double", generator="model")
    monkeypatch.setattr(ast, "parse", parse_and_tell)
    await verify_draft(draft, asked, Sandbox())
    assert in_threads
    assert not in_loop, in_loop[0]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file to verify."""
    written = tmp_path / "double.py"
    written.write_text(SOURCE)
    return written


async def test_verifying_a_file_does_not_block(path: Path, sandbox: Sandbox) -> None:
    """The file is read in a thread."""
    assert isinstance(await verify_file(path, [], None, sandbox), Passed)


async def test_search_does_not_block(sandbox: Sandbox) -> None:
    """From the task to the formatted module."""
    given = tuple(map(parse_example, ("double(2) == 4", "double(5) == 10", "double(0) == 0")))
    assert isinstance(await search(SearchTask(name="double", prompt="Double it", examples=given), sandbox), Found)
