"""The counts of genloom's summaries beside graph-sitter's own, on one Python repository.

Every top-level class and function that both know is compared count by count. The repository is a git clone of any Python
project; graph-sitter runs in its own interpreter (`pip install graph-sitter==0.56.14 "mini-racer<0.13"` with Python 3.12 or
3.13), and is left out, with the reason, where none is given or it fails.

    python benchmarks/summaries.py path/to/clone [--graph-sitter path/to/its/python] [--show 3]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genloom.tools.codebase import Codebase

TOLD = ("files", "imports", "external_modules", "symbols", "classes", "functions", "global_vars", "interfaces")
CLASS = ("parent_classes", "methods", "attributes", "decorators", "dependencies", "usages")
FUNCTION = (
    "return_statements",
    "parameters",
    "function_calls",
    "call_sites",
    "decorators",
    "dependencies",
    "usages",
)
Counts = Mapping[str, int]
Summaries = dict[str, Any]  # Any: decoded JSON

THEIRS = """
import json, sys, time
from graph_sitter import Codebase
from graph_sitter.codebase.codebase_analysis import get_file_summary
began = time.perf_counter()
codebase = Codebase(sys.argv[1], language="python")
seconds = time.perf_counter() - began
def both(symbol, counts):
    return {**counts, "decorators": len(symbol.decorators), "dependencies": len(symbol.dependencies),
            "usages": len(symbol.symbol_usages)}
classes = {f"{c.filepath}::{c.name}": both(c, {"parent_classes": len(c.parent_class_names), "methods": len(c.methods),
           "attributes": len(c.attributes)}) for c in codebase.classes}
functions = {f"{f.filepath}::{f.name}": both(f, {"return_statements": len(f.return_statements),
             "parameters": len(f.parameters), "function_calls": len(f.function_calls), "call_sites": len(f.call_sites)})
             for f in codebase.functions}
counts = {name: len(list(getattr(codebase, name))) for name in
          ("files", "imports", "external_modules", "symbols", "classes", "functions", "global_vars", "interfaces")}
try:
    files = get_file_summary(next(iter(codebase.files))) and ""
except Exception as error:
    files = f"{type(error).__name__}: {error}"
with open(sys.argv[2], "w") as out:
    json.dump({"seconds": seconds, "codebase": counts, "classes": classes, "functions": functions, "file_error": files}, out)
"""


def ours(root: Path) -> Summaries:
    """Return all counts of genloom, and the seconds that indexing and counting took."""
    began = time.perf_counter()
    codebase = Codebase(root)
    codebase.refresh()
    indexed = time.perf_counter() - began
    found: Summaries = {"classes": {}, "functions": {}, "codebase": codebase.summary().counts, "seconds": indexed}
    for symbol in codebase.symbols():
        kind = {"class": "classes", "function": "functions"}.get(symbol.kind)
        if kind and "." not in symbol.qualified:
            address = f"{symbol.path}::{symbol.qualified}"
            found[kind][address] = codebase.summary(address).counts
    return found


def theirs(root: Path, python: str, folder: Path) -> Summaries | str:
    """Return graph-sitter's counts, or why there are none."""
    out, clone = folder / "graph-sitter.json", folder / root.name
    try:
        subprocess.run(["git", "clone", "--quiet", str(root), str(clone)], check=True)
        subprocess.run(
            ["git", "-C", str(clone), "remote", "remove", "origin"], check=True
        )  # it reads a URL of a host alone
        done = subprocess.run(
            [python, "-c", THEIRS, str(clone), str(out)], capture_output=True, text=True, check=False, timeout=1800
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"it did not run: {error}"
    if done.returncode:
        return f"it failed: {done.stderr.strip().splitlines()[-1:]}"
    told: Summaries = json.loads(out.read_text("utf-8"))
    return told


def print_totals(mine: Counts, other: Counts | None) -> None:
    print("\n| codebase | genloom | graph-sitter |\n|---|---:|---:|")
    for name in TOLD:
        print(f"| {name} | {mine[name]} | {'' if other is None else other[name]} |")


def print_agreement(
    title: str, names: tuple[str, ...], mine: Mapping[str, Counts], other: Mapping[str, Counts], show: int
) -> None:
    both = sorted(mine.keys() & other.keys())
    print(
        f"\n{title}: {len(both)} known to both, {len(mine) - len(both)} to genloom alone, {len(other) - len(both)} to"
    )
    print(f"graph-sitter alone.\n\n| {title} | equal | genloom more | graph-sitter more | sum | its sum |")
    print("|---|---:|---:|---:|---:|---:|")
    shown = []
    for name in names:
        pairs = [(mine[each][name], other[each][name], each) for each in both]
        more, less = sum(a > b for a, b, _ in pairs), sum(a < b for a, b, _ in pairs)
        equal = len(pairs) - more - less
        print(f"| {name} | {equal} | {more} | {less} | {sum(a for a, *_ in pairs)} | {sum(b for _, b, _ in pairs)} |")
        shown += [f"{name}: {each} {a} (theirs {b})" for a, b, each in pairs if a != b][:show]
    print(*shown, sep="\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="genloom's summaries beside graph-sitter's")
    parser.add_argument("repository", type=Path, help="a git clone of a Python project")
    parser.add_argument("--graph-sitter", metavar="PYTHON", help="the interpreter that graph-sitter is installed in")
    parser.add_argument("--show", type=int, default=0, help="how many differences of each count to show")
    arguments = parser.parse_args()
    root = arguments.repository.resolve()
    mine = ours(root)
    if arguments.graph_sitter is None:
        other: Summaries | str = "its Python was not given (--graph-sitter)"
    else:
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            other = theirs(root, arguments.graph_sitter, Path(folder))
    print_totals(mine["codebase"], None if isinstance(other, str) else other["codebase"])
    if isinstance(other, str):
        print(f"\ngraph-sitter is left out: {other}.", file=sys.stderr)
        return
    print(f"\nIndex: {mine['seconds']:.1f} s; its graph: {other['seconds']:.1f} s.")
    if other["file_error"]:
        print(f"Its get_file_summary fails on a Python file: {other['file_error']}.")
    for title, names in (("classes", CLASS), ("functions", FUNCTION)):
        print_agreement(title, names, mine[title], other[title], arguments.show)


if __name__ == "__main__":
    main()
