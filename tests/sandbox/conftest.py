"""Fixtures of the sandbox's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from genloom.state import SandboxTier
from genloom.tools.sandbox import Limits, Sandbox

TIERS: tuple[SandboxTier, ...] = ("bubblewrap", "landlock")


@pytest.fixture(scope="session", params=TIERS)
def tier(request: pytest.FixtureRequest) -> SandboxTier:
    """Each tier that holds on this machine, one after the other."""
    found: SandboxTier = request.param
    status = Sandbox(tier=found).status()
    if status.tier is None:
        pytest.skip(f"no {found} here: {status.reason}")
    return found


@pytest.fixture(scope="session")
def sandbox(tier: SandboxTier) -> Sandbox:
    """A confined sandbox with small limits, on each tier."""
    limits = Limits(
        wall_seconds=5, cpu_seconds=5, memory_megabytes=256, processes=24, file_megabytes=4, output_kilobytes=256
    )
    return Sandbox(limits=limits, tier=tier)


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    """A folder that every user of the machine may read and write, so that only the sandbox can protect it."""
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    tmp_path.chmod(0o777)
    return tmp_path
