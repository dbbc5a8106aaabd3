"""Which Python the checks run with."""

from __future__ import annotations

import sys
import venv
from pathlib import Path

import pytest

from genloom.config import load_settings
from genloom.state import GraphContext
from genloom.tools.sandbox import interpreter_for


@pytest.mark.parametrize("asked", [True, False])
def test_path_of_an_environment_holds_no_step_upwards(tmp_path: Path, asked: bool) -> None:
    """A folder before `..` need not be there in a run's view; the link that an environment is found by stays."""
    (tmp_path / "src").mkdir()
    venv.create(tmp_path / ".venv", symlinks=True)
    around = tmp_path / "src" / ".."
    python = str(around / ".venv/bin/python") if asked else None
    found = interpreter_for(GraphContext(repository=str(around), python=python), load_settings({}))
    assert found == tmp_path.resolve() / ".venv/bin/python"
    assert found.is_symlink()


def test_without_one_it_is_this_python(tmp_path: Path) -> None:
    """A repository without an environment is checked by the Python that runs."""
    assert interpreter_for(GraphContext(repository=str(tmp_path)), load_settings({})) == Path(sys.executable)
