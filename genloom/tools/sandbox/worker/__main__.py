"""Run as `python -s -B __main__.py [serve] calls|tests|program …` inside the sandbox, in the target's interpreter.

With `serve` it does so in a forked copy of itself for each run that it is sent. genloom need not be installed there: its
packages are stood in for while these files load, then taken out again, so that a genloom which the target has can be
imported as itself.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType

_PACKAGE = "genloom.tools.sandbox"
_OWN, _LAUNCHER = f"{_PACKAGE}.worker", f"{_PACKAGE}.launcher"
_PACKAGES = ("genloom", "genloom.tools", _PACKAGE, _OWN, _LAUNCHER)


def _stand_in_for_packages(folder: str) -> None:
    paths = {_OWN: [folder], _LAUNCHER: [os.path.join(os.path.dirname(folder), "launcher")]}
    for name in _PACKAGES:
        package = ModuleType(name)
        package.__path__ = paths.get(name, [])
        sys.modules[name] = package


def _take_out_packages() -> None:
    for name in [name for name in sys.modules if name in _PACKAGES or name.startswith((_OWN + ".", _LAUNCHER + "."))]:
        del sys.modules[name]


def _start(serves: bool, preloaded: bool = False) -> list[ModuleType]:
    """Return when the run starts: at once, or as a server's copy; what is returned is to be kept alive."""
    if not serves:
        _take_out_packages()
        return []
    from genloom.tools.sandbox.worker.warm_start import wait_until_started

    return wait_until_started(_take_out_packages, preloaded)


def main() -> None:
    """Do what the first argument says."""
    folder = os.path.dirname(os.path.abspath(__file__))
    serves = sys.argv[1] == "serve"
    task, arguments = sys.argv[1 + serves], sys.argv[2 + serves :]
    _stand_in_for_packages(folder)
    if task == "calls":
        from genloom.tools.sandbox.worker.calls import answer_calls

        _kept = _start(serves)
        answer_calls(folder)
    elif task == "tests":
        from genloom.tools.sandbox.worker.pytest_run import preload_pytest, report_tests

        if serves:
            preload_pytest(folder, *arguments)
        _kept = _start(serves, preloaded=True)
        report_tests(folder)
    else:
        from genloom.tools.sandbox.worker.program import run_program

        _kept = _start(serves)
        run_program(folder, sys.argv[2], sys.argv[3:])


if __name__ == "__main__":
    main()
