"""The outer view by bubblewrap (`bwrap`): namespaces of its own, and of the file system only what a run needs."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

__all__ = ["NAMESPACES", "bubblewrap_command", "find_bubblewrap", "free_scratch", "own_namespaces", "resolve"]

NAMESPACES = ("user", "mnt", "pid", "net", "ipc", "uts")
"""What `--unshare-all` leaves; the launcher inside makes sure of each."""

_OPTIONS = (
    *("--unshare-all", "--die-with-parent", "--new-session", "--clearenv"),
    *("--cap-drop", "ALL", "--hostname", "sandbox"),
)
_DEVICES = ("null", "zero", "full", "random", "urandom")
_MOST_LINKS = 40


def find_bubblewrap() -> str | None:
    """Return the absolute path of `bwrap`, `None` where there is none on the PATH."""
    found = shutil.which("bwrap")
    return found if found and Path(found).is_absolute() else None


def own_namespaces() -> dict[str, str]:
    """Return the identities of the namespaces that this process is in, by kind."""
    return {kind: str(Path(f"/proc/self/ns/{kind}").readlink()) for kind in NAMESPACES}


def free_scratch(name: str, shown: Iterable[str]) -> str:
    """Return where the scratch folder called `name` lies inside: in the temporary folder, unless that is shown read-only."""
    folder = os.path.realpath(tempfile.gettempdir())
    taken = [resolve(path)[0] for path in shown]
    if any(_within(folder, place) for place in (*taken, "/proc", "/dev", "/sys")):
        folder = "/tmp"  # noqa: S108 - private inside
    return f"{folder.rstrip('/')}/{name}"


def bubblewrap_command(program: str, shown: Iterable[str], *, scratch: str, size: int, flat: bool) -> list[str]:
    """Return the command that another command is appended to.

    `shown` paths are visible at their own places, read-only, with the links that lead to them; what is missing is passed
    over. Everything else is empty but for devices, an own `/proc` with `/proc/sys` covered, a private `/tmp` and the
    empty folder `scratch`. A `flat` view is the run's own: `/proc` is read-only, and the scratch folder holds at most
    `size` bytes. Otherwise the launcher makes a further view inside, for which it must write below `/proc/self`.
    """
    resolved = [resolve(path) for path in shown]
    real = sorted({path for path, _ in resolved if Path(path).exists()})
    links = sorted({link for _, found in resolved for link in found})
    places = [
        *((path, ["--ro-bind", path, path]) for path in real),
        *(_own_places(size, flat)),
        *((path, ["--symlink", target, path]) for path, target in links),
    ]
    made = list(_outermost(places))
    made += ["--size", str(size), "--tmpfs", scratch] if flat else ["--dir", scratch]
    return [program, *_OPTIONS, *made, "--remount-ro", "/", "--chdir", "/", "--"]


def _own_places(size: int, flat: bool) -> Iterator[tuple[str, list[str]]]:
    proc = ["--proc", "/proc", "--tmpfs", "/proc/sys", "--remount-ro", "/proc/sys"]
    yield "/proc", [*proc, *(["--remount-ro", "/proc"] if flat else [])]
    devices = [f"/dev/{name}" for name in _DEVICES if Path(f"/dev/{name}").exists()]
    shared = [*(["--size", str(size)] if flat else []), "--tmpfs", "/dev/shm"]  # noqa: S108 - private inside
    yield (
        "/dev",
        [
            *("--tmpfs", "/dev"),
            *(word for path in devices for word in ("--dev-bind", path, path)),
            *shared,
            *("--remount-ro", "/dev"),
        ],
    )
    yield "/tmp", ["--tmpfs", "/tmp"]  # noqa: S108 - private inside


def _outermost(places: Iterable[tuple[str, list[str]]]) -> Iterator[str]:
    """Yield the words for each place, outer ones first, without what an outer one shows already."""
    made: dict[str, str] = {}
    for path, words in sorted(places, key=lambda place: PurePosixPath(place[0]).parts):
        around = next((made[str(above)] for above in PurePosixPath(path).parents if str(above) in made), "")
        if path in made or (around == "--ro-bind" and words[0] in ("--ro-bind", "--symlink")):
            continue
        made[path] = words[0]
        yield from words


def resolve(path: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the real path of an absolute path, and the links that lead there as (place, target)."""
    links: list[tuple[str, str]] = []
    ahead, real = path.split("/")[::-1], ""
    while ahead:
        name = ahead.pop()
        if name == "..":
            real = real.rpartition("/")[0]
        elif name not in ("", "."):
            place = f"{real.rstrip('/')}/{name}"
            if not Path(place).is_symlink():
                real = place
                continue
            if len(links) >= _MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            links.append((place, str(Path(place).readlink())))
            ahead += links[-1][1].split("/")[::-1]
            real = "" if links[-1][1].startswith("/") else real
    return real or "/", links


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
