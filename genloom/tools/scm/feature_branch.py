"""The branch of a feature: one worktree of a mirror, whose commits a repository gets when a person approves.

The repository itself is only read before `publish`, so that neither its work tree nor anything of git's
changes there. What the worktree must hold is told by ids of git's (`restore`), never by what somebody left in it.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from genloom.errors import RepositoryError
from genloom.portal import run_sync
from genloom.state.feature import FeatureBranch
from genloom.tools.coding.committing import AUTHOR
from genloom.tools.git_command import run_git
from genloom.tools.scm.worktree import Mirror
from genloom.tools.security import redact

__all__ = ["BranchWork", "ChangedFile", "remove_branch"]

MOST_FILES = 200
MAX_DIFF_MEGABYTES = 8
MAX_FILE_BYTES = 2_000_000
GIT_SECONDS = 600.0

_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/~^@{}-]{0,199}\Z")
_PLAIN_DIFF = ("--no-ext-diff", "--no-textconv", "--no-color")


class ChangedFile(NamedTuple):
    """A file that differs between two trees."""

    path: str
    change: Literal["added", "modified", "deleted"]


class BranchWork:
    """What is done on a feature's branch. Every method raises `RepositoryError` or `StorageError`."""

    def __init__(self, branch: FeatureBranch) -> None:
        self.branch = branch
        self._key = branch.name.replace("/", "-")
        self._mirror = Mirror(folder=Path(branch.folder) / "mirror.git", source=branch.repository, plain=True)
        self.worktree = Path(branch.folder) / "work" / self._key

    @classmethod
    async def begin(cls, home: Path, repository: str, name: str, base: str | None) -> BranchWork:
        """Begin a branch of that name at a revision of the repository (its newest commit by default); one that was begun
        already starts anew, at the commit that it began at. `repository` is an absolute path."""
        commit = await _commit_of(Path(repository), base or "HEAD")
        await _demand_room(Path(repository), name)
        folder = str(_folder_of(home, repository))
        made = cls(FeatureBranch(repository=repository, folder=folder, name=name, base="", head="", tree=""))
        base_commit = await made._check_out(commit)
        tree = (await made._git("rev-parse", f"{base_commit}^{{tree}}")).strip()
        await made._point_to(base_commit)
        return cls(made.branch.model_copy(update={"base": base_commit, "head": base_commit, "tree": tree}))

    async def restore(self) -> None:
        """Make the worktree hold what the branch says, whatever is in it; one that is gone is made again."""
        if not await asyncio.to_thread((self.worktree / ".git").is_file):
            await self._check_out(self.branch.base)
        await asyncio.to_thread(self._remove_stale_lock)
        await self._here("clean", "-ffdxq")
        await self._here("read-tree", "--reset", "-u", self.branch.tree)
        await self._here("clean", "-ffdxq")
        await self._point_to(self.branch.head)

    async def snapshot(self) -> FeatureBranch:
        """Return the branch with what the worktree holds now, apart from what the ignore files leave out."""
        await self._here("add", "--all")
        tree = (await self._here("write-tree")).strip()
        await self._git("update-ref", self._attempt, tree)  # so that it is no garbage, however long the run waits
        return self.branch.model_copy(update={"tree": tree})

    async def commit(self, message: str) -> FeatureBranch:
        """Commit the branch's tree on its head and return the branch then. Without a difference there is no commit."""
        if not await self.changed(self.branch.head):
            return self.branch
        made = await self._git("commit-tree", self.branch.tree, "-p", self.branch.head, "-m", message)
        await self._point_to(made.strip())
        return self.branch.model_copy(update={"head": made.strip()})

    async def changed(self, since: str) -> tuple[ChangedFile, ...]:
        """Return the files in which the branch's tree differs from a commit."""
        told = await self._git("diff", "--name-status", "--no-renames", "-z", *_PLAIN_DIFF, since, self.branch.tree)
        words = told.split("\0")[:-1]
        if len(words) > 2 * MOST_FILES:
            raise RepositoryError(
                f"{len(words) // 2} files were changed; {MOST_FILES} are taken.", hint="Ask for less at once."
            )
        names: dict[str, Literal["added", "modified", "deleted"]] = {"A": "added", "D": "deleted"}
        return tuple(
            ChangedFile(path, names.get(letter, "modified"))
            for letter, path in zip(words[::2], words[1::2], strict=True)
        )

    async def text(self, at: str, path: str) -> str | None:
        """Return the text of a file in a tree or commit; `None` where there is none, or no text of a bearable size."""
        try:
            size = int((await self._git("cat-file", "-s", f"{at}:{path}")).strip())
            found = await self._git("cat-file", "blob", f"{at}:{path}") if size <= MAX_FILE_BYTES else None
        except RepositoryError:
            return None
        return None if found is None or "\0" in found else found

    async def difference(self, since: str, *, secrets: Sequence[str]) -> str:
        """Return the branch's difference since a commit, as `git diff` shows it, with secrets taken out: these, and what
        looks like one."""
        return redact(await self._git("diff", *_PLAIN_DIFF, since, self.branch.tree), secrets=secrets)

    async def stat(self, *, secrets: Sequence[str]) -> str:
        """Return the files that the branch changes, each with its count of lines, with secrets taken out."""
        told = await self._git("diff", "--stat=120", *_PLAIN_DIFF, self.branch.base, self.branch.tree)
        return redact(told, secrets=secrets).rstrip()

    @property
    def fetch_command(self) -> str:
        """How a person gets the branch, in the repository's folder."""
        return f"git fetch {shlex.quote(str(self._mirror.folder))} {self.branch.name}:{self.branch.name}"

    async def publish(self) -> None:
        """Make the branch one of the repository, which must not have another of its name."""
        name, repository = f"refs/heads/{self.branch.name}", Path(self.branch.repository)
        if not await asyncio.to_thread(repository.is_dir):
            raise RepositoryError(f"The repository {repository} is gone.", hint="Put it back there, and resume.")
        there = await run_git("for-each-ref", "--format=%(objectname)", name, folder=repository)
        if there.strip() == self.branch.head:
            return
        if there.strip():
            raise RepositoryError(
                f"The repository has another branch {self.branch.name}.",
                hint="Give that branch another name, and resume.",
            )
        await run_git(
            *("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-gc"),
            *("--", str(self._mirror.folder), f"{name}:{name}"),
            folder=repository,
            transport="file",
        )

    async def close(self, *, forget: bool) -> None:
        """Delete the worktree; `forget` deletes the branch, too, of which nothing is left then but what was published."""
        await self._mirror.remove_worktree(self.worktree, self._key, forget=forget)
        if forget and await asyncio.to_thread(self._mirror.folder.is_dir):
            await self._git("update-ref", "-d", f"refs/heads/{self.branch.name}")
            await self._git("update-ref", "-d", self._attempt)
            await self._mirror.delete_unused()

    @property
    def _attempt(self) -> str:
        """The ref of what the worktree held when it was recorded last."""
        return f"refs/genloom/attempts/{self._key}"

    async def _check_out(self, commit: str) -> str:
        base = await self._mirror.add_worktree(self.worktree, self._key, commit=commit)
        await self._here("symbolic-ref", "HEAD", f"refs/heads/{self.branch.name}")
        return base

    async def _point_to(self, commit: str) -> None:
        await self._git("update-ref", f"refs/heads/{self.branch.name}", commit)

    def _remove_stale_lock(self) -> None:
        """Remove the lock of an index that a killed git left behind; nobody else works in this worktree."""
        own = (self.worktree / ".git").read_text(encoding="utf-8").removeprefix("gitdir:").strip()
        if Path(own).parent.parent == self._mirror.folder:
            (Path(own) / "index.lock").unlink(missing_ok=True)

    async def _here(self, *arguments: str) -> str:
        return await run_git(*arguments, folder=self.worktree, seconds=GIT_SECONDS)

    async def _git(self, *arguments: str) -> str:
        """Run git on what is committed or recorded, which is there when the worktree is gone."""
        return await run_git(
            *arguments, folder=self._mirror.folder, settings=AUTHOR, output_megabytes=MAX_DIFF_MEGABYTES
        )


