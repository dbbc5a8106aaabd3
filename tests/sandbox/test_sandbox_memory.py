"""The choice of a tier is remembered across processes, and the memory raises nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import genloom
from genloom.config import load_settings
from genloom.errors import UsageError
from genloom.state import GraphContext, SandboxTier
from genloom.tools.sandbox import Returned, Sandbox, SandboxStatus, least_tier, sandbox_for, tier_status, tier_suffices
from genloom.tools.sandbox.interpreter import Interpreter, find_interpreter
from genloom.tools.sandbox.tier_memory import TierMemory, circumstances

ALLOWED: tuple[SandboxTier, ...] = ("bubblewrap", "landlock")
STATUS = SandboxStatus(tier="landlock", reason="", python="3.11.7", namespaces=True)


@pytest.fixture(autouse=True)
def forgetful_process() -> Iterator[None]:
    """What this process itself found out is out of the way."""
    kept = dict(tier_status._found)
    tier_status._found.clear()
    yield
    tier_status._found.clear()
    tier_status._found.update(kept)


def stored(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "sandbox-tiers.json").read_text())
    assert isinstance(found, dict)
    return found


def rewrite(folder: Path, **changes: Any) -> None:
    path = folder / "sandbox-tiers.json"
    path.write_text(json.dumps({key: {**fields, **changes} for key, fields in stored(folder).items()}))


def this_interpreter() -> Interpreter:
    found = find_interpreter()
    assert isinstance(found, Interpreter)
    return found


def test_another_process_takes_over_what_the_first_found(tier: SandboxTier, tmp_path: Path) -> None:
    """The second process recalls the tier and does not test again: it even believes a version that is made up."""
    memory = tmp_path / "cache"
    first = Sandbox(tier=tier, memory=memory).status()
    assert (memory / "sandbox-tiers.json").stat().st_mode & 0o777 == 0o600
    rewrite(memory, python="3.99.0")
    code = (
        "from pathlib import Path\nfrom genloom.tools.sandbox import Sandbox\n"
        f"status = Sandbox(tier={first.tier!r}, memory=Path({str(memory)!r})).status()\n"
        "print(status.tier, status.namespaces, status.python, status.reason)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(genloom.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == f"{first.tier} {first.namespaces} 3.99.0 {first.reason}\n"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"[" * 60_000,
        b"9" * 70_000,
        b'{"KEY": {"tier": "rlimits", "namespaces": true, "python": "3.11.7"}}',
        b'{"KEY": {"tier": "nonsense", "namespaces": true, "python": "3.11.7"}}',
        b'{"KEY": {"tier": "landlock", "namespaces": "yes", "python": "3.11.7"}}',
        b'{"KEY": {"tier": "landlock", "namespaces": true}}',
        b'{"KEY": 1}',
    ],
)
def test_damaged_memory_counts_for_nothing(tmp_path: Path, content: bytes) -> None:
    """Whatever is no valid entry for an allowed tier means testing again, and can be replaced."""
    memory = TierMemory(tmp_path)
    path = tmp_path / "sandbox-tiers.json"
    path.write_bytes(content.replace(b"KEY", b"key"))
    path.chmod(0o600)
    assert memory.recall("key", ALLOWED) is None
    memory.remember("key", STATUS)
    recalled = memory.recall("key", ALLOWED)
    assert recalled is not None
    assert (recalled.tier, recalled.namespaces, recalled.python) == ("landlock", True, "3.11.7")


def test_memory_that_others_may_write_or_that_is_a_link_counts_for_nothing(tmp_path: Path) -> None:
    """Only a regular file of this user's own, closed to others, is believed."""
    memory = TierMemory(tmp_path)
    memory.remember("key", STATUS)
    path = tmp_path / "sandbox-tiers.json"
    assert memory.recall("key", ALLOWED)
    path.chmod(0o620)
    assert memory.recall("key", ALLOWED) is None
    path.chmod(0o600)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert memory.recall("key", ALLOWED) is None
    path.unlink()
    os.mkfifo(path)
    assert memory.recall("key", ALLOWED) is None


def test_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    """Without a place to remember, each process tests anew."""
    (tmp_path / "file").write_text("")
    memory = TierMemory(tmp_path / "file" / "cache")
    memory.remember("key", STATUS)
    memory.forget("key")
    assert memory.recall("key", ALLOWED) is None


def test_memory_stays_small(tmp_path: Path) -> None:
    """Old entries make room for new ones."""
    memory = TierMemory(tmp_path)
    for number in range(80):
        memory.remember(str(number), STATUS)
    assert list(stored(tmp_path)) == [str(number) for number in range(16, 80)]


