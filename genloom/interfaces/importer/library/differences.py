"""Differences: what waits for a person, and what was edited by hand since it was pinned."""

from __future__ import annotations

import difflib
import hashlib
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genloom.interfaces.importer.library.library import Library, ModuleState

__all__ = ["Difference", "differences", "unified"]

MAX_VERSIONS = 200
GIT_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How one module differs from its pin. `kind` is `pending` or `edited`; `text` is a unified diff, or says why there is
    none."""

    module: str
    kind: str
    text: str

    def to_json(self) -> dict[str, Any]:  # Any: JSON values
        """Return the difference as `genloom lib diff --json` prints it."""
        return {"module": self.module, "kind": self.kind, "diff": self.text}


def differences(library: Library, modules: Sequence[str] = ()) -> tuple[Difference, ...]:
    """Return the differences of these modules, or of all."""
    found = [*_pending(library), *_edited(library)]
    return tuple(difference for difference in found if not modules or difference.module in modules)


def unified(old: str, new: str, path: str, *, before: str = "pinned", after: str = "now") -> str:
    """Return the unified diff of two texts of the file `path`."""
    texts = old.splitlines(keepends=True), new.splitlines(keepends=True)
    lines = difflib.unified_diff(*texts, fromfile=f"{path} ({before})", tofile=f"{path} ({after})")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _pending(library: Library) -> Iterator[Difference]:
    for waiting in library.waiting():
        yield Difference(module=waiting.module, kind="pending", text=waiting.diff)


def _edited(library: Library) -> Iterator[Difference]:
    for state in library.states():
        if state.state == "edited":
            yield Difference(module=state.module, kind="edited", text=_edit_of(library, state))


def _edit_of(library: Library, state: ModuleState) -> str:
    assert state.entry is not None
    pinned = _pinned_text(state.path, state.entry.sha256)
    if pinned is None:
        return f"{state.path}: it was edited, and git holds no version with the pinned text to compare it with.\n"
    return unified(pinned, library.source(state.module), str(state.path))


def _pinned_text(path: Path, sha256: str) -> str | None:
    """Return the text of that hash from git: the index first, then the newest commits that touched the file."""
    git = shutil.which("git")
    if git is None:
        return None
    revisions = _git(git, path, "log", f"--max-count={MAX_VERSIONS}", "--format=%H", "--", path.name)
    for revision in ("", *(revisions or b"").decode("ascii", "replace").split()):
        data = _git(git, path, "show", f"{revision}:./{path.name}")
        if data is not None and hashlib.sha256(data).hexdigest() == sha256:
            return data.decode("utf-8", "replace")
    return None


def _git(git: str, path: Path, *arguments: str) -> bytes | None:
    """Return what git prints about the file's folder, `None` where it fails. Nothing of the repository runs."""
    command = [git, "--no-pager", "-c", "core.fsmonitor=false", *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - git, with arguments of our own
            command, cwd=path.parent, capture_output=True, timeout=GIT_SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
