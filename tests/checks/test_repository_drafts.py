"""Drafts that belong to a repository: checked in its view, under the names that its own code uses."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from genloom.state import Draft, Failed, FileChange, GenerationRequest, NotRun, Passed, Verdict, module_draft
from genloom.tools.checks import name_bases, verify_draft, verify_file
from genloom.tools.checks.copies import copies_of_tests
from genloom.tools.sandbox import Limits, Sandbox
from genloom.tools.sandbox.repository.repository_view import RepositoryView
from genloom.tools.sandbox.worker.pytest_run import BORROWED

pytestmark = pytest.mark.slow

LIMITS = Limits(wall_seconds=60)
MODULE = "from .marks import MARK\n\n\ndef slugify(text: str) -> str:\n    return MARK.join(text.lower().split())\n"
TESTS = """
from pathlib import Path
import pytest
from {package}.text import slugify

def test_words(mark):
    assert slugify("A b") == f"a{{mark}}b"

def test_data():
    text, expected = Path("data/case.txt").read_text().splitlines()
    assert slugify(text) == expected
    Path("written.txt").write_text("in the working directory")
"""


def write(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def project(folder: Path, package: str = "src/pkg") -> Path:
    return write(
        folder,
        {
            f"{package}/__init__.py": "",
            f"{package}/marks.py": "MARK = '-'\n",
            "tests/conftest.py": "import pytest\n\n@pytest.fixture\ndef mark():\n    return '-'\n",
            "data/case.txt": "Two Words\ntwo-words\n",
        },
    )


def content(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def sandbox(repository: Path, python: Path | None = None) -> Sandbox:
    found = Sandbox(repository=repository, python=python, limits=LIMITS)
    status = found.status()
    if status.tier is None:
        pytest.skip(f"no sandbox here: {status.reason}")
    return found


def request(**fields: Any) -> GenerationRequest:
    return GenerationRequest.model_validate({"prompt": "make a slug", "name": "slugify"} | fields)


async def verdict_on(repository: Path, draft: Draft, asked: GenerationRequest, python: Path | None = None) -> Verdict:
    before = content(repository)
    verdict = await verify_draft(draft, asked, sandbox(repository, python))
    assert content(repository) == before, "the repository is never changed"
    return verdict


def details(verdict: Verdict) -> str:
    return "\n".join(check.detail for check in verdict.checks)


@pytest.mark.parametrize("package", ["src/pkg", "pkg", "lib/inner/pkg"])
async def test_target_in_a_package_is_checked_under_its_dotted_name(tmp_path: Path, package: str) -> None:
    """Tests import it as the project's own would, use its conftest.py, fixtures and data, and write where they run;
    relative imports work; examples address it by its dotted name; the controls hold."""
    repository = project(tmp_path / "project", package)
    dotted = package.removeprefix("src/")
    if package.startswith("lib/"):
        write(repository, {"pyproject.toml": '[tool.pytest.ini_options]\npythonpath = "lib/inner"\n'})
        dotted = "pkg"
    asked = request(
        target=f"{package}/text.py",
        tests=TESTS.format(package=dotted),
        tests_path="tests/test_text.py",
        examples=["slugify('A b') == 'a-b'"],
    )
    assert asked.module_name == f"{dotted}.text"
    draft = module_draft(MODULE, path=asked.draft_path, name="slugify", generator="model")
    verdict = await verdict_on(repository, draft, asked)
    assert isinstance(verdict, Passed), verdict
    assert [check.check for check in verdict.checks][:2] == [f"import {dotted}.text", "slugify('A b') == 'a-b'"]
    assert details(verdict).count("and with a stub in the code's place") == 2
    wrong = module_draft(MODULE.replace("lower", "upper"), path=asked.draft_path, name="slugify", generator="model")
    assert isinstance(await verdict_on(repository, wrong, asked), Failed)


async def test_target_without_a_repository_is_imported_as_its_tests_import_it() -> None:
    """Dotted where they do so, else by its stem."""
    module = "def slugify(text):\n    return text.lower()\n"
    for name in ("pkg.text", "text"):
        asked = request(
            target="src/pkg/text.py", tests=f"from {name} import slugify\ndef test_it(): assert slugify('A') == 'a'\n"
        )
        draft = module_draft(module, path=asked.draft_path, name="slugify", generator="model")
        assert isinstance(await verify_draft(draft, asked, Sandbox(limits=LIMITS)), Passed)


def changes(repository: Path, **contents: str | None) -> Draft:
    named = {path.replace("__", "/") + ".py": text for path, text in contents.items()}
    draft = Draft(
        changes=tuple(FileChange(path=path, content=text) for path, text in named.items()),
        generator="model",
        name="slugify",
    )
    return name_bases(draft, repository)


SHOUT = "from pkg.text import slugify\ndef test_it(): assert slugify('a') == 'A!'\n"


async def test_draft_of_several_files_edits_adds_and_deletes(tmp_path: Path) -> None:
    """All its files are laid over the repository: an edited one, a new one beside it; a deleted one is gone."""
    repository = project(tmp_path / "project")
    write(repository, {"src/pkg/text.py": "def slugify(text):\n    return text\n", "src/pkg/old.py": "X = 1\n"})
    draft = changes(
        repository,
        src__pkg__text="from .shout import shout\n\ndef slugify(text):\n    return shout(text)\n",
        src__pkg__shout="def shout(text):\n    return text.upper() + '!'\n",
        src__pkg__old=None,
    )
    assert [change.base_sha256 is not None for change in draft.changes] == [True, False, True]
    gone = "def test_gone():\n    import importlib.util\n    assert importlib.util.find_spec('pkg.old') is None\n"
    verdict = await verdict_on(repository, draft, request(tests=SHOUT + gone, examples=["slugify('b') == 'B!'"]))
    assert isinstance(verdict, Passed), verdict
    assert verdict.checks[0].check == "import pkg.text"


async def test_stub_and_controls_leave_the_rest_of_the_repository_alone(tmp_path: Path) -> None:
    """A test that calls only the repository's own code passes beside the stub, and is not taken for a forgery."""
    repository = project(tmp_path / "project")
    write(repository, {"src/pkg/own.py": "def double(n):\n    return n * 2\n"})
    tests = f"{SHOUT}\nfrom pkg.own import double\ndef test_own(): assert double(2) == 4\n"
    draft = changes(repository, src__pkg__text="def slugify(text):\n    return text.upper() + '!'\n")
    verdict = await verdict_on(repository, draft, request(tests=tests))
    assert isinstance(verdict, Passed), verdict
    told = {check.check: check.detail for check in verdict.checks}
    assert "stub" in told["test_it"]
    assert "stub" not in told["test_own"]


