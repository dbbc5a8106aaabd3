"""Fixtures of the tests that see dynamic import from outside."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from open_folders import folder_of_its_own
from outside_project import ANCHOR, USES_MIX, Model, Project


@pytest.fixture
def model() -> Iterator[Model]:
    """A model that writes `mix`, and counts how often it was asked."""
    with Model() as server:
        yield server


@pytest.fixture
def project(model: Model) -> Iterator[Project]:
    """A project in which nothing has been written yet."""
    with folder_of_its_own() as folder:
        yield _filled(Project(folder, model))


@pytest.fixture(scope="session")
def written_folder() -> Iterator[Path]:
    """The files of a project whose `myapp.gen.text` was generated and pinned."""
    with Model() as server, folder_of_its_own() as folder:
        found = _filled(Project(folder, server))
        done = found.script(USES_MIX, GENLOOM_HOME=str(folder / "home"))
        assert done.code == 0, done.err
        assert found.pinned == {"text.py"}
        shutil.rmtree(folder / "home", ignore_errors=True)
        (folder / "program.py").unlink()
        yield folder


@pytest.fixture
def written(written_folder: Path, model: Model) -> Iterator[Project]:
    """A project of its own in which `myapp.gen.text` is pinned and holds `mix`."""
    with folder_of_its_own() as folder:
        shutil.copytree(written_folder, folder, dirs_exist_ok=True)
        yield Project(folder, model)


def _filled(project: Project) -> Project:
    project.write("pyproject.toml", '[project]\nname = "myapp"\nversion = "1"\n')
    project.write("myapp/__init__.py", "")
    project.write("myapp/gen/__init__.py", ANCHOR)
    return project
