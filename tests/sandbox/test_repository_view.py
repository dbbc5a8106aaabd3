"""The view of a repository: what a run sees of it and may do in it, and that nothing of that stays."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from ordinary_user import run_as_ordinary_user

from genloom.state import SandboxTier
from genloom.tools.sandbox import (
    Limits,
    Raised,
    RepositoryView,
    Returned,
    Sandbox,
    import_roots,
)
from genloom.tools.sandbox.repository import placement, repository_view

pytestmark = pytest.mark.slow

FILES = {
    "src/pkg/__init__.py": "",
    "src/pkg/rates.py": "RATE = 7\n",
    "src/pkg/text.py": "from .rates import RATE\n\ndef rate():\n    return RATE\n",
    "tests/conftest.py": "import pytest\n\n@pytest.fixture\ndef five():\n    return 5\n",
    "data/numbers.txt": "1 2 3\n",
    ".git/config": "[core]\n",
    ".env": "KEY=secret\n",
    "data/.env.local": "KEY=secret\n",
    ".env.example": "KEY=\n",
    ".gitignore": "ignored/\n",
    "ignored/big.bin": "x",
}


def make(folder: Path) -> Path:
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def held(folder: Path) -> Iterator[tuple[str, str, int, bytes]]:
    """All that tells whether a folder has changed."""
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        yield str(path), oct(status.st_mode), status.st_mtime_ns, content


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return make(tmp_path / "project")


@pytest.fixture
def inside(repository: Path, tier: SandboxTier) -> Sandbox:
    return Sandbox(repository=repository, tier=tier)


LOOK = """
import os, pkg.text
def f():
    return pkg.text.rate()
def cwd():
    return os.getcwd()
def names():
    return sorted(os.listdir()), sorted(os.listdir("data"))
def meddle():
    open("data/new.txt", "w").write("x")
    open("data/numbers.txt", "a").write("4")
    os.rename("src/pkg/rates.py", "src/pkg/moved.py")
    os.remove("tests/conftest.py")
    os.makedirs("deep/er")
    return open("data/numbers.txt").read()
def secrets():
    found = []
    for path in (".git/config", ".env", "data/.env.local"):
        try: found.append(open(path).read())
        except OSError: pass
    return found
"""


def test_run_works_in_the_repository_and_changes_nothing(inside: Sandbox, repository: Path) -> None:
    """The working directory is the repository at its own path: it can be imported from, read and written; it stays as it
    was, and each run starts from that."""
    before, mounts = list(held(repository)), Path("/proc/self/mounts").read_text()
    for _ in range(2):
        report = inside.call({"look.py": LOOK}, "look", ["f()", "cwd()", "meddle()"])
        assert report.not_run == ""
        assert report.results == (
            Returned(value=7),
            Returned(value=str(repository)),
            Returned(value="1 2 3\n4"),
        )
    assert list(held(repository)) == before
    assert Path("/proc/self/mounts").read_text() == mounts


def test_version_control_and_dotenv_files_are_not_seen(inside: Sandbox) -> None:
    """What is covered is not there; an example of a dotenv file and what git ignores are."""
    report = inside.call({"look.py": LOOK}, "look", ["names()", "secrets()"])
    top = [".env.example", ".gitignore", "data", "ignored", "look.py", "src", "tests"]
    assert report.results == (Returned(value=(top, ["numbers.txt"])), Returned(value=[]))


def test_files_are_added_replaced_and_removed_in_the_view_alone(inside: Sandbox, repository: Path) -> None:
    """A replaced file keeps its mode; a removed one is not there; the repository keeps all."""
    (repository / "data" / "numbers.txt").chmod(0o755)
    source = "import os\ndef f(): return oct(os.stat('data/numbers.txt').st_mode), open('data/numbers.txt').read()\n"
    files = {"src/pkg/more.py": source, "data/numbers.txt": "9", "src/pkg/rates.py": None}
    before = list(held(repository))
    report = inside.call(files, "pkg.more", ["f()", "__import__('pkg.rates')"])
    assert report.results[0] == Returned(value=("0o100755", "9"))
    assert isinstance(report.results[1], Raised)
    assert list(held(repository)) == before


def test_link_out_of_the_repository_is_not_written_through(
    inside: Sandbox, repository: Path, open_folder: Path
) -> None:
    """A file that would go through a folder's link outside is refused, and one that is a link is replaced itself."""
    outside = open_folder / "outside"
    outside.mkdir(mode=0o777)
    outside.chmod(0o777)
    (outside / "kept.py").write_text("X = 1\n")
    (repository / "away").symlink_to(outside)
    (repository / "kept.py").symlink_to(outside / "kept.py")
    report = inside.call({"away/new.py": "X = 2\n", "m.py": "X = 3\n"}, "m", ["X"])
    assert "(files)" in report.not_run
    report = inside.call({"kept.py": "X = 2\n"}, "kept", ["X"])
    assert report.results == (Returned(value=2),), report
    assert sorted(path.name for path in outside.iterdir()) == ["kept.py"]
    assert (outside / "kept.py").read_text() == "X = 1\n"


