"""The private view of the file system: everything read-only, what the run needs visible, scratch space of its own.

Runs as root (or with root's rights in an own user namespace), before the run's user is taken.
"""

from __future__ import annotations

import os
import stat

from genloom.tools.sandbox.launcher import kernel
from genloom.tools.sandbox.launcher.overlay import View
from genloom.tools.sandbox.launcher.refusal import RefusalError

__all__ = ["SHARED_MEMORY", "closed_to_others", "make_private_view", "show_closed"]

SHARED_MEMORY = "/dev/shm"  # noqa: S108 - where POSIX semaphores live, covered by a private tmpfs below

_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE = 442, -100, 0x8000
_READ_ONLY_NOSUID = 0b11
_COPIES_LIMIT = 64 << 20
_MOUNTS_LIMIT = 4096


def closed_to_others(path: str) -> str | None:
    """Return the topmost part of a path that an unprivileged user cannot pass or read, `None` when all is open."""
    part = ""
    for name in path.strip("/").split("/"):
        part += "/" + name
        mode = os.stat(part).st_mode
        needed = 0o005 if part == path and stat.S_ISDIR(mode) else 0o001 if stat.S_ISDIR(mode) else 0o004
        if mode & needed != needed:
            return part
    return None


def make_private_view(
    needed: list[str], view: list[str], scratch: str, size: int, user: int, root: bool, shared_memory: bool
) -> None:
    """Take a new mount namespace and change what it shows.

    `needed` paths stay visible, read-only, even where folders above them are closed to others (a tmpfs covers such a
    folder). `/proc` is covered, `/dev/shm` and the scratch folder become private tmpfs of at most `size` bytes, the first
    read-only without `shared_memory`.
    `view` is as in `Plan`: what is in that folder is seen there and nowhere else.
    """
    try:
        _take_mounts()
        shown = View(view, user, root) if view else None
        _make_read_only("/")
        plain = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
        if root:
            _Reveal(scratch, *view[:1]).reveal([path for path in needed if not (shown and shown.holds(path))])
        if shown:
            shown.show(scratch, size)
        kernel.mount("tmpfs", "/proc", "tmpfs", plain | kernel.MS_RDONLY, "size=4k,mode=0555")
        if os.path.isdir(SHARED_MEMORY):
            flags = plain if shared_memory else plain | kernel.MS_RDONLY
            kernel.mount("tmpfs", SHARED_MEMORY, "tmpfs", flags, f"size={size},nr_inodes=1k,mode=1777")
        group = user if root else os.getegid()
        kernel.mount("tmpfs", scratch, "tmpfs", plain, f"size={size},nr_inodes=16k,mode=0700,uid={user},gid={group}")
    except OSError as error:
        raise RefusalError("mounts", error) from error


def show_closed(needed: list[str], view: str, staging: str, user: int) -> None:
    """Take a new mount namespace in which others can read the `needed` paths and nothing more than before.

    `view` ("" for none) is a folder whose owner's files are shown as the user's, read-only. For root alone. `staging` is a
    folder that may be covered. The mounts are not read-only: bubblewrap writes to `/proc`, and makes what it shows
    read-only itself.
    """
    try:
        _take_mounts()
        shown = View([view], user, root=True) if view else None
        _Reveal(staging, *([view] if view else [])).reveal([p for p in needed if not (shown and shown.holds(p))])
        if shown:
            shown.show_mapped()
    except OSError as error:
        raise RefusalError("readable", f"{error}; a folder that is needed is closed to other users") from error


def _take_mounts() -> None:
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)


def _make_read_only(path: str) -> None:
    attributes = b"".join(n.to_bytes(8, "little") for n in (_READ_ONLY_NOSUID, 0, 0, 0))
    kernel.syscall(
        "mount_setattr", _MOUNT_SETATTR, _AT_FDCWD, os.fsencode(path), _AT_RECURSIVE, attributes, len(attributes)
    )


class _Reveal:
    """Shows needed paths below folders that others may not enter, and hides the rest of those folders."""

    def __init__(self, scratch: str, *places: str) -> None:
        """Copies are staged in `scratch`; it and the other `places` need only be there, for something will cover them."""
        self._scratch = scratch
        self._places = (scratch, *places)
        self._staged = False
        self._mounts = 0
        self._copied = 0

    def reveal(self, needed: list[str]) -> None:
        # taken hold of before anything is covered; the scratch folder first, for copies are staged there
        paths = [*self._places, *sorted({*needed, *map(os.path.realpath, needed)})]
        held = [os.open(path, os.O_PATH | os.O_CLOEXEC) for path in paths]
        for path, place in zip(paths, held, strict=True):
            top = self._closed(path)
            if top and os.path.isdir(top):
                kernel.mount("tmpfs", top, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "size=80m,mode=0755")
            if top and path in self._places:
                os.makedirs(path, exist_ok=True)
            elif top:
                self._show(f"/proc/self/fd/{place}", path)

    def _closed(self, path: str) -> str | None:
        try:
            return closed_to_others(os.path.dirname(path) if path in self._places else path)
        except FileNotFoundError:
            return path  # hidden by a cover already

    def _show(self, source: str, target: str) -> None:
        mode = os.stat(source).st_mode
        if not stat.S_ISDIR(mode):
            self._show_file(source, target, mode)
        elif mode & 0o005 == 0o005:
            os.makedirs(target, exist_ok=True)
            self._bind(source, target)
        else:
            os.makedirs(target, exist_ok=True)
            with os.scandir(source) as entries:
                for entry in entries:
                    self._show_entry(entry, os.path.join(target, entry.name))

    def _show_entry(self, entry: os.DirEntry[str], target: str) -> None:
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), target)
        elif entry.is_dir() or entry.is_file():
            self._show(entry.path, target)

    def _show_file(self, source: str, target: str, mode: int) -> None:
        if not os.path.exists(target):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o444))
        self._bind(source if mode & 0o004 else self._copy(source, target, mode), target)

    def _copy(self, source: str, target: str, mode: int) -> str:
        self._copied += os.stat(source).st_size
        if self._copied > _COPIES_LIMIT:
            raise RefusalError("readable", f"{target} and more are readable by root alone and too large to copy")
        if not self._staged:
            kernel.mount("tmpfs", self._scratch, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "size=80m,mode=0755")
            self._staged = True
        copy = os.path.join(self._scratch, str(self._mounts))
        with open(source, "rb") as given, open(copy, "wb") as staged:
            staged.write(given.read())
        os.chmod(copy, 0o555 if mode & 0o100 else 0o444)
        return copy

    def _bind(self, source: str, target: str) -> None:
        self._mounts += 1
        if self._mounts > _MOUNTS_LIMIT:
            raise RefusalError("readable", f"too many files around {target} are in folders readable by root alone")
        kernel.mount(source, target, flags=kernel.MS_BIND)
