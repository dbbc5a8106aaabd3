"""Other interpreters: they run inside with their own standard library, and genloom need not be installed there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from genloom.state import SandboxTier
from genloom.tools.sandbox import Raised, Returned, Sandbox
from genloom.tools.sandbox.interpreter import Interpreter, find_interpreter

VERSIONS = ("3.9", "3.12", "3.13", "3.14")


def interpreter(version: str) -> Path:
    """Find an interpreter by GENLOOM_TEST_PYTHONS (a path list), among pyenv's, or on the PATH; skip without one."""
    given = [Path(path) for path in os.environ.get("GENLOOM_TEST_PYTHONS", "").split(os.pathsep) if path]
    for path in given:
        if version in path.name or f"/{version}" in str(path):
            return path
    root = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    installed = sorted(root.glob(f"versions/{version}.*/bin/python{version}"))
    if installed:
        return installed[-1]
    found = shutil.which(f"python{version}")
    if found is None or Path(found).read_bytes()[:2] == b"#!":
        pytest.skip(f"no Python {version} here")
    return Path(found)


@pytest.mark.parametrize("version", VERSIONS)
def test_calls_run_in_the_interpreter_that_is_asked_for(version: str, tier: SandboxTier) -> None:
    """Values come from that interpreter, with its own version and library."""
    sandbox = Sandbox(python=interpreter(version), tier=tier)
    source = "import sys, json, ssl, sqlite3, decimal, fractions\ndef v(): return '%d.%d' % sys.version_info[:2]\n"
    calls = ["v()", "[decimal.Decimal('1.5'), fractions.Fraction(1, 3), 2 ** 70, -0.0, {1: {2}}]", "1 / 0"]
    report = sandbox.call({"draft.py": source}, "draft", calls)
    assert report.not_run == ""
    assert report.results[0] == Returned(value=version)
    assert repr(report.results[1]) == (
        "Returned(value=[Decimal('1.5'), Fraction(1, 3), 1180591620717411303424, -0.0, {1: {2}}])"
    )
    assert isinstance(report.results[2], Raised)
    assert sandbox.status().python.startswith(version + ".")


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_interpreter_without_pytest_borrows_genloom_s_own(version: str, tier: SandboxTier) -> None:
    """Tests run in an interpreter that has no pytest, with genloom's, and with nothing else of genloom's."""
    sandbox = Sandbox(python=interpreter(version), tier=tier)
    minor = version.split(".")[1]
    tests = (
        "import sys\nimport pytest\nfrom draft import f\n"
        f"def test_a(): assert f() == 1 and sys.version_info[1] == {minor}\n"
        "def test_b():\n    with pytest.raises(ImportError): import pydantic\n"
        "def test_c():\n    with pytest.raises(ImportError): import genloom\n"
    )
    report = sandbox.test({"draft.py": "def f(): return 1\n"}, tests)
    assert [case.result for case in report.cases] == ["passed"] * 3, report
    assert report.complete


def test_interpreter_too_old_for_the_borrowed_pytest_is_not_run(tier: SandboxTier) -> None:
    """Where genloom's pytest does not fit, no test is run, and the report says what to install."""
    report = Sandbox(python=interpreter("3.9"), tier=tier).test({}, "def test_a(): pass\n")
    if report.cases:
        pytest.skip("that interpreter has a pytest of its own")
    assert "pytest" in report.not_run
    assert report.not_run_cause == "no_pytest"
    assert "pip install pytest" in report.hint


def make_environment(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    packages = next(folder.glob("lib/python3.*/site-packages"))
    (packages / "only_here.py").write_text("X = 7\n")
    (packages / "hook.pth").write_text(f"import os; os.system('touch {folder.parent}/ran-outside')\n")
    return folder / "bin" / "python"


@pytest.mark.parametrize("closed", [False, True])
def test_virtual_environment_is_used_with_its_packages_also_below_closed_folders(
    tmp_path: Path, closed: bool, tier: SandboxTier
) -> None:
    """An environment's packages are importable, wherever it lies; its start-up hooks run only inside."""
    home = tmp_path / "home"
    home.mkdir()
    python = make_environment(home / "venv")
    (home / "private.txt").write_text("private")
    if closed:
        home.chmod(0o700)
    source = (
        "import only_here, sys\ndef f(): return only_here.X, sys.prefix\n"
        f"def g(): return open({str(home / 'private.txt')!r}).read()\n"
    )
    sandbox = Sandbox(python=python, tier=tier)
    report = sandbox.call({"draft.py": source}, "draft", ["f()", "g()"])
    if report.not_run and os.geteuid() == 0 and not sandbox.status().namespaces:
        pytest.skip(report.not_run)
    assert report.results[0] == Returned(value=(7, str(home / "venv")))
    assert isinstance(report.results[1], Raised)
    assert not (tmp_path / "home" / "ran-outside").exists()


def test_interpreter_reached_through_links_is_found(tmp_path: Path, tier: SandboxTier) -> None:
    """A chain of links to an interpreter leads to a run, and exposes nothing around the links."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python").symlink_to("python-link")
    (folder / "python-link").symlink_to(Path(sys.executable).resolve())
    (tmp_path / "lib").mkdir(mode=0o755)
    report = Sandbox(python=folder / "python", tier=tier).call({"draft.py": "x = 1\n"}, "draft", ["x"])
    assert report.results == (Returned(value=1),), report


def test_environment_of_a_repository_does_not_choose_what_is_readable(tmp_path: Path) -> None:
    """Links out of an environment, and a home that holds no Python, open nothing; links inside of it stay."""
    for name in ("secrets", "local/bin", "local/share", "local/lib/python3.11/site-packages"):
        (tmp_path / name).mkdir(parents=True)
    python = make_environment(tmp_path / "repository" / ".venv")
    environment = python.parent.parent
    usual = find_interpreter(python)
    assert isinstance(usual, Interpreter)
    assert str(environment / "lib") in usual.readable
    (environment / "lib64").unlink(missing_ok=True)
    (environment / "lib64").symlink_to("lib")
    (environment / "ssl").symlink_to(tmp_path / "secrets")
    (environment / "share").symlink_to("../../local/share")
    (environment / "pyvenv.cfg").write_text(f"home = {tmp_path / 'local/bin'}\n")
    found = find_interpreter(python)
    assert isinstance(found, Interpreter)
    assert set(found.readable) == {*usual.readable, str(environment / "lib64")}


def test_environment_of_copies_has_the_library_of_its_home(tmp_path: Path) -> None:
    """Nothing but the configuration leads from a copied interpreter to its standard library."""
    venv.create(tmp_path / "copies", symlinks=False)
    found = find_interpreter(tmp_path / "copies/bin/python")
    assert isinstance(found, Interpreter)
    assert f"{sys.base_prefix}/lib" in found.readable
