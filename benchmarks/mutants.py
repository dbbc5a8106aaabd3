"""Mutants: does verification accept every right solution of HumanEval, and reject wrong ones?

Command (needs `pip install -e '.[benchmarks]'`):

    GENLOOM_DATA=../shared/data python benchmarks/mutants.py [--problems N] [--mutants 5] [--seed 0] [--sandbox S] [--json]

Each canonical solution is verified as a draft: the problem's asserts as a pytest file with negative controls, and those that
compare a call with a literal as examples, too. Then come mutants of it, by mutmut's operators: up to `--mutants` a problem,
drawn by the seed. A mutant that passes is run against the canonical solution on up to 300 inputs like those of the tests, in
the sandbox: where they differ it was *missed*; where they do not it counts as *equivalent*, which is probable, not proven;
without inputs to vary it is *undecided*. The share rejected is that of rejected among rejected and missed.

All code runs in the sandbox. Verifications run side by side, one for each core; it takes about ten minutes on two.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Any, Literal

from conditions import conditions, data_folder, progress
from differential import difference, varied_calls
from mutation import mutants_of

from genloom.state import Verdict
from genloom.tools.sandbox import Limits, Sandbox

# the tests verify the same problems
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from humaneval import MODULE, Problem, read_problems, verify_solution
from sandbox_variants import VARIANTS

LIMITS = Limits(wall_seconds=40.0, cpu_seconds=3.0)
INPUTS = 300

Fate = Literal["rejected", "missed", "equivalent", "undecided"]


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """What came of one mutant. `by` tells what rejected it, `shown` the reason or the call that tells it apart."""

    task_id: str
    source: str
    fate: Fate
    by: str
    shown: str


@dataclass(frozen=True, kw_only=True)
class Solved:
    """What came of one problem."""

    task_id: str
    examples: int
    canonical: str
    reason: str
    controlled: bool
    mutants: tuple[Mutant, ...]


async def examine(problem: Problem, count: int, seed: str, sandbox: Sandbox) -> Solved:
    """Verify a problem's canonical solution and its mutants."""
    verdict = await verify_solution(problem, problem.solution, sandbox)
    chance = Random(f"{seed} {problem.task_id}")
    sources = await asyncio.to_thread(mutants_of, problem.solution, count, chance)
    mutants = [await judge(problem, source, chance, sandbox) for source in sources]
    return Solved(
        task_id=problem.task_id,
        examples=len(problem.examples),
        canonical=verdict.result,
        reason=getattr(verdict, "reason", ""),
        controlled=any(check.detail.startswith("controlled") for check in verdict.checks if check.source == "test"),
        mutants=tuple(mutants),
    )


async def judge(problem: Problem, source: str, chance: Random, sandbox: Sandbox) -> Mutant:
    """Verify a mutant; when it passes, look for an input that tells it from the canonical solution."""
    verdict = await verify_solution(problem, source, sandbox)
    if verdict.result != "passed":
        by, shown = rejected_by(verdict)
        return Mutant(task_id=problem.task_id, source=source, fate="rejected", by=by, shown=shown)
    calls = varied_calls(problem.entry_point, problem.arguments, INPUTS, chance)
    call, answered = await difference(MODULE, problem.solution, source, calls, sandbox)
    fate: Fate = "missed" if call else "equivalent" if answered else "undecided"
    shown = call or f"no difference on {answered} inputs"
    return Mutant(task_id=problem.task_id, source=source, fate=fate, by="", shown=shown)


def rejected_by(verdict: Verdict) -> tuple[str, str]:
    """Tell which evidence rejected a draft: `load`, `values`, else `test_report`."""
    failed = {check.source for check in verdict.checks if check.result == "failed" and check.source != "proposed"}
    by = "values" if "example" in failed else "load" if "import" in failed else "test_report" if failed else "not run"
    return by, getattr(verdict, "reason", "")


async def run(problems: Sequence[Problem], count: int, seed: str, sandbox: Sandbox) -> list[Solved]:
    """Examine all problems, as many at once as there are cores."""
    at_once = asyncio.Semaphore(os.cpu_count() or 1)
    done = 0

    async def one(problem: Problem) -> Solved:
        nonlocal done
        async with at_once:
            solved = await examine(problem, count, seed, sandbox)
        done += 1
        progress(f"{done}/{len(problems)} {problem.task_id}")
        return solved

    return list(await asyncio.gather(*map(one, problems)))


def totals(results: Sequence[Solved], asked: int) -> dict[str, Any]:
    """The numbers that count."""
    mutants = [mutant for solved in results for mutant in solved.mutants]
    fates = Counter(mutant.fate for mutant in mutants)
    telling = fates["rejected"] + fates["missed"]
    return {
        "problems": len(results),
        "canonical_passed": sum(solved.canonical == "passed" for solved in results),
        "with_examples": sum(bool(solved.examples) for solved in results),
        "controlled": sum(solved.controlled for solved in results),
        "mutants": len(mutants),
        **{fate: fates[fate] for fate in ("rejected", "missed", "equivalent", "undecided")},
        "share_rejected": round(fates["rejected"] / telling, 4) if telling else None,
        "rejected_by": dict(Counter(mutant.by for mutant in mutants if mutant.fate == "rejected")),
        "problems_with_fewer_mutants": sum(len(solved.mutants) < asked for solved in results),
    }


def main() -> int:
    """Run the benchmark and print what counts, or JSON; 1 when a canonical solution does not pass."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--problems", type=int, default=0, help="only so many, spread over all")
    parser.add_argument("--mutants", type=int, default=5, help="at most so many a problem")
    parser.add_argument("--seed", default="0")
    parser.add_argument(
        "--sandbox",
        metavar="NAME",
        choices=tuple(VARIANTS),
        help="default: as genloom chooses",
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    data_folder()
    problems = read_problems() or []
    problems = (
        problems[:: max(1, len(problems) // options.problems)][: options.problems] if options.problems else problems
    )
    sandbox = Sandbox(limits=LIMITS, **VARIANTS.get(options.sandbox, {}))
    status = sandbox.status()
    if status.tier is None:
        sys.stderr.write(f"No sandbox: {status.reason}\n")
        return 2
    began = time.perf_counter()
    results = asyncio.run(run(problems, options.mutants, options.seed, sandbox))
    seconds = round(time.perf_counter() - began)
    under = conditions(
        tier=status.reason, limits=LIMITS.text, mutmut=version("mutmut"), seed=options.seed, seconds=seconds
    )
    print_results(results, totals(results, options.mutants), under, as_json=options.json)
    return int(any(solved.canonical != "passed" for solved in results))


def print_results(results: Sequence[Solved], counted: dict[str, Any], under: dict[str, Any], *, as_json: bool) -> None:
    """Write what was found to standard output."""
    if as_json:
        document = {"conditions": under, "totals": counted, "problems": list(map(asdict, results))}
        sys.stdout.write(json.dumps(document) + "\n")
        return
    for solved in results:
        if solved.canonical != "passed":
            sys.stdout.write(f"{solved.task_id}: canonical solution {solved.canonical}: {solved.reason}\n")
        for mutant in solved.mutants:
            if mutant.fate != "rejected":
                sys.stdout.write(f"{solved.task_id}: {mutant.fate}: {mutant.shown[:150]}\n")
    sys.stdout.write("\n".join(f"{key}: {value}" for key, value in {**counted, **under}.items()) + "\n")


if __name__ == "__main__":
    sys.exit(main())