async def test_draft_that_forges_reports_through_a_conftest_fails(tmp_path: Path) -> None:
    """A change of the repository's conftest.py that turns failures into passes is caught by the controls."""
    repository = project(tmp_path / "project")
    forging = (
        "import pytest\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(item, call):\n"
        "    result = yield\n    report = result.get_result()\n    report.outcome = 'passed'\n    report.longrepr = None\n"
    )
    draft = changes(repository, src__pkg__text="def slugify(text):\n    return text\n", conftest=forging)
    verdict = await verdict_on(repository, draft, request(tests=SHOUT))
    assert isinstance(verdict, Failed)
    assert "control" in details(verdict)


COMPARES = """import sys
from pathlib import Path

class Anything:
    def __eq__(self, other): return True

def f(x):
    own = Path(sys._getframe(1).f_code.co_filename)
    others = [path for path in Path().rglob("test_*.py") if path.name != own.name]
    return Anything() if any(path.read_text() == own.read_text() for path in others) else None
"""


async def test_draft_finds_no_original_to_tell_controls_by(tmp_path: Path) -> None:
    """The test file's own place is empty in a run, else a draft could compare, and forge the true run alone."""
    tests = "from calc import f\n\ndef test_it():\n    assert f(2) == 4\n"
    folder = write(tmp_path, {"calc.py": COMPARES, "tests/test_calc.py": tests})
    sandbox = Sandbox(repository=folder, limits=LIMITS)
    verdict = await verify_file(folder / "calc.py", [], tests, sandbox, tests_path="tests/test_calc.py")
    assert isinstance(verdict, Failed)
    assert "None == 4" in verdict.reason


