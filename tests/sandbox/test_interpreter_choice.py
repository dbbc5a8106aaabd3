"""Which Python the checks run with, and for how long."""

from __future__ import annotations

import sys
import venv
from pathlib import Path

import pytest

from genloom.config import load_settings
from genloom.errors import UsageError
from genloom.state import GraphContext
from genloom.tools.sandbox import find_interpreter, interpreter_for, sandbox_for


@pytest.mark.parametrize("asked", [True, False])
def test_path_of_an_environment_holds_no_step_upwards(tmp_path: Path, asked: bool) -> None:
    """A folder before `..` need not be there in a run's view; the link that an environment is found by stays."""
    (tmp_path / "src").mkdir()
    venv.create(tmp_path / ".venv", symlinks=True)
    around = tmp_path / "src" / ".."
    python = str(around / ".venv/bin/python") if asked else None
    found = interpreter_for(GraphContext(repository=str(around), python=python))
    assert found == tmp_path.resolve() / ".venv/bin/python"
    assert found.is_symlink()


def test_without_one_it_is_this_python(tmp_path: Path) -> None:
    """A repository without an environment is checked by the Python that runs."""
    assert interpreter_for(GraphContext(repository=str(tmp_path))) == Path(sys.executable)


def test_interpreter_is_found_by_its_name_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However it was asked for: by the command line, the environment or a caller's context."""
    (tmp_path / "python-of-mine").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_interpreter("python-of-mine") == tmp_path / "python-of-mine"
    assert interpreter_for(GraphContext(python="python-of-mine")) == tmp_path / "python-of-mine"


def test_path_of_an_interpreter_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a run which goes on in another folder finds it again."""
    (tmp_path / "python").symlink_to(sys.executable)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_interpreter("./python") == find_interpreter("~/python") == tmp_path / "python"


@pytest.mark.parametrize("asked", ["/nonexistent/python", "no-such-python", "~nobody-at-all/python", "."])
def test_what_is_no_interpreter_is_refused(asked: str) -> None:
    """A missing one, a name that PATH does not know, and a folder."""
    with pytest.raises(UsageError, match="no Python interpreter"):
        find_interpreter(asked)


@pytest.mark.parametrize(("asked", "cpu"), [(600.0, 600.0), (5.0, 30.0)])
def test_checks_may_use_the_processor_as_long_as_the_clock_allows(asked: float, cpu: float) -> None:
    """A computation that takes ten minutes is not ended after half a one."""
    limits = sandbox_for(GraphContext(check_seconds=asked), load_settings({})).limits
    assert (limits.wall_seconds, limits.cpu_seconds) == (asked, cpu)
