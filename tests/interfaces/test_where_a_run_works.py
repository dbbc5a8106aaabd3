"""Where a run works: its repository and interpreter, whatever way their paths are written."""

import sys
from pathlib import Path

import pytest
from scenarios import REQUEST

import genloom
from genloom.config import load_settings
from genloom.errors import UsageError
from genloom.interfaces.job import prepare_job
from genloom.state import GraphContext


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository in the user's home with an environment and a function that does what is asked."""
    folder = tmp_path / "proj"
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/python").symlink_to(sys.executable)
    (folder / "slugs.py").write_text(
        'def as_slug(text: str) -> str:\n    """Make a URL slug."""\n    return "-".join(text.lower().split())\n'
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.mark.parametrize("written", ["~/proj", "proj", "./proj"])
def test_a_repository_is_the_same_however_its_path_is_written(project: Path, written: str) -> None:
    """What is stored is absolute: a thread that is resumed in another folder reads the same code."""
    assert prepare_job(REQUEST, {"repository": written}).context.repository == str(project)
    assert GraphContext(repository=written).resolved(load_settings())[1].repository == str(project)


def test_house_rules_of_a_repository_below_home_hold(project: Path) -> None:
    """A rule that cannot be read is told before anything runs, also where the path begins with `~`."""
    (project / ".genloom").mkdir()
    (project / ".genloom/policy.toml").write_text("no TOML")
    with pytest.raises(UsageError, match="not TOML"):
        prepare_job(REQUEST, {"repository": "~/proj"})


def test_reuse_looks_into_a_repository_below_home(project: Path) -> None:
    """Its functions are components of the search, and its own environment runs them."""
    examples = [*REQUEST["examples"], "slugify('C D E') == 'c-d-e'", "slugify('Q r') == 'q-r'"]
    result = genloom.generate({**REQUEST, "examples": examples}, repository="~/proj", generators=["reuse"])
    assert "slugs" in (result.source or ""), result.reason
    assert result.verdict is not None
    assert result.outcome == "passed"


@pytest.mark.parametrize("by", ["argument", "environment"])
def test_an_interpreter_may_be_named_as_on_path(project: Path, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    """As `--python` takes it."""
    monkeypatch.setenv("PATH", str(project / ".venv/bin"))
    if by == "environment":
        monkeypatch.setenv("GENLOOM_PYTHON", "python")
    job = prepare_job(REQUEST, {"python": "python"} if by == "argument" else {})
    assert job.context.python == str(project / ".venv/bin/python")
