"""Warm runs in a view of a repository: they cannot be told from cold ones, and each has a view of its own, of today."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from genloom.tools.sandbox import CallReport, Limits, Returned, Sandbox
from genloom.tools.sandbox.warm.warm_pool import stop_servers

LIMITS = Limits(
    wall_seconds=10, cpu_seconds=10, memory_megabytes=256, processes=24, file_megabytes=4, output_kilobytes=64
)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A project with packages, tests' configuration and secrets at several depths."""
    files = {
        "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['tools']\n",
        "src/pkg/__init__.py": "from pkg.text import X\n",
        "src/pkg/text.py": "X = 1\n",
        "tools/helper.py": "def help(): return 'helped'\n",
        "tests/conftest.py": "import pytest\n@pytest.fixture\ndef given(): return 5\n",
        "mine.py": "X = 0\n",
        ".env": "SECRET=1\n",
        "deep/er/.env": "SECRET=1\n",
        "deep/er/data.txt": "data\n",
    }
    for name, text in files.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "project"


@pytest.fixture
def pair(repository: Path) -> Iterator[tuple[Sandbox, Sandbox]]:
    """The same sandbox in a view twice: warm, and cold."""
    warm, cold = (Sandbox(limits=LIMITS, repository=repository, warm=each) for each in (True, False))
    if warm.status().tier != "bubblewrap":
        pytest.skip(f"no warm starts here: {warm.status().reason}")
    yield warm, cold
    stop_servers()


def value(report: CallReport) -> object:
    (result,) = report.results
    assert isinstance(result, Returned), report
    return result.value


LOOKS = """
import os, sys
order, path = list(sys.modules), list(sys.path)
def tree():
    found = []
    for folder, names, files in os.walk('.'):
        names.sort()
        found.append((folder, oct(os.stat(folder).st_mode), os.stat(folder).st_uid == os.getuid(), sorted(files)))
    return found
def state():
    return order, path, os.getcwd(), sys.argv, [name for name in os.environ], os.statvfs('.').f_blocks
def texts(): return [open(name).read() for name in ('deep/er/data.txt', 'mine.py', 'tests/conftest.py')]
def imports():
    import pkg, helper
    return pkg.X, pkg.__file__, helper.help()
def attempt(action, *arguments):
    try: return repr(action(*arguments))
    except OSError as error: return type(error).__name__ + str(error.errno)
def changes():
    return [
        attempt(os.remove, 'mine.py'), attempt(os.mkdir, 'deep/new'), attempt(os.rename, 'tools', 'moved'),
        attempt(os.chmod, 'pyproject.toml', 0o600), attempt(os.stat, '.env'), attempt(os.mkdir, '.env'),
        attempt(os.listdir, 'deep/er'), attempt(os.mknod, 'device', 0o20600, 0), attempt(os.mkfifo, 'pipe'),
        attempt(os.getxattr, 'deep', 'user.overlay.opaque'), attempt(os.symlink, '/etc/passwd', 'link'),
        attempt(os.link, 'src/pkg/text.py', 'linked'), attempt(open('big', 'wb').write, b'x' * (5 << 20)),
    ]
"""


def test_view_and_what_can_be_done_in_it_are_those_of_a_fresh_start(pair: tuple[Sandbox, Sandbox]) -> None:
    """Files, modes, owners, hidden names, imports and the answers to every attempt are equal."""
    calls = ["tree()", "state()", "texts()", "imports()", "changes()", "tree()"]
    for _ in range(2):
        warm, cold = (each.call({"draft.py": LOOKS, "src/pkg/more.py": ""}, "draft", calls) for each in pair)
        hide = re.compile(r"genloom-[0-9a-f]+")
        for ours, theirs in zip(warm.results, cold.results, strict=True):
            assert isinstance(theirs, Returned), theirs
            assert hide.sub("", repr(ours)) == hide.sub("", repr(theirs))
    assert (warm.ended, warm.stdout, warm.stderr) == (cold.ended, cold.stdout, cold.stderr)


def test_pytest_in_a_view_reports_the_same(pair: tuple[Sandbox, Sandbox]) -> None:
    """Fixtures of the repository, replaced modules and paths of failures are equal."""
    tests = (
        "import sys, helper, pkg\n"
        "def test_given(given): assert given == 5 and pkg.X == 3\n"
        "def test_fails(given): assert helper.help() == given\n"
        "def test_modules(): raise OSError(sorted(sys.modules))\n"
    )
    files = {"src/pkg/text.py": "X = 3\n"}
    warm, cold = (each.test(files, tests, tests_path="tests/test_it.py") for each in pair)
    assert [(case.name, case.result) for case in warm.cases] == [(case.name, case.result) for case in cold.cases]
    hide = re.compile(r"0x[0-9a-f]+|test_[0-9a-f]{16}|genloom-[0-9a-f]+|\d+\.\d+s")
    assert [hide.sub("", case.detail) for case in warm.cases] == [hide.sub("", case.detail) for case in cold.cases]
    assert [case.result for case in warm.cases] == ["passed", "failed", "failed"]
    assert (warm.complete, warm.ended) == (cold.complete, cold.ended) == (True, "normal")


