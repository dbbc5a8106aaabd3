"""Fixtures of the sandbox's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import warm_servers
from open_folders import folder_of_its_own, open_to_others
from sandbox_variants import VARIANTS, first_is_quick, unavailable

from genloom.state import SandboxTier
from genloom.tools.sandbox import Limits, Sandbox
from genloom.tools.sandbox.warm.warm_pool import stop_servers

TIERS: tuple[SandboxTier, ...] = ("bubblewrap", "landlock")


@pytest.fixture(scope="session", params=first_is_quick(TIERS, quick="bubblewrap"))
def tier(request: pytest.FixtureRequest) -> SandboxTier:
    """Each tier that holds on this machine, one after the other."""
    found: SandboxTier = request.param
    status = Sandbox(tier=found).status()
    if status.tier is None:
        pytest.skip(f"no {found} here: {status.reason}")
    return found


@pytest.fixture(scope="session", params=first_is_quick(VARIANTS))
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """A confined sandbox with small limits, on each tier, and with a warm server where there can be one."""
    if reason := unavailable(request.param):
        pytest.skip(f"no {request.param} here: {reason}")
    limits = Limits(
        wall_seconds=20, cpu_seconds=5, memory_megabytes=256, processes=24, file_megabytes=4, output_kilobytes=256
    )
    return Sandbox(limits=limits, **VARIANTS[request.param])


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder that no other pytest closes to other users."""
    with folder_of_its_own() as folder:
        yield folder


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    """A folder that every user of the machine may read and write, so that only the sandbox can protect it."""
    open_to_others(tmp_path)
    tmp_path.chmod(0o777)
    return tmp_path


@pytest.fixture
def warm() -> Iterator[Sandbox]:
    """A sandbox whose next run starts a server of its own."""
    stop_servers()
    found = Sandbox(limits=warm_servers.LIMITS)
    if found.status().tier != "bubblewrap":
        pytest.skip(f"no warm starts here: {found.status().reason}")
    yield found
    stop_servers()
