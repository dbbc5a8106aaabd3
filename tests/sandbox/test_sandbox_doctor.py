"""The examination of the sandbox: each tier with its reason, and which of them is used."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from genloom.config import load_settings
from genloom.state import SandboxTier
from genloom.tools.diagnosis import Diagnosis
from genloom.tools.diagnosis.sandbox_tiers import examine_sandbox
from genloom.tools.sandbox import Sandbox
from genloom.tools.sandbox.interpreter import Interpreter, find_interpreter
from genloom.tools.sandbox.selftest import find_tier
from genloom.tools.sandbox.tiers import tiers_of_this_system


async def examined(home: Path, **environment: str) -> dict[str, Diagnosis]:
    settings = load_settings({"GENLOOM_HOME": str(home), **environment})
    return {diagnosis.area: diagnosis for diagnosis in await examine_sandbox(settings)}


async def test_each_tier_is_told_with_its_reason(tmp_path: Path, tier: SandboxTier) -> None:
    """Every tier of this system is tried; the strongest that holds is the one in use, and limits stand beside it."""
    found = await examined(tmp_path / "home")
    assert set(found) == {"sandbox", "bubblewrap", "landlock", "rlimits"}
    assert found[tier].state == "ok"
    assert found["rlimits"].state == "off"
    assert "not a sandbox" in found["rlimits"].message
    holding = next(name for name in ("bubblewrap", "landlock") if found[name].state == "ok")
    assert found["sandbox"].facts["tier"] == holding
    assert "30 s CPU" in found["sandbox"].message
    assert not (tmp_path / "home").exists()


async def test_missing_tier_and_one_below_the_least_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where bwrap is missing but asked for, nothing can be run, and the hint says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    found = await examined(tmp_path / "home", GENLOOM_SANDBOX="bubblewrap")
    assert (found["sandbox"].state, found["sandbox"].needed) == ("problem", True)
    assert "Install bubblewrap" in found["sandbox"].hint
    assert found["bubblewrap"].state == found["landlock"].state == "off"


@pytest.mark.parametrize(("system", "word"), [("win32", "WSL 2"), ("darwin", "open"), ("freebsd14", "open")])
async def test_other_systems_are_told_plainly(monkeypatch: pytest.MonkeyPatch, system: str, word: str) -> None:
    """On a system without the tiers nothing is tried or run: the status says so and what to do."""
    interpreter = find_interpreter()
    assert isinstance(interpreter, Interpreter)
    monkeypatch.setattr(sys, "platform", system)
    assert (tiers_of_this_system() == ()) is (system == "win32")
    status = await find_tier(interpreter, ("bubblewrap", "landlock"))
    assert status.tier is None
    assert {"win32": "Windows"}.get(system, system) in status.reason
    assert word in status.hint


async def test_windows_has_no_tier_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any tier to try, the status names the system and the way out."""
    interpreter = find_interpreter()
    assert isinstance(interpreter, Interpreter)
    monkeypatch.setattr(sys, "platform", "win32")
    status = await find_tier(interpreter, tiers_of_this_system())
    assert (status.tier, status.cause) == (None, "no_sandbox")
    assert "WSL 2" in status.hint


async def test_examined_tiers_come_from_running_not_from_memory(tmp_path: Path) -> None:
    """A sandbox that may use nothing weaker still tells of every tier, by name."""
    statuses = await Sandbox(memory=tmp_path).atiers()
    assert [status.tried for status in statuses] == ["bubblewrap", "landlock", "rlimits"]
    assert not (tmp_path / "sandbox-tiers.json").exists()
