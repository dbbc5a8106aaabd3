"""The run poller and its process: its end, and its forks."""

from __future__ import annotations

import subprocess
import sys

import pytest

from genloom.testing import CodegenServer, RunPlan

EXIT = """
import asyncio, sys, threading
from genloom.tools.codegen import AsyncCodegen

async def main():
    async with AsyncCodegen(token=sys.argv[2], org_id=1, base_url=sys.argv[1]) as client:
        await client.run("make it")

threading.Thread(target=lambda: asyncio.run(main()), daemon=True).start()
while not any(thread.name == "genloom-poller" for thread in threading.enumerate()):
    pass
threading.Event().wait(0.8)
"""


FORK = """
import asyncio, os, sys
from genloom.tools.codegen import AsyncCodegen

async def main(client, run=None):
    async with client:
        return await client.wait(run, deadline=20) if run else await client.submit("make it")

def client():
    return AsyncCodegen(token=sys.argv[2], org_id=1, base_url=sys.argv[1])

run = asyncio.run(main(client()))
children = []
for _ in range(3):
    child = os.fork()
    if child == 0:
        os._exit(0 if asyncio.run(main(client(), run)).status == "completed" else 9)
    children.append(child)
print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children], asyncio.run(main(client(), run)).status)
"""


@pytest.mark.parametrize(
    ("program", "said"),
    [pytest.param(EXIT, "", id="exit"), pytest.param(FORK, "[0, 0, 0] completed\n", id="fork", marks=pytest.mark.slow)],
)
def test_a_process_ends_and_forks_with_a_poller_running(program: str, said: str) -> None:
    """A running poller keeps no process from ending, quietly; a forked child has a poller of its own."""
    seconds = 60.0 if program is EXIT else 0.3
    with CodegenServer(RunPlan(seconds=seconds)) as server:
        command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program, server.base_url, server.token]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, said, "")