def test_whatever_can_change_the_answer_is_in_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another interpreter, other tiers, another bwrap or another temporary folder ask for a new test."""
    interpreter = this_interpreter()
    seen = [circumstances(interpreter, ALLOWED)]
    assert circumstances(interpreter, ALLOWED) == seen[0]
    seen.append(circumstances(interpreter, ("landlock",)))
    copy = tmp_path / "python"
    copy.write_bytes(b"not the same")
    seen.append(circumstances(Interpreter(command=str(copy), executable=str(copy), readable=()), ALLOWED))
    copy.write_bytes(b"changed since")
    seen.append(circumstances(Interpreter(command=str(copy), executable=str(copy), readable=()), ALLOWED))
    bwrap = tmp_path / "bwrap"
    bwrap.write_text("#!/bin/sh\nexit 1\n")
    bwrap.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    seen.append(circumstances(interpreter, ALLOWED))
    assert len(set(seen)) == len(seen)


def test_memory_does_not_raise_a_tier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted entry that promises bubblewrap where bwrap cannot make a view leads to a new test, not to a run."""
    bwrap = tmp_path / "bwrap"
    bwrap.write_text("#!/bin/sh\necho 'bwrap: no permissions' >&2\nexit 1\n")
    for path in (bwrap, tmp_path, *tmp_path.parents[:2]):
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    memory = tmp_path / "cache"
    planted = SandboxStatus(tier="bubblewrap", reason="", python="3.11.7", namespaces=True)
    TierMemory(memory).remember(circumstances(this_interpreter(), ALLOWED), planted)
    sandbox = Sandbox(memory=memory)
    assert sandbox.status().tier == "bubblewrap"
    report = sandbox.call({"draft.py": "def f(x): return x\n"}, "draft", ["f(1)", "f(2)"])
    if report.tier is None:
        pytest.skip(report.not_run)
    assert (report.tier, report.results) == ("landlock", (Returned(value=1), Returned(value=2)))
    assert sandbox.status().tier == "landlock"
    assert [fields["tier"] for fields in stored(memory).values()] == ["landlock"]


def test_launcher_refuses_where_bwrap_left_namespaces_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bwrap that only executes its command makes no bubblewrap tier: the launcher looks for itself."""
    bwrap = tmp_path / "bwrap"
    bwrap.write_text('#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n')
    for path in (bwrap, tmp_path, *tmp_path.parents[:2]):
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    status = Sandbox(tier="bubblewrap").status()
    assert status.tier is None
    assert "namespace" in status.reason


def test_missing_bwrap_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the program there is no tier of that name, and the hint says how to get it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    status = Sandbox(tier="bubblewrap").status()
    assert status.tier is None
    assert "bwrap" in status.reason
    assert "Install bubblewrap" in status.hint


def test_least_tier_is_what_was_asked_for() -> None:
    """The context's word goes before the environment's; without any, resource limits alone are not enough."""
    plain = load_settings({})
    strict = load_settings({"GENLOOM_SANDBOX": "bubblewrap"})
    weak = load_settings({"GENLOOM_SANDBOX": "rlimits"})
    asked = GraphContext(allow_weak_sandbox=True)
    assert [least_tier(GraphContext(), settings) for settings in (plain, strict, weak)] == [
        "landlock",
        "bubblewrap",
        "rlimits",
    ]
    assert least_tier(asked, strict) == "rlimits"
    with pytest.raises(UsageError, match="GENLOOM_SANDBOX"):
        load_settings({"GENLOOM_SANDBOX": "none"})


@pytest.mark.parametrize(
    ("tier", "least", "enough"),
    [
        ("bubblewrap", "bubblewrap", True),
        ("landlock", "bubblewrap", False),
        ("bubblewrap", "landlock", True),
        ("seatbelt", "landlock", True),
        ("rlimits", "landlock", False),
        ("rlimits", "rlimits", True),
        (None, "rlimits", False),
    ],
)
def test_tier_suffices_or_not(tier: SandboxTier | None, least: SandboxTier, enough: bool) -> None:
    """A stronger tier is enough for a weaker demand; where nothing ran, nothing is."""
    assert tier_suffices(tier, least) is enough


def test_below_the_least_tier_nothing_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only bubblewrap is good enough and it is not there, the report says so instead of using less."""
    monkeypatch.setenv("PATH", str(tmp_path))
    settings = load_settings({"GENLOOM_SANDBOX": "bubblewrap", "GENLOOM_HOME": str(tmp_path)})
    report = sandbox_for(GraphContext(), settings).call({"draft.py": ""}, "draft", ["1"])
    assert (report.tier, report.not_run_cause) == (None, "no_sandbox")
    assert "bwrap" in report.not_run
    with pytest.raises(UsageError):
        Sandbox(tier="landlock", least="bubblewrap")
