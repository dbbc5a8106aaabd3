"""Attacks: what hostile modules achieve against each sandbox of this machine, and which honest modules are refused.

Command:

    GENLOOM_DATA=../shared/data python benchmarks/attacks.py [--sandbox NAME]… [--only ID]… [--json]

Every case is verified twice in each sandbox, as genloom verifies a draft: its checks as examples (`values`) and as a pytest
file with negative controls (`test_report`), with further checks after what passed. A case passes where it must not: forged.
A file, socket or process outside was reached, a secret came out, or a limit was overrun: breached. A benign module that does
not pass: false alarm.

Cases run inside the sandbox under test and nowhere else; there is no column for a plain subprocess. The sandboxes take
turns, case by case. It takes some minutes for each sandbox.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import defaultdict
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from conditions import conditions, data_folder, progress

# the tests run the same cases: what is an effect outside is said once, and is no part of the package
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from canary import Ground, canary_ground
from sandbox_variants import VARIANTS, unavailable
from stored_cases import CASE_LIMITS, WAYS, Attempt, RecordingSandbox, attack, read_cases, stays_benign

Results = dict[str, list[Attempt]]


async def run(sandboxes: dict[str, RecordingSandbox], only: set[str]) -> Results:
    """Try every case in every sandbox, in turns."""
    with canary_ground() as ground:
        return await run_beside(ground, sandboxes, only)


async def run_beside(ground: Ground, sandboxes: dict[str, RecordingSandbox], only: set[str]) -> Results:
    """Try them with the canaries on this ground."""
    results: Results = defaultdict(list)
    tries = ((partial(attack, ground=ground), "attacks.jsonl"), (stays_benign, "benign.jsonl"))
    cases = [(each, case) for each, name in tries for case in read_cases(name) or () if not only or case["id"] in only]
    for number, (attempt, case) in enumerate(cases, start=1):
        progress(f"{number}/{len(cases)} {case['id']}")
        for way in WAYS:
            for name, sandbox in sandboxes.items():
                results[name].append(await attempt(case, sandbox, way, further="advisory"))
    return results


def totals(attempts: list[Attempt], way: str) -> dict[str, Any]:
    """Count one sandbox's results for one way of checking."""
    mine = [each for each in attempts if each.way == way]
    attacks = [each for each in mine if each.category != "benign"]
    benign = [each for each in mine if each.category == "benign"]
    return {
        "attacks": len(attacks),
        "forged": sum(each.forged for each in attacks),
        "breached": sum(bool(each.breaches) for each in attacks),
        "benign": len(benign),
        "false_alarms": sum(each.result != "passed" for each in benign),
        "seconds": round(sum(each.seconds for each in mine), 1),
    }


def worth_telling(attempt: Attempt) -> str:
    """Say what went wrong with a case; empty when nothing did."""
    if attempt.category == "benign":
        return "" if attempt.result == "passed" else f"false alarm ({attempt.result}): {attempt.reason}"
    what = [*(["forged"] if attempt.forged else []), *attempt.breaches]
    if attempt.result == "not_run" and not what and attempt.id != "faulty_import":
        return f"did not run: {attempt.reason}"
    return ", ".join(what)


def main() -> int:
    """Run the benchmark and print a table, or JSON; 1 when something was forged or breached."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sandbox", choices=tuple(VARIANTS), action="append", help="only this one; may be repeated")
    parser.add_argument("--only", action="append", default=[], metavar="ID", help="only this case; may be repeated")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    data_folder()
    sandboxes, absent = {}, {}
    for name in options.sandbox or VARIANTS:
        if missing := unavailable(name):
            absent[name] = missing
        else:
            sandboxes[name] = RecordingSandbox(**VARIANTS[name])
    results = asyncio.run(run(sandboxes, set(options.only)))
    print_results(results, sandboxes, absent, as_json=options.json)
    return int(any(each.forged or each.breaches for attempts in results.values() for each in attempts))


def print_results(
    results: Results, sandboxes: dict[str, RecordingSandbox], absent: dict[str, str], *, as_json: bool
) -> None:
    """Write what was found to standard output."""
    stands_on = {name: sandbox.status().reason for name, sandbox in sandboxes.items()}
    under = conditions(limits=f"{CASE_LIMITS.text}; for tests 12 s", sandboxes=stands_on, absent=absent)
    counted = {name: {way: totals(attempts, way) for way in WAYS} for name, attempts in results.items()}
    if as_json:
        listed = {name: list(map(asdict, attempts)) for name, attempts in results.items()}
        sys.stdout.write(json.dumps({"conditions": under, "totals": counted, "attempts": listed}) + "\n")
        return
    sys.stdout.write("| sandbox | evidence | attacks | forged | breached | benign | false alarms | s |\n")
    sys.stdout.write("|---|---|---|---|---|---|---|---|\n")
    for name, ways in counted.items():
        for way, numbers in ways.items():
            sys.stdout.write(f"| {name} | {way} | {' | '.join(map(str, numbers.values()))} |\n")
    for name, attempts in results.items():
        for attempt in attempts:
            if told := worth_telling(attempt):
                sys.stdout.write(f"{name}, {attempt.way}, {attempt.id}: {told}\n")
    sys.stdout.write("\n".join(f"{key}: {value}" for key, value in under.items()) + "\n")


if __name__ == "__main__":
    sys.exit(main())