def test_tests_find_conftest_fixtures_and_data_around_their_place(inside: Sandbox) -> None:
    """A test file runs where it belongs, under its own name, and may write into its working directory."""
    tests = (
        "import pathlib\nfrom pkg.text import rate\n"
        "def test_a(five): assert rate() == five + 2\n"
        "def test_b():\n    assert pathlib.Path('data/numbers.txt').read_text() == '1 2 3\\n'\n"
        "    pathlib.Path('data/made').write_text('x')\n"
        "    assert (pathlib.Path(__file__).parent / 'conftest.py').is_file()\n"
        "def test_c(tmp_path):\n    assert not str(tmp_path).startswith(str(pathlib.Path.cwd()))\n"
    )
    report = inside.test({}, tests, tests_path="tests/test_rates.py")
    assert [(case.name, case.result) for case in report.cases] == [
        (f"tests/test_rates.py::test_{name}", "passed") for name in "abc"
    ]
    elsewhere = inside.test({}, tests)
    assert [case.result for case in elsewhere.cases] == ["error", "failed", "passed"]


def test_repository_closed_to_others_is_shown(tmp_path: Path, tier: SandboxTier) -> None:
    """A project in a private home, with private files, under a name that mount options would read as several."""
    home = tmp_path / "home"
    repository = make(home / "a:b,c=d e")
    (repository / "data" / "numbers.txt").chmod(0o600)
    (home / "private.txt").write_text("private")
    for folder in (home, repository, repository / "src"):
        folder.chmod(0o700)
    source = f"{LOOK}\ndef outside():\n    return open({str(home / 'private.txt')!r}).read()\n"
    report = Sandbox(repository=repository, tier=tier).call(
        {"look.py": source}, "look", ["f()", "meddle()", "outside()"]
    )
    assert report.not_run == ""
    assert report.results[:2] == (Returned(value=7), Returned(value="1 2 3\n4"))
    assert isinstance(report.results[2], Raised)


def test_repository_reached_by_a_link_is_the_same_repository(repository: Path, tmp_path: Path) -> None:
    """The view lies at the real path."""
    (tmp_path / "link").symlink_to(repository)
    report = Sandbox(repository=tmp_path / "link").call({"look.py": LOOK}, "look", ["f()", "cwd()"])
    assert report.results == (Returned(value=7), Returned(value=str(repository)))


@pytest.mark.parametrize("folder", ["/", "missing"])
def test_what_is_no_repository_is_not_run(folder: str, tmp_path: Path) -> None:
    """The root of the file system and a missing folder are told, not tried."""
    report = Sandbox(repository=tmp_path / folder).call({"m.py": "X = 1\n"}, "m", ["X"])
    assert "repository" in report.not_run or "no folder" in report.not_run


