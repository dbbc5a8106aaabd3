"""What a start of genloom costs, as whole processes: the version, the import, and a `generate` that the cache answers.

Each command runs as a process of its own, from a warm file cache, with nothing configured and a fresh `GENLOOM_HOME`. The
commands take turns, so that a busy machine slows all alike; of each, the median counts. The bare interpreter stands in the
table as what nobody can avoid; the import is given without it, because that is what it adds to a program of yours.

    python benchmarks/startup.py [--runs 15]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

GENLOOM = str(Path(sys.executable).with_name("genloom"))
EXAMPLES = ("slugify('Hello, World!') == 'hello-world'", "slugify('  A  b ') == 'a-b'", "slugify('Top 10') == 'top-10'")
GENERATE = (GENLOOM, "generate", "Make a URL slug of a title", *(word for each in EXAMPLES for word in ("-e", each)))

COMMANDS: Mapping[str, tuple[Sequence[str], float | None]] = {
    "python -c pass": ((sys.executable, "-c", "pass"), None),
    "import genloom": ((sys.executable, "-c", "import genloom"), 0.1),
    "genloom --version": ((GENLOOM, "--version"), 0.15),
    "genloom generate, cached": ((*GENERATE, "--json"), 0.4),
}
"""What is measured: the command, and the time in seconds that it should stay under."""


def environment(home: str) -> dict[str, str]:
    own = ("GENLOOM_", "OPENAI_", "CODEGEN_", "LANGSMITH_", "LANGCHAIN_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return {**kept, "GENLOOM_HOME": home}


def seconds(command: Sequence[str], settings: Mapping[str, str]) -> float:
    began = time.perf_counter()
    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)
    taken = time.perf_counter() - began
    if done.returncode not in (0, 1):  # 1: an answer that nothing proves, which is an answer all the same
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return taken


def demand_cached(settings: Mapping[str, str]) -> None:
    """Fill the cache, then make sure that it answers."""
    command = COMMANDS["genloom generate, cached"][0]
    for _ in range(2):
        done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)
    if '"cached": true' not in done.stdout:
        raise SystemExit(f"The second run was not answered by the cache:\n{done.stdout}\n{done.stderr}")


def main() -> None:
    parser = argparse.ArgumentParser(description="what a start of genloom costs")
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as home:
        settings = environment(home)
        demand_cached(settings)
        times: dict[str, list[float]] = {name: [] for name in COMMANDS}
        for _ in range(runs):
            for name, (command, _) in COMMANDS.items():
                times[name].append(seconds(command, settings))
    bare = statistics.median(times["python -c pass"])
    print("| command | median, s | aim, s |\n|---|---|---|")
    for name, taken in times.items():
        aim = COMMANDS[name][1]
        without = name == "import genloom"
        median = statistics.median(taken) - (bare if without else 0.0)
        shown = f"{name}, without the interpreter" if without else name
        print(f"| {shown} | {median:.3f} | {'' if aim is None else f'< {aim:g}'} |")


if __name__ == "__main__":
    main()
