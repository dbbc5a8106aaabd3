"""Where a run works: a mirror of a repository, and in it one worktree a run.

A mirror holds the source's newest commit alone, and those that runs asked for. The first worktree of a run pins the commit
under a ref of the run's, so that a run which goes on elsewhere or later works on the code that it began with. The source
itself is only ever read.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from genloom.errors import RepositoryError, StorageError
from genloom.tools.git_command import Transport, run_git

__all__ = ["Mirror", "checked_source", "delete_worktree", "worktrees_folder", "worktrees_in"]

_NEWEST = "refs/genloom/newest"
LOCK_SECONDS = 300.0
_GONE_HINT = "Put it back; on a server, or register where it is now: `genloom serve repos add`."


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """A bare repository in `folder` that follows `source` (an absolute path, or an https or ssh URL)."""

    folder: Path
    source: str
    seconds: float = 300.0
    most_megabytes: int = 2048
    most_files: int = 200_000
    plain: bool = False
    """Whether files are checked out with the bytes that are committed, whatever the attributes say of them."""

    @property
    def transport(self) -> Transport:
        """How the source is reached."""
        return "file" if self.source.startswith("/") else "network"

    async def default_branch(self) -> str:
        """Ask the source for its branch of now; `HEAD` when it has none checked out."""
        await self._demand_source()
        await _make(self.folder.parent)
        told = await run_git(
            *("ls-remote", "--symref", "--", self.source, "HEAD"),
            folder=self.folder.parent,
            transport=self.transport,
            seconds=self.seconds,
        )
        if not told.strip():
            raise RepositoryError(f"{self.source} has no commit yet.", hint="Commit something first.")
        found = re.search(r"^ref: refs/heads/(\S+)\tHEAD$", told, re.MULTILINE)
        return found.group(1) if found else "HEAD"

    async def refresh(self) -> None:
        """Take over the source's newest commit. Raises `RepositoryError` when the source is gone or too large."""
        await self._demand_source()
        async with _locked(self.folder):
            await self._fetch("HEAD", _NEWEST)
            await self._collect_garbage()

    async def add_worktree(self, path: Path, name: str, *, commit: str = "") -> str:
        """Check the run's commit out into `path` and return the commit's id.

        A run that has no commit yet gets the source's newest, or the one that `commit` names by its id; one that has keeps
        it. What stands at `path` is replaced.
        """
        pin = f"refs/genloom/runs/{name}"
        if not await self._commit(pin):
            await self._pin(pin, commit)
        async with _locked(self.folder):
            await asyncio.to_thread(_delete, path)
            await self._git("worktree", "prune")
            await _make(path.parent)
            if self.plain:
                await asyncio.to_thread(_write_attributes, self.folder / "info")
            await self._git("worktree", "add", "--quiet", "--force", "--detach", "--", str(path), pin)
            return await self._commit(pin)

    async def remove_worktree(self, path: Path, name: str, *, forget: bool) -> None:
        """Delete a worktree; `forget` lets go of the run's commit, too. Nothing is wrong with one that is gone."""
        await asyncio.to_thread(_delete, path)
        if not await self._is_there():
            return
        async with _locked(self.folder):
            await self._git("worktree", "prune")
            if forget:
                await self._git("update-ref", "-d", f"refs/genloom/runs/{name}")

    async def delete(self) -> None:
        """Delete the mirror; the source stays as it is, and so does the lock's file, which others may be waiting for."""
        async with _locked(self.folder):
            await asyncio.to_thread(_delete, self.folder)

    async def delete_unused(self) -> None:
        """Delete the mirror with all that was ever written in it, once no run and no branch needs it any more."""
        async with _locked(self.folder):
            if await self._is_there() and not await self._git(
                "for-each-ref", "--count=1", "refs/heads", "refs/genloom/runs", "refs/genloom/attempts"
            ):
                await asyncio.to_thread(_delete, self.folder)

    async def _pin(self, pin: str, commit: str) -> None:
        if not commit:
            await self.refresh()
        async with _locked(self.folder):
            if commit:
                await self._demand_source()
                await self._fetch(commit, pin)
                await self._collect_garbage()
            else:
                await self._git("update-ref", pin, _NEWEST)

    async def _collect_garbage(self) -> None:
        """Let go of what no run and no worktree needs any more, after a while, by git's own measure."""
        await self._git("gc", "--auto", "--quiet", settings=("gc.auto=2000", "gc.autoDetach=false"))

    async def _fetch(self, what: str, ref: str) -> None:
        """Take over one commit of the source's under a ref, within bounds."""
        if not await self._is_there():
            await _make(self.folder)
            await self._git("init", "--bare", "--quiet", ".")
        await run_git(
            *("fetch", "--quiet", "--depth", "1", "--no-tags", "--no-recurse-submodules", "--force"),
            *("--", self.source, f"+{what}:{ref}"),
            folder=self.folder,
            transport=self.transport,
            seconds=self.seconds,
            file_megabytes=self.most_megabytes,
        )
        await self._demand_size(ref)

    async def _commit(self, ref: str) -> str:
        """The id of a ref's commit, empty when there is none."""
        if not await self._is_there():
            return ""
        return (await self._git("for-each-ref", "--format=%(objectname)", ref)).strip()

    async def _demand_size(self, ref: str) -> None:
        listed = await self._git("ls-tree", "-r", "-l", "--full-tree", ref, output_megabytes=64)
        sizes = [line.split(maxsplit=4)[3] for line in listed.splitlines()]
        size = sum(int(size) for size in sizes if size.isdigit())
        if len(sizes) > self.most_files or size > self.most_megabytes << 20:
            raise RepositoryError(
                f"{self.source} is too large: {len(sizes)} files, {size >> 20} MB.",
                hint=f"At most {self.most_files} files and {self.most_megabytes} MB are checked out.",
            )

    async def _is_there(self) -> bool:
        return await asyncio.to_thread((self.folder / "HEAD").exists)

    async def _demand_source(self) -> None:
        if self.transport == "file" and not await asyncio.to_thread(Path(self.source).is_dir):
            raise RepositoryError(f"The repository {self.source} is gone.", hint=_GONE_HINT)

    async def _git(self, *arguments: str, settings: Sequence[str] = (), output_megabytes: int = 1) -> str:
        return await run_git(
            *arguments,
            folder=self.folder,
            settings=settings,
            seconds=self.seconds,
            file_megabytes=self.most_megabytes,
            output_megabytes=output_megabytes,
        )


