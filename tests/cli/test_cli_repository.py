"""Generation and verification inside a repository, from the command line to the verdict."""

from __future__ import annotations

from pathlib import Path

import pytest
from genloom_program import Program
from scenarios import APPROVAL, fenced

from genloom.testing import OpenAIServer

pytestmark = pytest.mark.slow

MODULE = """from .marks import MARK


def slugify(text: str) -> str:
    \"\"\"Make a slug.\"\"\"
    return MARK.join(text.split())
"""
FILES = {
    "pyproject.toml": "[project]\nname = 'pkg'\n",
    "src/pkg/__init__.py": "",
    "src/pkg/marks.py": "MARK = '-'\n",
    "tests/conftest.py": "import pytest\n\n@pytest.fixture\ndef expected():\n    return 'a-b'\n",
    "tests/data.txt": "a b",
    "tests/test_text.py": "from pathlib import Path\nfrom pkg.text import slugify\n\n\ndef test_it(expected):\n"
    "    assert slugify(Path('tests/data.txt').read_text()) == expected\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_model_s_module_is_checked_in_its_package_and_kept_until_the_repository_changes(
    program: Program, project: Path
) -> None:
    """A target in a package passes the repository's own tests and is saved; the answer is kept, and made anew when what
    the checks could read has changed: a fixture, the data, the place of the tests."""

    def answer(request: object) -> str:
        return APPROVAL if "You review one Python module" in str(request.json()["messages"]) else fenced(MODULE)  # type: ignore[attr-defined]  # the server's recorded request

    with OpenAIServer(answer) as server:
        env = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "sk-test-0123456789abcdef0123456789abcdef"}
        asked = ("generate", "Make a slug", "--name", "slugify", "--repo", str(project), "--target", "src/pkg/text.py")
        model = ("--generators", "model", "--model", "openai:test-model", "--json")

        def run(tests: Path) -> tuple[str, bool]:
            found = program(*asked, *model, "--tests", str(tests), **env).json
            assert [check["detail"][:10] for check in found["verdict"]["checks"] if check["source"] == "test"]
            return found["outcome"], found["cached"]

        before, tests = content(project), project / "tests" / "test_text.py"
        assert run(tests) == ("passed", False)
        assert "`pkg.text`" in str(server.chats)
        assert run(tests) == ("passed", True)
        assert content(project) == before
        (project / "tests" / "conftest.py").write_text(FILES["tests/conftest.py"].replace("'a-b'", "'a' + '-b'"))
        assert run(tests) == ("passed", False)
        (project / "tests" / "data.txt").write_text("a  b")
        assert run(tests) == ("passed", False)
        assert run(tests) == ("passed", True)
        (program.folder / "test_elsewhere.py").write_text(FILES["tests/test_text.py"])
        found = program(*asked, *model, "--tests", "test_elsewhere.py", "--attempts", "1", **env)
        assert (found.code, found.json["cached"], found.json["outcome"]) == (1, False, "failed")


def test_search_answers_for_a_package_of_the_repository(program: Program, project: Path) -> None:
    """Without a model the module is found, checked under its dotted name beside the tests, and written where asked."""
    (project / "tests" / "test_twice.py").write_text(
        "from pkg.twice import twice\ndef test_it(): assert twice(21) == 42\n"
    )
    examples = [word for n in (2, 0, -3, 10) for word in ("-e", f"twice({n}) == {2 * n}")]
    done = program(
        *("generate", "Double a number", *examples, "--repo", str(project), "--target", "src/pkg/twice.py"),
        *("--tests", str(project / "tests" / "test_twice.py"), "--out", str(project / "src/pkg/twice.py"), "--json"),
    )
    assert done.json["outcome"] == "passed", done.json
    assert "import pkg.twice" in [check["check"] for check in done.json["verdict"]["checks"]]
    assert (project / "src/pkg/twice.py").read_text() == done.json["source"]


def test_file_of_a_package_is_verified_in_its_repository(program: Program, project: Path) -> None:
    """Under its dotted name, with the project's fixtures; outside of its repository it cannot be loaded."""
    file, tests = project / "src" / "pkg" / "text.py", str(project / "tests" / "test_text.py")
    file.write_text(MODULE)
    before = content(project)
    done = program(
        "verify", str(file), "--repo", str(project), "--tests", tests, "-e", "slugify('q r') == 'q-r'", "--json"
    )
    assert (done.code, done.json["result"]) == (0, "passed"), done.json
    assert done.json["checks"][0]["check"] == "import pkg.text"
    assert content(project) == before
    assert program("verify", str(file), "-e", "slugify('q r') == 'q-r'", "--json").json["result"] == "failed"
