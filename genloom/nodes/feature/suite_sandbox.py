"""The sandbox that a repository's tests run in, over a worktree of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from genloom.nodes.runtime import NodeRuntime
from genloom.tools.sandbox import Sandbox, interpreter_for, sandbox_for

__all__ = ["sandbox_over", "suite_sandbox"]


def sandbox_over(worktree: Path, runtime: NodeRuntime) -> Sandbox:
    """Return the sandbox of a worktree, with the interpreter that the repository itself has. It reads the disk."""
    python = str(interpreter_for(runtime.context))
    context = runtime.context.model_copy(update={"repository": str(worktree), "python": python})
    return sandbox_for(context, runtime.settings)


async def suite_sandbox(runtime: NodeRuntime, worktree: Path) -> Sandbox:
    """Do what `sandbox_over` does, in a thread."""
    return await asyncio.to_thread(sandbox_over, worktree, runtime)