def remove_branch(branch: FeatureBranch) -> None:
    """Delete a feature's branch with its worktree, from genloom's home. One that was published stays in the repository."""
    run_sync(BranchWork(branch).close(forget=True))


def _folder_of(home: Path, repository: str) -> Path:
    """Where the branches of a repository are worked out."""
    digest = hashlib.sha256(repository.encode("utf-8", "surrogateescape")).hexdigest()
    return home.absolute() / "features" / digest[:16]


async def _demand_room(repository: Path, name: str) -> None:
    """Raise `RepositoryError` where the repository could never take over a branch of that name."""
    if len((await run_git("rev-parse", "HEAD", folder=repository)).strip()) != 40:
        raise RepositoryError("The repository names its objects by SHA-256.", hint="Only SHA-1 repositories are taken.")
    above = [f"refs/heads/{'/'.join(name.split('/')[:count])}" for count in range(1, name.count("/") + 1)]
    for ref in above:
        if ref in (await run_git("for-each-ref", "--format=%(refname)", ref, folder=repository)).splitlines():
            branch = ref.removeprefix("refs/heads/")
            raise RepositoryError(
                f"The repository has a branch {branch}, beside which none can be named {name}.",
                hint=f"Rename it: git branch -m {branch} NEW",
            )


async def _commit_of(repository: Path, revision: str) -> str:
    if not await asyncio.to_thread((repository / ".git").exists):
        raise RepositoryError(
            f"{repository} is not the folder of a git repository.",
            hint="A feature is worked out on a branch: give the repository's own folder, with a commit in it.",
        )
    if not _REVISION.match(revision) or ".." in revision:
        raise RepositoryError(f"{revision!r} is no revision.", hint="Give a commit, a branch or a tag.")
    try:
        told = await run_git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", folder=repository)
    except RepositoryError as error:
        raise RepositoryError(
            f"There is no commit {revision!r} in {repository}.", hint="Commit something first, or name another base."
        ) from error
    return told.strip()
