"""Run as `python -s -B __main__.py calls|tests|program …` inside the sandbox, in the target's interpreter.

genloom need not be installed there: its packages are stood in for while these files load, then taken out again, so that
a genloom which the target has can be imported as itself.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType

_PACKAGES = ("genloom", "genloom.tools", "genloom.tools.sandbox", "genloom.tools.sandbox.worker")


def _stand_in_for_packages(folder: str) -> None:
    for name in _PACKAGES:
        package = ModuleType(name)
        package.__path__ = [folder] if name == _PACKAGES[-1] else []
        sys.modules[name] = package


def _take_out_packages() -> None:
    for name in [name for name in sys.modules if name in _PACKAGES or name.startswith(_PACKAGES[-1] + ".")]:
        del sys.modules[name]


def main() -> None:
    """Do what the first argument says."""
    folder = os.path.dirname(os.path.abspath(__file__))
    task, arguments = sys.argv[1], sys.argv[2:]
    _stand_in_for_packages(folder)
    if task == "calls":
        from genloom.tools.sandbox.worker.calls import answer_calls

        _take_out_packages()
        answer_calls(folder)
    elif task == "tests":
        from genloom.tools.sandbox.worker.pytest_run import report_tests

        _take_out_packages()
        report_tests(folder)
    else:
        from genloom.tools.sandbox.worker.program import run_program

        _take_out_packages()
        run_program(folder, arguments[0], arguments[1:])


if __name__ == "__main__":
    main()
