"""Fixtures of the sandbox's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from genloom.tools.sandbox import Limits, Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    """A confined sandbox with small limits; without one on this machine the test is skipped."""
    limits = Limits(
        wall_seconds=5, cpu_seconds=5, memory_megabytes=256, processes=24, file_megabytes=4, output_kilobytes=256
    )
    found = Sandbox(limits=limits)
    status = found.status()
    if status.tier != "landlock":
        pytest.skip(f"no sandbox here: {status.reason}")
    return found


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    """A folder that every user of the machine may read and write, so that only the sandbox can protect it."""
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    tmp_path.chmod(0o777)
    return tmp_path