def checked_source(text: str) -> str:
    """Return a repository's source in the form that is kept: an absolute path, or an https or ssh URL.

    Raises `RepositoryError` for anything else, and for a URL with a password: it would be kept in the clear.
    """
    scp = re.fullmatch(r"([\w.-]+@)?[\w.-]+:(?!//)[^\s]+", text)
    if "://" not in text and not (scp and not Path(text).exists()):
        path = Path(text).expanduser().absolute()
        if not path.is_dir():
            raise RepositoryError(f"There is no folder {path}.", hint="Give a git repository's folder, or its URL.")
        return str(path)
    if scp:
        return text
    parts = urlsplit(text)
    if parts.scheme not in ("https", "ssh") or not parts.hostname or text.startswith("-"):
        raise RepositoryError(
            f"{parts.scheme}:// is no way to a repository here.", hint="Use https://, ssh:// or a path."
        )
    if parts.password or (parts.scheme == "https" and parts.username):
        raise RepositoryError(
            "The URL holds a credential, which would be stored in the clear.",
            hint="Use ssh with a key, or a local clone.",
        )
    return text


def worktrees_folder(data: Path) -> Path:
    """Return where the worktrees of a server's data folder are."""
    return data.absolute() / "work"


async def worktrees_in(folder: Path) -> tuple[str, ...]:
    """Return the names of the worktrees in a folder."""
    return await asyncio.to_thread(
        lambda: tuple(sorted(each.name for each in folder.iterdir())) if folder.is_dir() else ()
    )


async def delete_worktree(path: Path) -> None:
    """Delete a worktree, and nothing of its mirror."""
    await asyncio.to_thread(_delete, path)


@asynccontextmanager
async def _locked(folder: Path) -> AsyncIterator[None]:
    """One at a time works in a mirror, among processes too. Raises `StorageError` when another holds it for minutes."""
    await _make(folder.parent)
    lock = FileLock(folder.with_name(f"{folder.name}.lock"), timeout=0, thread_local=False)
    last = time.monotonic() + LOCK_SECONDS
    while not await _take(lock):
        if time.monotonic() > last:
            raise StorageError(f"{folder} is held by another process.", hint="Look for a git that hangs.")
        await asyncio.sleep(0.05)
    try:
        yield
    finally:
        await asyncio.shield(asyncio.to_thread(lock.release))


async def _take(lock: FileLock) -> bool:
    """Try once to take a lock; who is cancelled meanwhile leaves nothing taken."""
    trying = asyncio.ensure_future(asyncio.to_thread(_taken, lock))
    try:
        return await asyncio.shield(trying)
    except asyncio.CancelledError:
        trying.add_done_callback(lambda tried: _let_go(tried, lock))
        raise


def _let_go(tried: asyncio.Future[bool], lock: FileLock) -> None:
    if not tried.cancelled() and tried.exception() is None and tried.result():
        lock.release()


async def _make(folder: Path) -> None:
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True, mode=0o700)


def _write_attributes(info: Path) -> None:
    info.mkdir(exist_ok=True, mode=0o700)
    (info / "attributes").write_text("* -text -ident -filter !eol !working-tree-encoding\n", encoding="utf-8")


def _taken(lock: FileLock) -> bool:
    try:
        lock.acquire()
    except Timeout:
        return False
    except OSError as error:
        raise StorageError(f"{lock.lock_file}: {error.strerror or error}.") from error
    return True


def _delete(path: Path) -> None:
    """Delete a file or folder. Raises `StorageError` when something of it stays."""
    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path, ignore_errors=True)
    if path.exists():
        raise StorageError(f"{path} cannot be deleted.", hint="Check its permissions.")
