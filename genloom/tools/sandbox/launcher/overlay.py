"""A copy-on-write view of a folder, at its own path: what is written goes to private memory, the folder stays as it is.

Runs as root (or with root's rights in an own user namespace), before the run's user is taken. See the kernel's
filesystems/overlayfs; `userxattr` makes it work in a user namespace (Linux 5.11), and for root the files of the folder's
owner are shown as the run's own (an idmapped layer, Linux 5.19).
"""

from __future__ import annotations

import os
import stat

from genloom.tools.sandbox.launcher import kernel
from genloom.tools.sandbox.launcher.refusal import RefusalError

__all__ = ["View"]

_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442
_AT_FDCWD, _AT_EMPTY_PATH, _CLONE, _CLOSE_ON_EXEC = -100, 0x1000, 1, os.O_CLOEXEC
_FROM_EMPTY_PATH = 4
_IDMAP, _READ_ONLY = 0x00100000, 1
_PLAIN = kernel.MS_NOSUID | kernel.MS_NODEV


class View:
    """The view of `view[0]`, a folder without links in its path; the relative paths after it are not to be seen in it.

    Made before any mount is changed: it takes hold of the folder, which something may cover later.
    """

    def __init__(self, view: list[str], user: int, root: bool) -> None:
        self.folder, *self._covered = view
        self._user = user
        self._root = root
        try:
            self._held = os.open(self.folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            self._owners = _owners_as(os.fstat(self._held), user) if root else -1
        except (OSError, ValueError) as error:
            raise RefusalError("view", error) from error

    def holds(self, path: str) -> bool:
        """Whether a path leads to the folder or into it."""
        real = os.path.realpath(path)
        return real == self.folder or real.startswith(self.folder + "/")

    def show(self, staging: str, size: int) -> None:
        """Mount the view at the folder's own path; what is written in it takes at most `size` bytes.

        `staging` is a folder that something else will cover: the layers are mounted there. Raises `RefusalError` of the
        stage `view`.
        """
        try:
            kernel.mount("tmpfs", staging, "tmpfs", _PLAIN, f"size={size},nr_inodes=64k,mode=0700")
            os.chdir(staging)  # by relative names, for those in an overlay's options may hold neither `:` nor `,`
            for name in ("lower", "upper", "work"):
                os.mkdir(name)
            if self._root:
                _bind_mapped(self._held, "lower", self._owners)
            else:
                kernel.mount(f"/proc/self/fd/{self._held}", "lower", flags=kernel.MS_BIND)
            self._take_after("lower", "upper")
            for path in self._covered:
                self._cover(path)
            options = "userxattr,lowerdir=lower,upperdir=upper,workdir=work"
            kernel.mount("overlay", self.folder, "overlay", _PLAIN, options)
        except (OSError, ValueError) as error:
            raise RefusalError("view", error) from error
        finally:
            os.chdir("/")

    def show_mapped(self) -> None:
        """Mount the folder itself at its own path, read-only, as one of the run's user. For root alone."""
        try:
            _bind_mapped(self._held, self.folder, self._owners)
        except OSError as error:
            raise RefusalError("view", error) from error

    def _cover(self, path: str) -> None:
        """Put a whiteout into the upper layer: for those who look at the view, nothing is there.

        Not even what comes there later: the view of a prepared run is older than the run.
        """
        folders = path.split("/")[:-1]
        for depth in range(1, len(folders) + 1):
            part = "/".join(folders[:depth])
            if not os.path.isdir(f"upper/{part}"):
                os.mkdir(f"upper/{part}")
                self._take_after(f"lower/{part}", f"upper/{part}")
        os.mknod(f"upper/{path}", stat.S_IFCHR, os.makedev(0, 0))

    def _take_after(self, lower: str, upper: str) -> None:
        """Give a folder of the upper layer the mode of the one below, and the run's user."""
        mode = os.stat(lower).st_mode if os.path.isdir(lower) else 0o755
        os.chmod(upper, stat.S_IMODE(mode) & 0o777 | 0o700)
        if self._root:
            os.chown(upper, self._user, self._user)


def _bind_mapped(held: int, target: str, owners: int) -> None:
    """Mount the held folder with its owners mapped."""
    tree = kernel.syscall("open_tree", _OPEN_TREE, held, b"", _AT_EMPTY_PATH | _CLONE | _CLOSE_ON_EXEC)
    try:
        attributes = b"".join(number.to_bytes(8, "little") for number in (_IDMAP | _READ_ONLY, 0, 0, owners))
        kernel.syscall("mount_setattr", _MOUNT_SETATTR, tree, b"", _AT_EMPTY_PATH, attributes, len(attributes))
        kernel.syscall("move_mount", _MOVE_MOUNT, tree, b"", _AT_FDCWD, os.fsencode(target), _FROM_EMPTY_PATH)
    finally:
        os.close(tree)


def _owners_as(owner: os.stat_result, user: int) -> int:
    """Return a descriptor of a user namespace in which the files of an owner are the run's."""
    return _user_namespace(_swapped(owner.st_uid, user, "uid"), _swapped(owner.st_gid, user, "gid"))


def _swapped(owner: int, user: int, kind: str) -> str:
    """Return the lines of an id map in which two ids have changed places and all others stay."""
    with open(f"/proc/self/{kind}_map", "rb") as file:
        ranges = [tuple(map(int, line.split())) for line in file]
    lines: list[tuple[int, int, int]] = []
    for start, _, count in ranges:
        end = start + count
        cuts = sorted(number for number in {owner, user} if start <= number < end)
        for number in cuts:
            lines += [(start, start, number - start), (number, user if number == owner else owner, 1)]
            start = number + 1
        lines.append((start, start, end - start))
    return "".join(f"{inside} {outside} {count}\n" for inside, outside, count in lines if count)


def _user_namespace(users: str, groups: str) -> int:
    """Return a descriptor of a new user namespace with these maps; nobody stays in it."""
    ready, tell = os.pipe()
    wait, let_go = os.pipe()
    child = os.fork()
    if child == 0:
        _live_in_namespace(tell, wait, let_go)
    os.close(tell)
    os.close(wait)
    try:
        # by the number that /proc knows it by: that is the process namespace outside
        number = os.read(ready, 32).decode()
        if not number:
            raise OSError("no user namespace for the view")
        for name, text in (("uid_map", users), ("gid_map", groups)):
            _write(f"/proc/{number}/{name}", text)
        return os.open(f"/proc/{number}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(ready)
        os.close(let_go)
        os.waitpid(child, 0)


def _live_in_namespace(tell: int, wait: int, let_go: int) -> None:
    try:
        os.close(let_go)
        kernel.unshare(kernel.CLONE_NEWUSER)
        os.write(tell, os.readlink("/proc/self").encode())
        os.read(wait, 1)  # until the other end is closed
    finally:
        os._exit(0)


def _write(path: str, text: str) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)
