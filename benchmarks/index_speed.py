"""How fast a repository is indexed and asked, beside ctags, aider's RepoMap and graph-sitter; and how the cost grows.

Everything is measured in one run on a copy of the folder given, each step as a process of its own, one after the other: wall
time, CPU time of the process and those that it started, and peak memory (of several processes the sum of their peaks). The
file cache is warm. genloom keeps its index in a fresh folder.

- cold: from nothing to a whole index, on one process and on two; *in process* leaves out the start of Python and imports.
- nothing changed, one file changed (the largest, by a line), a warm query (median of 20): in a process that has imported.
- `genloom context`: the whole command, with the index there.

aider and graph-sitter are given as the interpreters that have them (`pip install aider-chat==0.86.2`;
`pip install graph-sitter==0.56.14 "mini-racer<0.13"`, Python 3.12 or 3.13), ctags as a command. What is not given, or fails,
is left out with the reason; what takes longer than `--limit` seconds is ended and told so.

Any folder of Python code will do; the figures of the README are of Django 5.2's source distribution, unpacked.

    python benchmarks/index_speed.py path/to/folder [--ctags ctags] [--aider python] [--graph-sitter python] [--limit 600]
    python benchmarks/index_speed.py path/to/folder --grow 1000 10000 50000

`--grow` instead indexes so many files, copies of the folder's with the names that they define numbered, on two processes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from conditions import conditions, progress

INDEXED = """
import json, resource, statistics, sys, time
from pathlib import Path
from genloom.tools.codebase import Codebase
what, root, cache, processes, query = sys.argv[1:]
began, cpu = time.perf_counter(), time.process_time()
codebase = Codebase(root, cache=Path(cache))
report = codebase.refresh(processes=int(processes))
taken = [time.perf_counter() - began]
if what == "query":
    codebase.rank(query)
    taken = []
    for _ in range(20):
        began = time.perf_counter()
        codebase.rank(query)
        taken.append(time.perf_counter() - began)
codebase.close()
own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"wall": statistics.median(taken), "cpu": time.process_time() - cpu + others.ru_utime + others.ru_stime,
                  "peak": own.ru_maxrss + (report.processes - 1) * others.ru_maxrss, "files": report.files,
                  "indexed": report.indexed}))
"""
AIDER = """
import os, sys
from aider.io import InputOutput
from aider.repomap import RepoMap
class Model:
    def token_count(self, text):
        return len(text) // 4
files = [os.path.join(folder, name) for folder, _, names in os.walk(sys.argv[1]) for name in names if name.endswith(".py")]
repository = RepoMap(map_tokens=1024, root=sys.argv[1], main_model=Model(), io=InputOutput(yes=True))
assert repository.get_repo_map([], sorted(files))
"""
GRAPH_SITTER = """
import sys
from graph_sitter import Codebase
assert list(Codebase(sys.argv[1], language="python").files)
"""
WATCHED = """
import resource, subprocess, sys, tempfile, time
from pathlib import Path

def family(pid):
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            yield from family(child)

peaks = {}
with tempfile.TemporaryFile() as errors:
    began = time.perf_counter()
    process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=errors)
    while process.poll() is None:
        try:
            for pid in family(process.pid):
                lines = Path(f"/proc/{pid}/status").read_text().splitlines()
                peaks[pid] = max([peaks.get(pid, 0), *(int(l.split()[1]) for l in lines if l.startswith("VmHWM"))])
        except OSError:  # one has ended meanwhile
            pass
        time.sleep(0.02)
    wall = time.perf_counter() - began
    errors.seek(0)
    sys.stderr.buffer.write(errors.read()[-2000:] if process.returncode else b"")
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(wall, used.ru_utime + used.ru_stime, max(used.ru_maxrss, sum(peaks.values())) / 1024)
sys.exit(process.returncode != 0)
"""
QUERY = "the admin change list shows a wrong count when a queryset is filtered by a date range"


class Taken(NamedTuple):
    """What a process took: seconds of wall and CPU time, MB at its peak; or why there is no figure."""

    wall: float = 0.0
    cpu: float = 0.0
    peak: float = 0.0
    reason: str = ""
    output: str = ""


def measured(command: Sequence[str], limit: float, **settings: str) -> Taken:
    """Run a command to its end, or end it with all that it started at the limit."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=out, stderr=errors, env={**os.environ, **settings}, start_new_session=True
        )
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return Taken(reason=f"ended after {limit:.0f} s")
        wall = time.perf_counter() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        out.seek(0)
        errors.seek(0)
        if process.returncode:
            last = errors.read().strip().splitlines()[-1:]
            return Taken(reason=f"failed: {' '.join(last)[:120]}")
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Taken(wall, cpu, 0.0, "", out.read())


def with_peak(command: Sequence[str], limit: float, **settings: str) -> Taken:
    """Measure a command, with the peaks of all its processes together, under a process of its own that watches them."""
    taken = measured((sys.executable, "-c", WATCHED, *command), limit, **settings)
    if taken.reason:
        return taken
    wall, cpu, peak = map(float, taken.output.split())
    return Taken(wall, cpu, peak)


