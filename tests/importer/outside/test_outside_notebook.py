"""Imports in the cells of a real Jupyter kernel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from jupyter_client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from outside_project import ANCHOR, USES_MIX, Project

pytestmark = pytest.mark.slow

CELL_SECONDS = 120


@dataclass(frozen=True)
class Kernel:
    """A kernel that runs in the project's folder."""

    client: BlockingKernelClient

    def run(self, code: str, answers: tuple[str, ...] = ()) -> tuple[str, str, list[str]]:
        """Run a cell; return what it wrote, its error (type and message), and what it asked the person."""
        written: list[str] = []
        failed: list[str] = []
        asked: list[str] = []
        left = list(answers)

        def output(message: dict[str, Any]) -> None:
            content = message["content"]
            if message["msg_type"] == "stream":
                written.append(content["text"])
            elif message["msg_type"] in ("display_data", "execute_result"):
                written.append(str(content["data"].get("text/plain", "")))
            elif message["msg_type"] == "error":
                failed.append(f"{content['ename']}: {content['evalue']}")

        def asks(message: dict[str, Any]) -> None:
            asked.append(message["content"]["prompt"])
            self.client.input(left.pop(0))

        self.client.execute_interactive(
            code, allow_stdin=bool(answers), output_hook=output, stdin_hook=asks, timeout=CELL_SECONDS
        )
        return "".join(written), "\n".join(failed), asked


@pytest.fixture
def kernel(project: Project) -> Iterator[Kernel]:
    """A kernel of its own."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(project.folder), env=project.environment())
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_cell_generates_once(project: Project, kernel: Kernel) -> None:
    """The checks of the cell count; later cells, and the completer's looks, ask nobody."""
    out, error, _ = kernel.run(USES_MIX)
    assert (out, error) == ("ok 61583\n", "")
    assert project.model.calls == 1
    kernel.client.complete("from myapp import gen; gen.text.sh", reply=True, timeout=30)
    kernel.client.inspect("mix", reply=True, timeout=30)
    out, error, _ = kernel.run("mix")
    assert error == ""
    out, error, _ = kernel.run("from myapp.gen import text\ntext")
    assert error == ""
    out, error, _ = kernel.run("hasattr(text, 'shout'), getattr(text, 'shout', None)")
    assert (out, error) == ("(False, None)", "")
    assert project.model.calls == 1
    assert project.pinned == {"text.py"}


def test_a_cell_that_is_async_generates(project: Project, kernel: Kernel) -> None:
    """With `await` at the top of the cell, inside the kernel's own running loop."""
    cell = "import asyncio\nawait asyncio.sleep(0)\n" + USES_MIX
    out, error, _ = kernel.run(cell)
    assert (out, error) == ("ok 61583\n", "")
    assert project.model.calls == 1


@pytest.mark.parametrize("answer", ["y", "n"])
def test_review_asks_in_the_cell(project: Project, kernel: Kernel, answer: str) -> None:
    """The diff is shown, and the person decides; a refusal is an ImportError, and nothing is pinned."""
    project.write("myapp/gen/__init__.py", ANCHOR.replace("auto", "review"))
    out, error, asked = kernel.run(USES_MIX, (answer, "not wanted", ""))
    assert asked
    assert "+def mix" in out + "".join(asked)
    assert project.model.calls == 1
    if answer == "y":
        assert error == ""
        assert out.endswith("ok 61583\n")
        assert project.pinned == {"text.py"}
    else:
        assert "ImportError" in error
        assert project.pinned == set()


def test_a_notebook_that_nobody_sits_before_says_what_waits(project: Project, kernel: Kernel) -> None:
    """Executed by a program, the kernel can ask nobody: the module waits, as anywhere else."""
    project.write("myapp/gen/__init__.py", ANCHOR.replace("auto", "review"))
    _, error, _ = kernel.run(USES_MIX)
    assert error.startswith("PendingReview: myapp.gen.text (mix)")
    assert "genloom lib accept" in error
    assert project.model.calls == 1
    assert project.pinned == set()