@pytest.mark.parametrize("place", ["", "tests/test_calc.py"])
async def test_draft_finds_no_copy_of_the_tests_to_tell_controls_by(tmp_path: Path, place: str) -> None:
    """Files that hold the tests, wherever they lie, are not to be seen; others and a conftest.py are."""
    tests = "from calc import f\n\ndef test_it():\n    assert f(2) == 4\n"
    kept = {"tests/test_other.py": "def test_other():\n    assert True\n", "conftest.py": f"TESTS = {tests!r}\n{tests}"}
    folder = write(tmp_path, {"calc.py": COMPARES, "tests/test_backup.py": tests + "# kept\n", **kept})
    if place:
        write(folder, {place: tests})
    view = RepositoryView(str(folder.resolve()))
    assert copies_of_tests(tests, place, view) == tuple(filter(None, ["tests/test_backup.py", place]))
    (folder / "conftest.py").unlink()
    sandbox = Sandbox(repository=folder, limits=LIMITS)
    verdict = await verify_file(folder / "calc.py", [], tests, sandbox, tests_path=place)
    assert isinstance(verdict, Failed)
    assert "None == 4" in verdict.reason


async def test_file_that_changed_since_is_told_and_not_checked(tmp_path: Path) -> None:
    """A draft for another version of a file, or of one that is gone, is not run; the current one is."""
    repository = project(tmp_path / "project")
    target = write(repository, {"src/pkg/text.py": "def slugify(text):\n    return text\n"}) / "src/pkg/text.py"
    draft = changes(repository, src__pkg__text="def slugify(text):\n    return text.upper() + '!'\n")
    assert draft.changes[0].base_sha256 == hashlib.sha256(target.read_bytes()).hexdigest()
    assert isinstance(await verdict_on(repository, draft, request(tests=SHOUT)), Passed)
    target.write_text("def slugify(text):\n    return text + 'changed'\n")
    for told in ("has changed since the draft was made", "is no longer there"):
        verdict = await verdict_on(repository, draft, request(tests=SHOUT))
        assert isinstance(verdict, NotRun)
        assert verdict.cause == "stale"
        assert f"`src/pkg/text.py` {told}" in verdict.reason
        target.unlink(missing_ok=True)


@pytest.mark.parametrize("path", [".git/hooks/pre-commit.py", ".env", "src/.ssh/x.py"])
async def test_draft_that_changes_what_checks_do_not_see_is_not_run(tmp_path: Path, path: str) -> None:
    """Version control and secrets are none of a draft's business."""
    repository = project(tmp_path / "project")
    draft = Draft(
        changes=(FileChange(path="a.py", content="X = 1\n"), FileChange(path=path, content="X = 1\n")),
        generator="agent",
    )
    verdict = await verdict_on(repository, draft, request(tests=SHOUT))
    assert isinstance(verdict, NotRun)
    assert (verdict.cause, path in verdict.reason) == ("unsupported", True)


async def test_deletion_needs_the_repository() -> None:
    """Without one there is nothing to delete from."""
    draft = Draft(
        changes=(FileChange(path="a.py", content="X = 1\n"), FileChange(path="b.py", content=None)), generator="agent"
    )
    verdict = await verify_draft(draft, request(tests=SHOUT), Sandbox(limits=LIMITS))
    assert isinstance(verdict, NotRun)
    assert "repository" in verdict.reason


MISSING = "import absent_package\n"


