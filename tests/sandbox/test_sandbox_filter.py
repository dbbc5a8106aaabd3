"""The system-call filter answers as it should on both machines, whichever this one is."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from filter_machine import answer
from hypothesis import given
from hypothesis import strategies as st

from genloom.tools.sandbox.launcher.seccomp import build_filter, machine_column
from genloom.tools.sandbox.launcher.syscalls import DENIED, GATED, LAST_KNOWN, METADATA

ALLOW, ERROR, KILL = 0x7FFF0000, 0x00050000, 0x80000000
REFUSED = ERROR | errno.EPERM
MISSING = ERROR | errno.ENOSYS
MACHINES = ("x86_64", "aarch64")
OWN = 77


def built(machine: str, **changes: Any) -> bytes:
    options: dict[str, Any] = {
        "process": OWN,
        "scoped_signals": True,
        "private_mounts": True,
        "truncate_ruled": True,
        **changes,
    }
    return build_filter(machine, **options)


def number(machine: str, name: str) -> int:
    column = machine_column(machine)
    assert column is not None
    found = {**DENIED, **METADATA, **GATED}[name][column]
    assert found is not None
    return found


@pytest.mark.parametrize("machine", MACHINES)
def test_every_listed_call_is_refused(machine: str) -> None:
    """Each call of the deny-list fails with EPERM."""
    column = machine_column(machine)
    assert column is not None
    program = built(machine)
    numbers = [numbers[column] for numbers in DENIED.values()]
    assert {answer(program, machine, n) for n in numbers if n is not None} == {REFUSED}


@pytest.mark.parametrize("machine", MACHINES)
@given(data=st.data())
def test_unlisted_call_is_allowed_whatever_its_arguments(machine: str, data: st.DataObject) -> None:
    """What no table names is allowed up to the newest known number, and unknown to the kernel beyond."""
    column = machine_column(machine)
    assert column is not None
    listed = {numbers[column] for table in (DENIED, METADATA, GATED) for numbers in table.values()}
    call = data.draw(st.integers(0, 2**30 - 1).filter(lambda n: n not in listed) | st.integers(0, 500))
    arguments = tuple(data.draw(st.lists(st.integers(0, 2**64 - 1), max_size=6)))
    if call not in listed:
        assert answer(built(machine), machine, call, arguments) == (ALLOW if call <= LAST_KNOWN else MISSING)


@pytest.mark.parametrize("machine", MACHINES)
def test_other_machines_convention_is_killed(machine: str) -> None:
    """A call in another machine's numbering, where the same number means something else, ends the process."""
    other = MACHINES[1 - MACHINES.index(machine)]
    assert answer(built(machine), other, 0) == KILL
    assert answer(built("x86_64"), "x86_64", 0x40000000 | 41) == MISSING


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("name", "arguments", "verdict"),
    [
        ("clone", (0x003D0F00,), ALLOW),  # a thread
        ("clone", (0x01200011,), ALLOW),  # a fork
        ("clone", (0x10000011,), REFUSED),  # a user namespace
        ("clone", (0x40000000,), REFUSED),
        ("clone3", (), MISSING),
        ("ioctl", (0, 0x5401), ALLOW),
        ("ioctl", (0, 0x5412), REFUSED),  # types into the terminal
        ("ioctl", (0, 0xFFFFFFFF00005412), REFUSED),  # the kernel looks at the low half alone
        ("fcntl", (0, 2), ALLOW),
        ("fcntl", (0, 8), REFUSED),
        ("socketpair", (1, 1), ALLOW),
        ("socketpair", (1, 1 | 0o2000000), ALLOW),
        ("socketpair", (1, 2), REFUSED),  # a datagram pair can be re-addressed
        ("socketpair", (1, 2 | 0o4000), REFUSED),
        ("socketpair", (2, 1), REFUSED),
        ("personality", (0xFFFFFFFF,), ALLOW),
        ("personality", (0x0040000,), REFUSED),
        ("prlimit64", (0,), ALLOW),
        ("prlimit64", (OWN,), ALLOW),
        ("prlimit64", (1,), REFUSED),
        ("setpriority", (0, 0), ALLOW),
        ("setpriority", (0, 1), REFUSED),
        ("kill", (1,), ALLOW),
        ("truncate", (), ALLOW),
    ],
)
def test_gated_call_is_judged_by_its_arguments(
    machine: str, name: str, arguments: tuple[int, ...], verdict: int
) -> None:
    """Calls that ordinary code needs are refused only with the arguments that reach outward."""
    assert answer(built(machine), machine, number(machine, name), arguments) == verdict


@pytest.mark.parametrize("machine", MACHINES)
def test_older_kernel_is_made_up_for(machine: str) -> None:
    """Where Landlock rules neither signals nor truncation and mounts are shared, the filter stands in."""
    program = built(machine, scoped_signals=False, private_mounts=False, truncate_ruled=False)
    verdicts = {
        "others": answer(program, machine, number(machine, "kill"), (1,)),
        "everyone": answer(program, machine, number(machine, "kill"), (2**64 - 1,)),
        "itself": answer(program, machine, number(machine, "kill"), (OWN,)),
        "own group": answer(program, machine, number(machine, "kill"), (0,)),
        "truncate": answer(program, machine, number(machine, "truncate")),
        "fchmodat": answer(program, machine, number(machine, "fchmodat")),
    }
    assert verdicts == {
        "others": REFUSED,
        "everyone": REFUSED,
        "itself": ALLOW,
        "own group": ALLOW,
        "truncate": REFUSED,
        "fchmodat": ERROR,
    }


def test_machine_without_tables_has_no_filter() -> None:
    """On another machine no filter can be built, so the tier is not available there."""
    assert machine_column("riscv64") is None
    with pytest.raises(KeyError):
        built("riscv64")
