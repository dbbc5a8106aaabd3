"""Run as `python -I -S __main__.py CONTROL STATUS PLAN`: three inherited descriptors; or with `descend` as root, first.

It must start fast and import nothing else of genloom: the packages above are stood in for, so that their `__init__`
files do not run.
"""

from __future__ import annotations

import marshal
import os
import sys
from types import ModuleType


def _stand_in_for_packages() -> None:
    folder = os.path.dirname(os.path.abspath(__file__))
    names = ("genloom", "genloom.tools", "genloom.tools.sandbox", "genloom.tools.sandbox.launcher")
    for name in names:
        package = ModuleType(name)
        package.__path__ = [folder] if name == names[-1] else []
        sys.modules[name] = package


def main() -> None:
    """Read the plan, start the run, watch it."""
    _stand_in_for_packages()
    if sys.argv[1] == "descend":
        from genloom.tools.sandbox.launcher.descent import descend

        descend(sys.argv[2:])
    control, status, plan = (int(argument) for argument in sys.argv[1:4])
    for number in (control, status, plan):
        os.set_inheritable(number, False)
    with open(plan, "rb") as file:
        file.seek(0)
        given = marshal.load(file)  # noqa: S302 - written by the process that started this one, with the same Python
    if sys.platform == "darwin":
        from genloom.tools.sandbox.launcher import macos

        macos.supervise(given, control, status)
        return
    from genloom.tools.sandbox.launcher.order import Order
    from genloom.tools.sandbox.launcher.supervisor import supervise

    supervise(given, Order(given, control, status))


if __name__ == "__main__":
    main()