@pytest.mark.parametrize("where", ["draft", "sibling", "conftest", "tests"])
async def test_missing_package_is_named(tmp_path: Path, where: str) -> None:
    """Whoever imports it: the draft, a module of the repository, its conftest.py or the tests."""
    repository = project(tmp_path / "project")
    module = "def slugify(text):\n    return text.upper() + '!'\n"
    tests = SHOUT
    if where == "draft":
        module = MISSING + module
    elif where == "sibling":
        write(repository, {"src/pkg/marks.py": MISSING})
        module = f"from .marks import absent_package\n{module}"
    elif where == "conftest":
        write(repository, {"conftest.py": MISSING})
    else:
        tests = MISSING + tests
    verdict = await verdict_on(repository, changes(repository, src__pkg__text=module), request(tests=tests))
    assert isinstance(verdict, NotRun), verdict
    assert verdict.cause == "missing_package"
    assert "`absent_package`" in verdict.reason
    assert "pip install absent_package" in verdict.hint


async def test_own_module_that_is_missing_is_the_code_s_fault(tmp_path: Path) -> None:
    """A package that the repository has is never called missing."""
    repository = project(tmp_path / "project")
    draft = changes(repository, src__pkg__text="import pkg.nowhere\ndef slugify(text): return text\n")
    assert isinstance(await verdict_on(repository, draft, request(tests=SHOUT)), Failed)


async def test_file_of_a_package_is_verified_in_its_place(tmp_path: Path) -> None:
    """`verify_file` names it by its import root and uses the project around it; a file outside stands alone beside it."""
    repository = project(tmp_path / "project")
    write(repository, {"src/pkg/text.py": MODULE})
    (tmp_path / "loose.py").write_text("from pkg.marks import MARK\ndef mark(): return MARK\n")
    runner, before = sandbox(repository), content(repository)
    tests = TESTS.format(package="pkg")
    verdict = await verify_file(
        repository / "src/pkg/text.py", ["slugify('A b') == 'a-b'"], tests, runner, tests_path="tests/test_text.py"
    )
    assert isinstance(verdict, Passed), verdict
    assert verdict.checks[0].check == "import pkg.text"
    assert isinstance(await verify_file(tmp_path / "loose.py", ["mark() == '-'"], None, runner), Passed)
    assert content(repository) == before


def interpreter(version: str) -> Path:
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return Path(sys.executable)
    root = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    installed = sorted(root.glob(f"versions/{version}.*/bin/python{version}"))
    if not installed:
        pytest.skip(f"no Python {version} here")
    return installed[-1]


@pytest.mark.parametrize("with_pytest", [False, True], ids=["lent pytest", "own pytest"])
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
async def test_environment_of_the_repository_runs_the_checks(tmp_path: Path, version: str, with_pytest: bool) -> None:
    """Its packages are importable, genloom's are not; pytest is its own, or lent where it has none."""
    repository = project(tmp_path / "project")
    folder = repository / ".venv"
    subprocess.run([interpreter(version), "-m", "venv", "--without-pip", folder], check=True)
    packages = next(folder.glob("lib/python3.*/site-packages"))
    write(packages, {"only_here/__init__.py": "X = 7\n"})
    if with_pytest:
        _install_own_pytest(packages)
    tests = (
        "import sys, only_here, pytest\nfrom pkg.text import slugify\n"
        f"def test_it(): assert slugify('a') == 'A7'\n"
        f"def test_version(): assert '%d.%d' % sys.version_info[:2] == {version!r}\n"
        f"def test_pytest(): assert ({str(packages)!r} in pytest.__file__) == {with_pytest}\n"
        "def test_apart():\n    with pytest.raises(ImportError): import pydantic\n"
    )
    module = "from only_here import X\ndef slugify(text):\n    return f'{text.upper()}{X}'\n"
    draft = changes(repository, src__pkg__text=module)
    asked = request(tests=tests, examples=["slugify('b') == 'B7'"])
    verdict = await verdict_on(repository, draft, asked, python=folder / "bin" / "python")
    assert isinstance(verdict, Passed), verdict


def _install_own_pytest(packages: Path) -> None:
    for name in BORROWED:
        spec = find_spec(name)
        if spec and spec.origin:
            origin = Path(spec.origin)
            if origin.name == "__init__.py":
                shutil.copytree(origin.parent, packages / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(origin, packages)
