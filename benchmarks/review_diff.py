"""How long a review of a change of 1,000 lines takes without a model: `python benchmarks/review_diff.py [--runs N]`.

The change is made of real code: files of the standard library, of which every second line's passage is replaced so that ten
files change in about 100 added lines each. Timed are the graph by itself, in one process that has run it once, and the
whole command `genloom review --diff HEAD` with its start. Medians, wall and processor (the graph's with its ruff processes).
Aim: under 3 s.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

from genloom import GraphContext
from genloom.graphs import build_review_graph

FILES, LINES = 10, 100


def main() -> None:
    """Print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        added = made_change(root)
        graph = build_review_graph(reviewers=())
        context = GraphContext(repository=str(root))
        review = graph.invoke({"revision": "HEAD"}, context=context)["review"]
        print(
            f"{added:,} added lines in {FILES} files, {len(review.findings)} findings by {', '.join(review.reviewers)}"
        )
        print_medians(
            "graph", [timed(lambda: graph.invoke({"revision": "HEAD"}, context=context)) for _ in range(runs)]
        )
        command = [sys.executable, "-m", "genloom", "review", "--diff", "HEAD", "--json"]
        print_medians("command", [timed(lambda: started(command, root)) for _ in range(runs)])


def made_change(root: Path) -> int:
    """Commit parts of files, then put the rest in: returns how many lines were added."""
    stdlib = Path(sysconfig.get_path("stdlib"))
    names = sorted(path for path in stdlib.glob("*.py") if 600 < len(path.read_bytes().splitlines()) < 1_200)[:FILES]
    git(root, "init", "-q", ".")
    added = 0
    for path in names:
        (root / path.name).write_text("\n".join(_without_end(path)) + "\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "before")
    for path in names:
        lines = path.read_text(encoding="utf-8").splitlines()
        added += len(lines) - len(_without_end(path))
        (root / path.name).write_text("\n".join(lines) + "\n")
    return added


def _without_end(path: Path) -> list[str]:
    """A file without its last 100 lines or some more: cut before a definition, so that it parses."""
    lines = path.read_text(encoding="utf-8").splitlines()
    starts = [at for at, line in enumerate(lines) if line.startswith(("def ", "class ")) and at <= len(lines) - LINES]
    return lines[: max(starts, default=len(lines) - LINES)]


def git(root: Path, *arguments: str) -> None:
    """Run git as nobody in particular."""
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], cwd=root, check=True)


def started(command: list[str], root: Path) -> None:
    """Run the command in the repository to its end."""
    subprocess.run(command, cwd=root, check=False, stdout=subprocess.DEVNULL)


def timed(work: object) -> tuple[float, float]:
    """Run it; return wall and processor seconds, those of its processes included."""
    assert callable(work)
    wall, before = time.perf_counter(), os.times()
    work()
    after = os.times()
    spent = sum(after[:4]) - sum(before[:4])
    return time.perf_counter() - wall, spent


def print_medians(name: str, times: list[tuple[float, float]]) -> None:
    """Print one line."""
    wall, processor = (statistics.median(each) for each in zip(*times, strict=True))
    print(f"{name:<10}wall {wall:6.2f} s   processor {processor:6.2f} s")


if __name__ == "__main__":
    main()
