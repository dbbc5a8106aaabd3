"""The stored imports: which implementations an import accepts that a scripted model answers with.

Command:

    GENLOOM_DATA=… python benchmarks/import_cases.py [--further off|required]

Each of 11 callers imports a module that does not exist; the model answers with the right implementation, or with one of
three wrong ones. The caller's own code, run over an implementation in the sandbox, says whether it can tell it apart. An
import takes what passes the caller's checks; with `--further required` (default) also genloom's further checks must agree:
properties drawn from the caller's examples, and inputs of its own. Nothing is run outside the sandbox.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from conditions import conditions, data_folder, progress

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[1] / "tests"))
from stored_imports import decide_all, read_import_cases, tells_apart  # noqa: E402  # the tests decide on the same cases


def main() -> None:
    parser = argparse.ArgumentParser(description="which implementations an import accepts")
    parser.add_argument("--further", choices=("off", "required"), default="required")
    further = parser.parse_args().further
    data_folder()
    right = apart = refused = rest = caught = 0
    cases = read_import_cases() or []
    for case in cases:
        progress(case.id)
        right += decide_all(case, case.reference, max_attempts=1, further_checks=further).error is None
        for label, source in zip(case.labels, case.wrong, strict=True):
            told = tells_apart(case, source)
            error = decide_all(case, source, max_attempts=1, further_checks=further).error
            if told:
                apart, refused = apart + 1, refused + (error is not None)
            else:
                rest, caught = rest + 1, caught + (error is not None)
                print(f"{case.id}: {label}: {'caught' if error else 'accepted'}", flush=True)
    print(f"\n{conditions(further_checks=further)}\n")
    print("| implementations | of | |\n|---|---|---|")
    print(f"| right, accepted | {len(cases)} | {right} |")
    print(f"| wrong, told apart by the caller's code, refused | {apart} | {refused} |")
    print(f"| the other wrong ones, caught by further checks | {rest} | {caught} |")


if __name__ == "__main__":
    main()