def test_repository_with_too_many_names_to_look_at_is_not_run(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What must not be seen may be among those that nobody looked at; packages and environments do not count."""
    number = sum(1 for _ in repository.rglob("*"))
    for name in ("node_modules", "env"):
        (repository / name).mkdir()
    (repository / "env/pyvenv.cfg").touch()
    for index in range(number):
        (repository / "node_modules" / str(index)).touch()
        (repository / "env" / str(index)).touch()
    monkeypatch.setattr(repository_view, "MAX_ENTRIES", number + 1)  # `.git` counts, not what is in it
    view = RepositoryView(str(repository))
    assert view.problem is None
    assert {".git", ".env", "data/.env.local"} == set(view.covered)
    (repository / "data/more").touch()
    report = Sandbox(repository=repository).call({"m.py": "X = 1\n"}, "m", ["X"])
    assert "too many" in report.not_run
    assert "smaller folder" in report.hint


def test_view_that_once_could_not_be_mounted_is_tried_again(
    inside: Sandbox, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy machine may have cost a view for a minute, not for the life of the process."""
    look = {"look.py": "import os\ndef f(): return os.path.exists('ignored/big.bin')\n"}
    if inside.call(look, "look", ["f()"]).results != (Returned(value=True),):
        pytest.skip("no view can be mounted here")
    placement._found.clear()
    with monkeypatch.context() as busy:
        busy.setattr(placement, "_LIMITS", Limits(wall_seconds=0.001))
        busy.setattr(placement, "_FAILURE_SECONDS", -1.0)
        assert inside.call(look, "look", ["f()"]).results == (Returned(value=False),)
    assert inside.call(look, "look", ["f()"]).results == (Returned(value=True),)


AS_ORDINARY_USER = """
import asyncio, os, sys, pathlib
import genloom.tools.sandbox.selftest as selftest
from genloom.tools.sandbox import Limits, Sandbox
selftest._WAYS = {ways!r}
repository = pathlib.Path(os.environ["HOME"], "project")
for path, text in {files!r}.items():
    (repository / path).parent.mkdir(parents=True, exist_ok=True)
    (repository / path).write_text(text)
repository.chmod(0o700)
before = sorted((str(p), p.stat().st_mtime_ns) for p in repository.rglob("*"))
sandbox = Sandbox(repository=repository, tier={tier!r})
print(sandbox.status().tier, sandbox.status().namespaces)
report = sandbox.call({{"look.py": {look!r}}}, "look", ["f()", "cwd()", "names()", "secrets()", "meddle()"])
print([getattr(result, "value", result) for result in report.results], report.not_run)
print(before == sorted((str(p), p.stat().st_mtime_ns) for p in repository.rglob("*")))
"""


@pytest.mark.parametrize(
    ("ways", "tier"), [((True,), "landlock"), ((False,), "landlock"), ((True,), "bubblewrap"), ((False,), "bubblewrap")]
)
def test_ordinary_user_gets_a_view_or_a_copy(tmp_path: Path, ways: tuple[bool, ...], tier: str) -> None:
    """With namespaces the view lies at the repository's path; without them a copy of what git does not ignore is worked
    in, from where the same can be imported, read and written."""
    done = run_as_ordinary_user(AS_ORDINARY_USER.format(ways=ways, tier=tier, files=FILES, look=LOOK), tmp_path)
    lines = done.stdout.splitlines()
    assert lines, done.stderr
    if lines[0].startswith("None"):
        pytest.skip(f"no {tier} in this way")
    assert lines[0] == f"{tier} {ways[0]}"
    seen = lines[1]
    assert seen.startswith("[7, "), done
    assert (repr(str(tmp_path / "project")) in seen) == ways[0]
    assert ("'ignored'" in seen) == ways[0]
    assert ".env.example" in seen
    assert "'.env'" not in seen
    assert "'.git'" not in seen
    assert seen.endswith("[], '1 2 3\\n4'] "), done
    assert lines[2] == "True"


OF_ANOTHER_GROUP = """
import os, pathlib
from genloom.tools.sandbox import Sandbox
repository = pathlib.Path(os.environ["HOME"], "project")
sandbox = Sandbox(repository=repository)
print(sandbox.status().tier)
for name in ("old.py", "new.py"):
    print(sandbox.call({name: "def f(): return 7"}, name[:-3], ["f()", "__import__('other').X"]))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
@pytest.mark.parametrize("owner", [(54321, 0), (0, 0)])
def test_files_of_others_are_replaced_in_a_copy(tmp_path: Path, owner: tuple[int, int]) -> None:
    """An ordinary user's view cannot write over what has another owner or group; then a copy is worked in."""
    project = tmp_path / "project"
    project.mkdir()
    for name in ("old.py", "other.py"):
        (project / name).write_text("X = 1\n")
        os.chown(project / name, *owner)
    os.chown(project, *owner)
    done = run_as_ordinary_user(OF_ANOTHER_GROUP, tmp_path)
    lines = done.stdout.splitlines()
    assert lines, done.stderr
    if lines[0] == "None":
        pytest.skip("no sandbox for ordinary users")
    for report in lines[1:]:
        assert "results=(Returned(value=7), Returned(value=1))" in report


TOO_LARGE = """
import os, pathlib
import genloom.tools.sandbox.selftest as selftest
from genloom.tools.sandbox import Limits, Sandbox
selftest._WAYS = (False,)
repository = pathlib.Path(os.environ["HOME"], "project")
repository.mkdir()
(repository / "big.bin").write_bytes(bytes(3 << 20))
sandbox = Sandbox(repository=repository, tier="landlock", limits=Limits(file_megabytes=4))
print(sandbox.status().tier)
print(sandbox.call({"m.py": "X = 1"}, "m", ["X"]))
(repository / ".gitignore").write_text("*.bin")
print(sandbox.call({"m.py": "X = 1"}, "m", ["X"]))
"""


def test_repository_too_large_to_copy_is_not_run_and_says_what_to_do(tmp_path: Path) -> None:
    """Where no view can be mounted, the bound on a copy is told; what git ignores does not count."""
    done = run_as_ordinary_user(TOO_LARGE, tmp_path)
    tier, first, second = done.stdout.splitlines()
    if tier == "None":
        pytest.skip("no Landlock here")
    assert "too large to copy" in first
    assert ".gitignore" in first
    assert "Returned(value=1)" in second


@pytest.mark.skipif(os.geteuid() != 0, reason="needs files of two owners")
def test_root_s_run_owns_what_the_repository_s_owner_does(repository: Path) -> None:
    """Files of the owner can be written; those of somebody else are as closed as they are for the owner."""
    (repository / "theirs.txt").write_text("theirs")
    os.chown(repository / "theirs.txt", 1234, 1234)
    (repository / "theirs.txt").chmod(0o600)
    source = (
        "import os\ndef own(): return os.stat('data').st_uid == os.getuid() != 0\n"
        "def theirs(): return open('theirs.txt').read()\n"
    )
    report = Sandbox(repository=repository).call({"look.py": source}, "look", ["own()", "theirs()"])
    assert report.results[0] == Returned(value=True)
    assert isinstance(report.results[1], Raised)


def test_view_is_bounded_by_the_limit_on_files(repository: Path, tier: SandboxTier) -> None:
    """What is written into the view is private memory, and not without end."""
    source = (
        "def fill():\n    done = 0\n    try:\n        for number in range(64):\n"
        "            open(f'data/{number}', 'wb').write(bytes(1 << 20)); done += 1\n"
        "    except OSError: pass\n    return done\n"
    )
    sandbox = Sandbox(repository=repository, tier=tier, limits=Limits(file_megabytes=4))
    report = sandbox.call({"look.py": source}, "look", ["fill()"])
    assert isinstance(report.results[0], Returned)
    assert report.results[0].value <= 4
    assert not (repository / "data" / "0").exists()


def test_import_roots_are_read_from_the_configuration(tmp_path: Path) -> None:
    """Root, src, pytest's pythonpath and setuptools' folders; nothing outside, missing or broken counts."""
    for name in ("src", "lib", "python", "more"):
        (tmp_path / "project" / name).mkdir(parents=True)
    repository = tmp_path / "project"
    (repository / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\npythonpath = ["lib", "../outside", "missing"]\n'
        '[tool.setuptools.packages.find]\nwhere = ["python"]\n'
    )
    (repository / "setup.cfg").write_text("[options]\npackage_dir =\n    = more\n")
    assert [root.name for root in import_roots(repository)] == ["project", "src", "lib", "python", "more"]
    (repository / "pyproject.toml").write_text("[tool.pytest")
    (repository / "setup.cfg").write_bytes(b"\xff\x00[[")
    assert [root.name for root in import_roots(repository)] == ["project", "src"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("src/pkg/text.py", "pkg.text"),
        ("pkg/text.py", "pkg.text"),
        ("src/pkg/__init__.py", "pkg"),
        ("tool.py", "tool"),
        ("my-scripts/run-it.py", "my-scripts.run-it"),
        ("v1.2/text.py", None),
        ("src/__init__.py", None),
        ("notes.txt", None),
    ],
)
def test_modules_are_named_by_their_import_root(repository: Path, path: str, name: str | None) -> None:
    """The dotted name that an import in the repository would use; none where none could."""
    assert RepositoryView(str(repository)).module_name(path) == name