def indexed(what: str, root: Path, cache: Path, processes: int, limit: float) -> Taken:
    """Let genloom index or query in a process that has imported."""
    command = (sys.executable, "-c", INDEXED, what, str(root), str(cache), str(processes), QUERY)
    taken = measured(command, limit)
    if taken.reason:
        return taken
    told = json.loads(taken.output)
    return Taken(
        told["wall"], told["cpu"], told["peak"] / 1024, output=f"{told['files']} files, {told['indexed']} read"
    )


def genloom_steps(root: Path, scratch: Path, limit: float) -> Iterator[tuple[str, Taken]]:
    for processes in (1, 2):
        cache = scratch / f"cache{processes}"
        yield (
            f"genloom, cold, {processes} process{'es' * (processes > 1)}, in process",
            indexed("cold", root, cache, processes, limit),
        )
    cache = scratch / "home" / "cache"
    warm = (str(Path(sys.executable).with_name("genloom")), "context", QUERY, "--repo", str(root), "-q")
    yield "genloom context, cold, whole process", with_peak(warm, limit, GENLOOM_HOME=str(scratch / "home"))
    yield "genloom context, warm, whole process", with_peak(warm, limit, GENLOOM_HOME=str(scratch / "home"))
    cache = scratch / "cache1"
    yield "genloom, nothing changed", indexed("again", root, cache, 1, limit)
    largest = max(root.rglob("*.py"), key=lambda path: path.stat().st_size)
    with largest.open("a") as file:
        file.write("\n# changed\n")
    yield f"genloom, one file of {largest.stat().st_size // 1000} kB changed", indexed("again", root, cache, 1, limit)
    yield "genloom, warm query", indexed("query", root, cache, 1, limit)


def steps(root: Path, scratch: Path, given: argparse.Namespace) -> Iterator[tuple[str, Taken]]:
    """Yield each step's name and what it took."""
    yield from genloom_steps(root, scratch, given.limit)
    yield (
        "ctags",
        tool(
            given.ctags,
            lambda exe: (exe, "-R", "--languages=Python", "-f", str(scratch / "tags"), str(root)),
            given.limit,
        ),
    )
    for name in ("aider's RepoMap, cold", "aider's RepoMap, warm"):
        yield name, tool(given.aider, lambda exe: (exe, "-c", AIDER, str(root)), given.limit)
    for command in (
        ("init", "-q"),
        ("add", "-A"),
        ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "all"),
    ):
        subprocess.run(("git", *command), cwd=root, check=True, capture_output=True)
    yield "graph-sitter, cold", tool(given.graph_sitter, lambda exe: (exe, "-c", GRAPH_SITTER, str(root)), given.limit)


def tool(given: str | None, command: Callable[[str], Sequence[str]], limit: float) -> Taken:
    executable = shutil.which(given) if given else None
    if executable is None:
        return Taken(reason=f"left out: {given} is not there" if given else "left out: not given")
    return with_peak(command(executable), limit)


def grown(folder: Path, root: Path, count: int) -> int:
    """Write so many files below `root`; return their size in bytes."""
    sources = sorted(path for path in folder.rglob("*.py") if path.is_file() and not path.is_symlink())
    size = 0
    for number in range(count):
        turn, source = divmod(number, len(sources))
        path = root / f"part_{turn}" / sources[source].relative_to(folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        data = sources[source].read_bytes()
        if turn:
            data = re.sub(rb"\b(def|class) (\w+)", rb"\1 \2_%d" % turn, data)
        path.write_bytes(data)
        size += len(data)
    return size


def grow(folder: Path, counts: Sequence[int], limit: float) -> None:
    print(
        "| files | source, MB | wall, s | CPU, s | peak, MB | index, MB | CPU a file, ms |\n|---|---|---|---|---|---|---|"
    )
    for count in counts:
        with tempfile.TemporaryDirectory() as scratch:
            progress(f"writing {count} files")
            size = grown(folder, Path(scratch, "files"), count)
            progress(f"indexing {count} files")
            taken = indexed("cold", Path(scratch, "files"), Path(scratch, "cache"), 2, limit)
            index = sum(path.stat().st_size for path in Path(scratch).glob("cache/index/*"))
        if taken.reason:
            print(f"| {count:,} | {size / 1e6:.0f} | {taken.reason} |")
            continue
        each = taken.cpu / count * 1000
        figures = f"{taken.wall:.1f} | {taken.cpu:.1f} | {taken.peak:.0f} | {index / 1e6:.0f} | {each:.2f}"
        print(f"| {count:,} | {size / 1e6:.0f} | {figures} |", flush=True)


def compare(folder: Path, given: argparse.Namespace) -> None:
    print("| step | wall, s | CPU, s | peak, MB | |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch, "repository")
        shutil.copytree(folder, root, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        for name, taken in steps(root, Path(scratch), given):
            figures = " | | " if taken.reason else f"{taken.wall:.3f} | {taken.cpu:.2f} | {taken.peak:.0f}"
            print(f"| {name} | {figures} | {taken.reason or taken.output} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="how fast a repository is indexed and asked")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--ctags", default="ctags")
    parser.add_argument("--aider", help="an interpreter that has aider-chat")
    parser.add_argument("--graph-sitter", help="an interpreter that has graph-sitter")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds for one step")
    parser.add_argument("--grow", type=int, nargs="+", metavar="FILES")
    given = parser.parse_args()
    print(conditions(folder=given.folder.name))
    if given.grow:
        grow(given.folder, given.grow, given.limit)
    else:
        compare(given.folder, given)


if __name__ == "__main__":
    main()
