"""What is built from the tree: the wheel works with the sources gone, the sdist holds every file once."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from source_tree import PACKAGE, ROOT

pytestmark = pytest.mark.slow

IMPORT_ALL = """
import importlib, pkgutil, sys
from pathlib import Path
sys.path[:] = [place for place in sys.path if not (Path(place or ".") / "genloom").is_dir() or place == sys.argv[1]]
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in repr(finder)]
import genloom
assert genloom.__file__.startswith(sys.argv[1]), genloom.__file__
names = [found.name for found in pkgutil.walk_packages(genloom.__path__, "genloom.") if "__main__" not in found.name]
for name in names:
    importlib.import_module(name)
strangers = [n for n, m in sys.modules.items() if n.startswith("genloom") and not m.__file__.startswith(sys.argv[1])]
assert not strangers, strangers
print(len(names))
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the wheel and the sdist, built without a network by the backend that pyproject.toml names."""
    folder = tmp_path_factory.mktemp("dist")
    for kind in ("wheel", "sdist"):
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(next(built.glob("*.whl")))


def test_wheel_holds_the_package_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    """Every file of genloom, code and data, is in the wheel once; neither tests nor the root's links are."""
    names = wheel.namelist()
    assert [name for name, times in Counter(names).items() if times > 1] == []
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"genloom"}
    own = {path.relative_to(ROOT).as_posix() for path in PACKAGE.rglob("*") if path.is_file() and is_source(path)}
    assert own - set(names) == set()
    assert {name for name in names if name.startswith("genloom/")} - own == set()


def is_source(path: Path) -> bool:
    return "__pycache__" not in path.parts and path.suffix not in {".pyc", ".pyo"}


def test_wheel_holds_the_data_that_the_code_reads(wheel: zipfile.ZipFile) -> None:
    """Prompts, queries, the marker for type checkers and the programs that run in the sandbox travel along."""
    names = set(wheel.namelist())
    assert "genloom/py.typed" in names
    for folder, ending in (
        ("genloom/prompts/", ".md"),
        ("genloom/tools/codebase/outlines/queries/", ".scm"),
        ("genloom/tools/sandbox/worker/", ".py"),
        ("genloom/tools/sandbox/launcher/", ".py"),
    ):
        assert [name for name in names if name.startswith(folder) and name.endswith(ending)], folder


def test_wheel_imports_with_the_sources_gone(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    """Unpacked elsewhere, every module of the wheel imports, and none comes from the checkout."""
    wheel.extractall(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) > 50


def test_wheel_declares_the_command_and_its_licence(wheel: zipfile.ZipFile) -> None:
    """Installing the wheel gives the `genloom` command; its metadata carries the licence."""
    texts = {name.split("/")[-1]: wheel.read(name).decode() for name in wheel.namelist() if ".dist-info/" in name}
    assert "genloom = genloom.interfaces.cli.main:run" in texts["entry_points.txt"]
    assert "License-Expression: MIT" in texts["METADATA"]
    assert "The genloom authors" in texts["LICENSE"]


def test_sdist_visits_no_file_twice(built: Path) -> None:
    """The links at the root do not bring a second copy of the package."""
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        members = archive.getmembers()
    names = [member.name.split("/", 1)[1] for member in members]
    assert [name for name, times in Counter(names).items() if times > 1] == []
    assert not [name for name in names if name.startswith(("graphs", "nodes/", "tools/", "state/", "prompts/"))]
    assert not [member.name for member in members if member.issym() or member.islnk()]
    assert {"genloom/errors.py", "tests/conftest.py", "constraints.txt", "langgraph.json", "LICENSE"} <= set(names)
