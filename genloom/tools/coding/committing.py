"""The tools of git: `git_diff`, and `git_commit` on a branch that is not the main one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from genloom.errors import UsageError
from genloom.tools.coding.answering import AnsweringTool, Core, demand_names
from genloom.tools.coding.workspace import Workspace
from genloom.tools.effects import Effect
from genloom.tools.git_command import run_git
from genloom.tools.git_settings import work_tree_at
from genloom.tools.scm.git_conditions import settings_for
from genloom.tools.security import holds_secret

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

__all__ = ["GitToolName", "git_tools"]

GitToolName = Literal["git_diff", "git_commit"]

MAX_SHOWN = 16_000
MAIN = frozenset(["main", "master", "trunk", "develop"])
AUTHOR = ("user.name=genloom", "user.email=genloom@localhost")
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}\Z")

Paths = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=4_000)]],
    Field(max_length=500, description="Files, relative to the repository's root"),
]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class GitDiffArguments(_Arguments):
    """What a model fills in to see differences."""

    paths: Paths = []
    revision: Annotated[str, Field(max_length=200, description="Against which commit or branch")] = "HEAD"


class GitCommitArguments(_Arguments):
    """What a model fills in to commit."""

    branch: Annotated[str, Field(min_length=1, max_length=200, description="A branch for this work; made if missing")]
    message: Annotated[str, Field(min_length=1, max_length=5_000, description="What was changed and why")]
    paths: Annotated[Paths, Field(min_length=1)]


def git_tools(
    workspace: Workspace, *, secrets: Sequence[str] = (), only: Sequence[GitToolName] | None = None
) -> list[BaseTool]:
    """Return the tools of git, for `invoke` and `ainvoke`; `only` picks some.

    `git_diff` reads. `git_commit` commits the named files, and nothing else, on a branch that is not the main one: the one
    that is checked out, or a new one, which is checked out then. Neither runs hooks or filters of the repository's, and
    what holds a secret is not committed. Whatever goes wrong is an answer that says what to do.
    """
    demand_names(only, list(_TOOLS))
    return [
        AnsweringTool(
            name=name,
            description=description,
            core=_shown(partial(core, workspace)),
            arguments=arguments,
            effect=effect,
            title=name,
            failed="Not done",
            secrets=secrets,
        ).made()
        for name, (core, arguments, effect, description) in _TOOLS.items()
        if only is None or name in only
    ]


def _shown(core: Core) -> Core:
    async def told(**given: Any) -> str:  # Any: what the arguments' schema let through
        text = await core(**given)
        cut = len(text) - MAX_SHOWN
        return text if cut <= 0 else f"{text[:MAX_SHOWN]}\n[… {cut:,} more characters]"

    return told


@dataclass(frozen=True)
class _Git:
    """Git in one work tree, where no program runs that the repository's settings name."""

    root: Path
    place: Sequence[str]
    settings: Sequence[str]

    @classmethod
    async def at(cls, root: Path) -> _Git:
        return cls(root, work_tree_at(root), await settings_for(root))

    async def run(self, *arguments: str) -> str:
        return await run_git(*self.place, *arguments, folder=self.root, settings=(*self.settings, *AUTHOR))


async def _git_diff(workspace: Workspace, paths: Sequence[str] = (), revision: str = "HEAD") -> str:
    chosen = ["/".join(workspace.parts(path)) for path in paths]
    _demand_name(revision, "revision")
    git = await _Git.at(workspace.root)
    commit = (await git.run("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")).strip()
    told = await git.run(
        *("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=dirty", commit, "--", *chosen)
    )
    new = await git.run("ls-files", "--others", "--exclude-standard", "--", *chosen)
    files = [line for line in new.splitlines() if line]
    return (told + (f"\nnew files, not in git yet: {', '.join(files[:200])}" if files else "")) or "no difference"


async def _git_commit(workspace: Workspace, branch: str, message: str, paths: Sequence[str]) -> str:
    chosen = ["/".join(workspace.parts(path)) for path in paths]
    _demand_name(branch, "branch")
    if branch.rpartition("/")[2] in MAIN and "/" not in branch:
        raise UsageError(f"Nothing is committed on {branch!r}.", hint="Name a branch for this work.")
    for path in chosen:
        if workspace.exists(path) and holds_secret(workspace.read(path)):
            raise UsageError(f"{path!r} holds what looks like a secret.", hint="Take it out first.")
    git = await _Git.at(workspace.root)
    if not (await git.run("status", "--porcelain", "--ignore-submodules=dirty", "--", *chosen)).strip():
        raise UsageError("The files are as they were committed.", hint="Change something first.")
    current = (await git.run("branch", "--show-current")).strip()
    if current != branch:
        if await git.run("branch", "--list", branch):
            raise UsageError(f"The branch {branch!r} is there, and not checked out.", hint="Choose another name.")
        await git.run("switch", "--create", branch)
    await git.run("add", "--", *chosen)
    await git.run("commit", "--quiet", "--no-verify", "-m", message, "--", *chosen)
    return await git.run("show", "--stat", "--no-color", "--format=%h %s", "HEAD")


def _demand_name(name: str, what: str) -> None:
    if not _BRANCH.match(name) or ".." in name or name.endswith((".lock", "/", ".")):
        raise UsageError(f"{name!r} is no {what}'s name.", hint="Use letters, digits, `-`, `_`, `.` and `/`.")


_TOOLS: dict[GitToolName, tuple[Core, type[BaseModel], Effect, str]] = {
    "git_diff": (_git_diff, GitDiffArguments, "read", "See how files differ from the last commit, or another one."),
    "git_commit": (
        _git_commit,
        GitCommitArguments,
        "write",
        "Commit files on a branch of their own, never on the main one. Hooks do not run.",
    ),
}
