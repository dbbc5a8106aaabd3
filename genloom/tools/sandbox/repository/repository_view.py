"""The repository as a run sees it: a copy-on-write view of its folder, or a bounded copy where none can be mounted."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from genloom.tools.sandbox.interpreter import Unavailable
from genloom.tools.sandbox.repository.import_roots import import_roots, module_address

__all__ = ["COPY_FILES", "RepositoryView", "copied_files", "is_covered"]

COPY_MEGABYTES = 64
COPY_FILES = 5_000
MAX_SEARCHED, MAX_SEARCHED_BYTES = 2_000, 1_000_000
MAX_ENTRIES = 400_000
"""How many names are looked at for what must not be seen, a second's work or two. With more there is no view."""

_COVERED = frozenset(
    ".git .hg .svn .jj .aws .azure .ssh .gnupg .kube .env .envrc .netrc .pypirc .git-credentials .htpasswd .dockercfg "
    ".vault-token id_rsa id_dsa id_ecdsa id_ed25519".split()
)
_DOTENV = re.compile(r"\.env\.(?!example$|sample$|template$|dist$)")
_IMPORT = re.compile(rb"^[ \t]*(?:import|from)[ \t]+(\w+)", re.MULTILINE)
_NOT_ENTERED = frozenset("__pycache__ node_modules site-packages dist-packages".split())


def is_covered(name: str) -> bool:
    """Whether a file or folder of this name is not to be seen by code under check: version control, and secrets."""
    return name in _COVERED or _DOTENV.match(name) is not None


@dataclass(frozen=True)
class RepositoryView:
    """A repository's folder, links resolved. Its properties and methods read the disk; roots, covered paths and imports are
    looked up once, so make a new one where the repository may have changed."""

    folder: str

    @cached_property
    def roots(self) -> tuple[str, ...]:
        """The folders that modules are imported from, relative to the repository, its own ("") first."""
        return tuple(str(root)[len(self.folder) :].strip("/") for root in import_roots(Path(self.folder)))

    @cached_property
    def covered(self) -> tuple[str, ...]:
        """The relative paths that code under check does not see."""
        return self._search[0]

    @cached_property
    def _search(self) -> tuple[tuple[str, ...], bool]:
        try:
            return tuple(_covered_paths(self.folder)), True
        except _TooManyError:
            return (), False

    @property
    def problem(self) -> Unavailable | None:
        """Why there is no such view, if so."""
        if self.folder == "/":
            why = Unavailable(reason="The root of the file system is no repository.", hint="Give a project's folder.")
        elif not Path(self.folder).is_dir():
            why = Unavailable(reason=f"There is no folder {self.folder}.", hint="Give the folder of the repository.")
        elif not self._search[1]:
            why = Unavailable(
                reason=f"{self.folder} holds more than {MAX_ENTRIES:,} files and folders, too many to look among for "
                "what code under check must not see.",
                hint="Give a smaller folder as the repository, or keep its data outside of it.",
            )
        else:
            return None
        return why

    def module_name(self, path: str) -> str | None:
        """Return the dotted name under which a file of the repository is imported; `None` where no import can name it."""
        return module_address(path, self.roots)

    def relative(self, path: Path) -> str | None:
        """Return a path relative to the repository, `None` for one outside or one that code under check does not see."""
        try:
            # the file's own name stays: a link is a file of the repository wherever it leads
            place = path.expanduser().absolute().parent.resolve() / path.name
        except (OSError, RuntimeError):
            return None
        if not place.is_relative_to(self.folder):
            return None
        inner = place.relative_to(self.folder)
        return None if any(map(is_covered, inner.parts)) else inner.as_posix()

    def sha256(self, path: str) -> str | None:
        """Return the hash of a file's bytes, `None` where there is no such file."""
        try:
            with Path(self.folder, path).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return None

    def has_top_level(self, name: str) -> bool:
        """Whether one of the import roots holds a module or package of this name."""
        places = (Path(self.folder, root) for root in self.roots)
        return any((place / name).is_dir() or (place / f"{name}.py").is_file() for place in places)

    @cached_property
    def imported(self) -> frozenset[str]:
        """The top-level names that files of the repository import: of the first 2,000, without what git ignores."""
        from genloom.tools.codebase.files.tree import SourceTree  # imported here: only when a package is missing

        files = itertools.islice(SourceTree(Path(self.folder), suffixes=(".py",)).files(), MAX_SEARCHED)
        texts = (self._bytes(file.path) for file in files if file.size <= MAX_SEARCHED_BYTES)
        return frozenset(name.decode("utf-8", "replace") for text in texts for name in _IMPORT.findall(text))

    def _bytes(self, path: str) -> bytes:
        try:
            return Path(self.folder, path).read_bytes()
        except OSError:
            return b""


class _TooManyError(Exception):
    """There are more names than are looked at."""


def _covered_paths(folder: str) -> Iterator[str]:
    """Yield the paths below a folder, relative to it, whose names are covered; environments and packages are not entered."""
    left = MAX_ENTRIES
    waiting = deque([""])
    while waiting:
        inner = waiting.popleft()
        try:
            with os.scandir(Path(folder, inner)) as listing:
                entries = list(listing)
        except OSError:
            continue
        if inner and any(entry.name == "pyvenv.cfg" for entry in entries):
            continue
        left -= len(entries)
        if left < 0:
            raise _TooManyError
        for entry in entries:
            path = f"{inner}/{entry.name}" if inner else entry.name
            if is_covered(entry.name) and not Path(entry.path, "pyvenv.cfg").exists():
                yield path
            elif entry.name not in _NOT_ENTERED and entry.is_dir(follow_symlinks=False):
                waiting.append(path)


def copied_files(view: RepositoryView, megabytes: int) -> dict[str, bytes] | Unavailable:
    """Return the files of a repository that git does not ignore, or why they cannot be copied: there are too many.

    They may take half of `megabytes`, and 64 MB at most. Links, hidden folders, and what is covered are left out.
    """
    from genloom.tools.codebase.files.tree import (
        SourceTree,  # imported here: only systems that cannot mount a view need it
    )

    most = min(COPY_MEGABYTES << 20, megabytes << 19)
    found: dict[str, bytes] = {}
    size = 0
    for file in SourceTree(Path(view.folder), suffixes=("",)).files():
        if any(map(is_covered, file.path.split("/"))):
            continue
        size += file.size
        if size > most or len(found) >= COPY_FILES:
            return _too_large(view, most)
        try:
            found[file.path] = Path(view.folder, file.path).read_bytes()
        except OSError:  # gone meanwhile, or not ours to read
            continue
    return found


def _too_large(view: RepositoryView, most: int) -> Unavailable:
    return Unavailable(
        reason=f"No view of {view.folder} can be mounted here, and it is too large to copy: more than {most >> 20} MB "
        f"or {COPY_FILES:,} files that git does not ignore.",
        hint="Run where user namespaces are allowed (Linux 5.11 or newer), or let .gitignore name what no check needs.",
    )
