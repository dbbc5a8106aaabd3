"""Material of localisation: the tasks, and the repositories as they were before each task's commit."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from localise_scores import Task

__all__ = ["Checkouts", "read_tasks"]

SPARSE = "*.py\n*.pyi\n.gitignore\n"


def read_tasks(path: Path) -> list[Task]:
    """Read tasks as JSON lines; what is more in a line is left out."""
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    tuples = ("files", "symbols")
    return [
        Task(**{name: tuple(line[name]) if name in tuples else line[name] for name in Task.__dataclass_fields__})
        for line in lines
    ]


class Checkouts:
    """One checkout for each repository, moved from commit to commit: its Python files, and the history up to it.

    They borrow the objects of the clones in `clones` (one folder for each repository) and lie in `keep`, where they stay
    for the next run, else in a temporary folder that is gone after the run. Moved in the order of the commits, few files
    change from one to the next, and their index is brought up to date rather than made anew.
    """

    def __init__(self, clones: Path, folder: Path) -> None:
        self._clones = clones
        self._folder = folder

    @classmethod
    @contextmanager
    def below(cls, clones: Path, keep: Path | None) -> Iterator[Checkouts]:
        """Give checkouts in a folder to keep, or in one that is removed."""
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            yield cls(clones, keep.resolve())
            return
        with tempfile.TemporaryDirectory(prefix="localise-") as temporary:
            yield cls(clones, Path(temporary))

    def ordered(self, tasks: Iterable[Task]) -> list[Task]:
        """Return the tasks by repository and the time of their commit. Ends the program where a clone is missing."""
        tasks = list(tasks)
        missing = sorted({task.repo for task in tasks if not (self._clones / task.repo).is_dir()})
        if missing:
            raise SystemExit(f"No clone of {', '.join(missing)} in {self._clones}.")
        return sorted(tasks, key=lambda task: (task.repo, self._time(task), task.id))

    def _time(self, task: Task) -> int:
        return int(_git("-C", str(self._clones / task.repo), "log", "-1", "--format=%ct", task.parent_sha))

    def at_parent(self, task: Task) -> Path:
        """Return the folder of the repository's checkout, moved to the commit before the task's."""
        tree = self._folder / task.repo
        if not tree.is_dir():
            _git("clone", "-q", "--shared", "--no-checkout", "--no-tags", str(self._clones / task.repo), str(tree))
            _git("-C", str(tree), "config", "core.sparseCheckout", "true")
            sparse = tree / ".git" / "info" / "sparse-checkout"
            sparse.parent.mkdir(exist_ok=True)
            sparse.write_text(SPARSE)
        _git("-C", str(tree), "checkout", "-q", "--detach", task.parent_sha)
        return tree

    @property
    def cache(self) -> Path:
        """The folder of the indexes."""
        return self._folder / "cache"


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, stdout=-1, stderr=subprocess.DEVNULL, text=True).stdout
