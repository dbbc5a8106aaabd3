"""Landlock's rules hold in every version of its interface that this kernel still speaks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import genloom
from genloom.tools.sandbox.launcher import landlock

ABI = landlock.supported_abi()

VERSIONS = [
    pytest.param(abi, marks=pytest.mark.slow if 1 < abi < ABI else (), id=str(abi)) for abi in range(1, max(ABI, 1) + 1)
]
"""The oldest and the newest are in the quick suite."""

CODE = """
import json, os, sys
from genloom.tools.sandbox.launcher import kernel, landlock
abi, inside, outside = int(sys.argv[1]), sys.argv[2], sys.argv[3]
kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
landlock.restrict(abi, readable=[outside + "/shown", "/no/such/place"], devices=["/dev/null"], writable=[inside])
def works(action, *arguments):
    try:
        action(*arguments)
    except OSError:
        return False
    return True
os.write(1, json.dumps({
    "reads what is shown": works(open, outside + "/shown"),
    "writes its own": works(open, inside + "/new", "w"),
    "writes to a device": works(open, "/dev/null", "w"),
    "reads outside": works(open, outside + "/hidden"),
    "lists outside": works(os.listdir, outside),
    "writes what is shown": works(open, outside + "/shown", "a"),
    "makes a file outside": works(open, outside + "/new", "w"),
    "removes outside": works(os.remove, outside + "/hidden"),
    "moves out": works(os.rename, inside + "/new", outside + "/moved"),
    "truncates outside": works(os.truncate, outside + "/hidden", 0),
    "signals its parent": works(os.kill, os.getppid(), 0),
}).encode())
"""


@pytest.mark.parametrize("abi", VERSIONS)
def test_rules_hold_in_each_version(abi: int, tmp_path: Path) -> None:
    """Reading, writing and removing outside fail in each version; truncation and signals from the one that rules them."""
    if not ABI:
        pytest.skip("this kernel has no Landlock")
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir()
    for name in ("shown", "hidden"):
        (outside / name).write_text(name)
    sources = str(Path(genloom.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(abi), str(inside), str(outside)],
        env={"PYTHONPATH": sources},
        capture_output=True,
        text=True,
        check=True,
    )
    worked = {name for name, did in json.loads(done.stdout).items() if did}
    expected = {"reads what is shown", "writes its own", "writes to a device"}
    expected |= {"truncates outside"} if abi < landlock.TRUNCATE_ABI else set()  # the filter refuses it there
    expected |= {"signals its parent"} if abi < landlock.SCOPE_ABI else set()  # the filter refuses it there
    assert worked == expected