@pytest.mark.slow
def test_repository_with_modules_of_pytest_is_run_as_in_a_fresh_start(
    pair: tuple[Sandbox, Sandbox], repository: Path
) -> None:
    """What was loaded ahead never stands in for a module of the repository."""
    (repository / "calendar.py").write_text("OWN = 1\n")
    tests = "import calendar\ndef test_own(): assert calendar.OWN == 1\n"
    warm, cold = (each.test({}, tests) for each in pair)
    assert [case.result for case in warm.cases] == [case.result for case in cold.cases] == ["passed"]


WRITES = """
import os
def write(n):
    before = sorted(os.listdir('.')), open('mine.py').read(), sorted(os.listdir('deep'))
    open('mine.py', 'w').write(str(n)); open('left', 'w').write('x'); os.mkdir('deep/left')
    return before, open('mine.py').read()
"""


def test_no_run_sees_what_another_wrote(pair: tuple[Sandbox, Sandbox], repository: Path) -> None:
    """One after the other and all at once, every run starts from the repository, which stays as it is."""
    expected = (sorted([*(path.name for path in repository.iterdir() if path.name != ".env"), "draft.py"]), "X = 0\n")
    files = {"draft.py": WRITES}
    warm = pair[0]

    async def together() -> list[CallReport]:
        return await asyncio.gather(*(warm.acall(files, "draft", [f"write({n})"]) for n in range(6)))

    reports = [*asyncio.run(together()), *(warm.call(files, "draft", [f"write({n})"]) for n in range(3))]
    for report in reports:
        (before, _) = value(report)  # type: ignore[misc]  # a plain value, unpacked
        assert before == (*expected, ["er"])
    assert (repository / "mine.py").read_text() == "X = 0\n"
    assert not (repository / "left").exists()


def replaced(repository: Path) -> None:
    (repository / "new").write_text("X = 7\n")
    (repository / "new").rename(repository / "mine.py")


def written(repository: Path) -> None:
    (repository / "mine.py").write_text("X = 7\n")


def moved(repository: Path) -> None:
    (repository / "mine.py").unlink()
    (repository / "mine").mkdir()
    (repository / "mine" / "__init__.py").write_text("X = 7\n")


def made_anew(repository: Path) -> None:
    repository.rename(repository.parent / "old")
    repository.mkdir()
    written(repository)


@pytest.mark.parametrize("change", [written, replaced, moved, made_anew])
def test_next_run_sees_a_change_of_the_repository(
    pair: tuple[Sandbox, Sandbox], repository: Path, change: Callable[[Path], None]
) -> None:
    """Also when its view was prepared before the change."""
    files = {"draft.py": "import mine\n"}
    for _ in range(2):
        assert value(pair[0].call(files, "draft", ["mine.X"])) == 0
    change(repository)
    for _ in range(2):
        assert value(pair[0].call(files, "draft", ["mine.X"])) == 7


def test_secret_that_comes_back_is_not_seen(pair: tuple[Sandbox, Sandbox], repository: Path) -> None:
    """Whatever happens to it, or to its folder, while the view of the next run is prepared."""
    source = "import os\ndef f(): return [os.path.exists(n) for n in ('.env', 'deep/er/.env', 'deep/.netrc')]\n"

    def seen() -> object:
        today = Sandbox(limits=LIMITS, repository=repository)  # what is hidden is looked up once for each
        return value(today.call({"draft.py": source}, "draft", ["f()"]))

    for turn in range(4):
        assert seen() == [False] * 3
        (repository / ".env").unlink()
        (repository / "deep").rename(repository / "away")
        if turn % 2:
            assert seen() == [False] * 3
        (repository / "away").rename(repository / "deep")
        (repository / ".env").write_text("SECRET=2\n")
        (repository / "deep" / ".netrc").write_text("secret\n")


def test_runs_in_a_view_come_from_one_server(pair: tuple[Sandbox, Sandbox]) -> None:
    """Shown by the folder that each has for temporary files, whose name is the server's."""
    files = {"draft.py": "import tempfile\n"}
    first, second = (value(pair[0].call(files, "draft", ["tempfile.gettempdir()"])) for _ in range(2))
    assert first == second
    assert value(pair[1].call(files, "draft", ["tempfile.gettempdir()"])) != first
