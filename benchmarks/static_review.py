"""How long the AST passes of the review take on real files: `python benchmarks/static_review.py [FOLDER]`.

FOLDER defaults to the standard library of this Python. Parsing is timed apart, since a review parses a file once anyway.
Times are of this thread's processor, so that other work on the machine does not count.
"""

from __future__ import annotations

import ast
import statistics
import sys
import sysconfig
import time
from pathlib import Path

from genloom.state import ReviewPolicy
from genloom.tools.checks import find_capabilities
from genloom.tools.checks.reviewing.static.bandit_scan import has_bandit, scan
from genloom.tools.checks.reviewing.static.output_rules import output_findings

MOST_FILES = 400
HOUSE = ReviewPolicy(forbidden_imports=("xml",), forbidden_calls=("os.getcwd",), allowed_licences=("MIT",))


def main() -> None:
    """Print p50, p95 and the largest time of each pass in milliseconds."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else sysconfig.get_path("stdlib"))
    skipped = {"site-packages", "lib2to3", "test", "tests"}
    paths = [p for p in sorted(folder.rglob("*.py")) if not skipped & set(p.parts)][:MOST_FILES]
    times: dict[str, list[float]] = {"parse": [], "capabilities": [], "output policy": [], "with house rules": []}
    if has_bandit():
        times["bandit"] = []
        scan("x = 1\n")
    for path in paths:
        source = path.read_text(encoding="utf-8", errors="replace")
        try:
            tree = timed(times["parse"], lambda text=source: ast.parse(text))
        except (SyntaxError, ValueError):
            continue
        timed(times["capabilities"], lambda t=tree: find_capabilities(t))
        timed(times["output policy"], lambda t=tree, s=source: list(output_findings(s, t, ReviewPolicy(), "m.py")))
        timed(times["with house rules"], lambda t=tree, s=source: list(output_findings(s, t, HOUSE, "m.py")))
        if has_bandit():
            timed(times["bandit"], lambda s=source: scan(s))
    lines = statistics.median(len(p.read_bytes().splitlines()) for p in paths)
    print(f"{len(paths)} files of {folder}, median {lines:.0f} lines")
    for name, spent in times.items():
        spent.sort()
        print(
            f"{name:<18}p50 {spent[len(spent) // 2]:7.3f}  p95 {spent[int(len(spent) * 0.95)]:7.3f}  max {spent[-1]:7.1f} ms"
        )


def timed(times: list[float], work):  # type: ignore[no-untyped-def]
    """Run the work once and note its time in milliseconds."""
    began = time.thread_time()
    found = work()
    times.append((time.thread_time() - began) * 1e3)
    return found


if __name__ == "__main__":
    main()
