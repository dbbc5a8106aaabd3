"""Programs from autogenlib's documentation run unchanged, with genloom behind the name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from genloom_program import environment

from genloom.testing import OpenAIServer, RecordedRequest

pytestmark = pytest.mark.slow

TOTP = (
    'def totp_generator(secret: str) -> str:\n    """Return six digits."""\n'
    "    return str(sum(map(ord, secret)) % 1000000).zfill(6)\n"
)
VERIFY = (
    'def verify_totp(secret: str, code: str) -> bool:\n    """Whether the code is the secret\'s."""\n'
    "    return totp_generator(secret) == code\n"
)
SCORE = (
    'def get_highest_score(data: list[dict[str, object]]) -> object:\n    """Return the highest score."""\n'
    '    return max(entry["score"] for entry in data)\n'
)
EVIL = (
    'import os\n\nos.system("echo it ran")\n\n\ndef generate_token(length: int) -> str:\n'
    '    """A token."""\n    return "a" * length\n'
)
WRONG = 'def generate_token(length: int) -> str:\n    """A token."""\n    return "a" * (length + 1)\n'
MODULES = {"totp_generator": TOTP, "verify_totp": VERIFY, "get_highest_score": SCORE}


@dataclass(frozen=True)
class Setting:
    """A folder for a program, and the model that its environment names as autogenlib's documentation does."""

    folder: Path
    model: OpenAIServer

    def run(self, program: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a program, unchanged, with genloom as autogenlib."""
        path = self.folder / "program.py"
        path.write_text(program)
        settings = {"OPENAI_API_KEY": "any", "OPENAI_API_BASE_URL": self.model.base_url, "OPENAI_MODEL": "test-model"}
        variables = environment({**settings, **env})
        variables.pop("CI", None) if "CI" not in env else None
        return subprocess.run(
            [sys.executable, "-m", "genloom", "lib", "run", "program.py", "an argument"],
            cwd=self.folder,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            stdin=subprocess.DEVNULL,
        )


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[Setting]:
    """A model that writes whichever of the known functions the prompt asks for last."""

    def say(request: RecordedRequest) -> str:
        prompt: Any = request.json()["messages"][-1]["content"]
        asked = [name for name in MODULES if f"`{name}`" in str(prompt)]
        return f"```python\n{MODULES[asked[-1]]}```\n"

    folder = tmp_path / "program"
    folder.mkdir()
    with OpenAIServer(say) as model:
        yield Setting(folder, model)


@pytest.fixture
def saying(tmp_path: Path) -> Any:
    """A setting whose model always says the same module."""

    def start(source: str) -> Setting:
        folder = tmp_path / "program"
        folder.mkdir()
        model = OpenAIServer(lambda _: f"```python\n{source}```\n")
        model.__enter__()
        started.append(model)
        return Setting(folder, model)

    started: list[OpenAIServer] = []
    yield start
    for model in started:
        model.__exit__(None, None, None)


def test_names_imported_later_extend_the_module(setting: Setting) -> None:
    """The documentation's TOTP example, with the function that is added later and `inspect.getsource`."""
    done = setting.run(
        "import sys\nfrom autogenlib.totp import totp_generator\n"
        'code = totp_generator("SECRETKEY123")\nfrom autogenlib.totp import verify_totp\n'
        'print(verify_totp("SECRETKEY123", code), verify_totp("SECRETKEY123", "x"))\n'
        "import inspect\nprint(inspect.getsource(totp_generator).splitlines()[0])\nprint(sys.argv, __name__)\n"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "True False",
        "def totp_generator(secret: str) -> str:",
        "['program.py', 'an argument'] __main__",
    ]
    assert len(setting.model.chats) == 2
    assert done.stderr.count("accept_unverified") == 1


def test_the_callers_data_reaches_the_model(setting: Setting) -> None:
    """The documentation's example of context."""
    done = setting.run(
        "from autogenlib.processor import get_highest_score\n"
        'data = [{"user": "Alice", "score": 95}, {"user": "Bob", "score": 82}]\nprint(get_highest_score(data))\n'
    )
    assert done.stdout == "95\n", done.stderr
    assert '"score": 95' in str(setting.model.chats[0]["messages"])


def test_init_and_set_caching_have_an_effect(setting: Setting) -> None:
    """With caching a second process asks no model, without it asks again; the description reaches the model."""
    program = (
        'from autogenlib import init, set_caching\ninit("Tools for one-time codes", enable_caching={})\n'
        'from autogenlib.totp import totp_generator\nprint(len(totp_generator("a")))\n'
    )
    for kept, calls in ((True, 1), (True, 1), (False, 2), (False, 3)):
        done = setting.run(program.format(kept))
        assert done.stdout == "6\n", done.stderr
        assert len(setting.model.chats) == calls
    assert "Tools for one-time codes" in str(setting.model.chats[0]["messages"])
    assert len(list((Path(environment({})["GENLOOM_HOME"]) / "autogenlib").glob("totp.py"))) == 1


def test_ci_is_frozen_unless_told_otherwise(setting: Setting) -> None:
    """No model is called; with the mode named it is."""
    program = 'from autogenlib.totp import totp_generator\nprint(len(totp_generator("a")))\n'
    frozen = setting.run(program, CI="true")
    assert frozen.returncode == 1
    assert "FrozenImportError" in frozen.stderr
    assert len(setting.model.chats) == 0
    assert setting.run(program, CI="true", GENLOOM_IMPORT_MODE="auto").stdout == "6\n"


@pytest.mark.parametrize("source", [EVIL, WRONG])
def test_what_fails_is_refused_though_the_unverified_is_accepted(saying: Any, source: str) -> None:
    """Code that the review rejects, and code that the program's own assertion tells apart, never runs in the process."""
    setting = saying(source)
    done = setting.run(
        "from autogenlib.tokens import generate_token\nassert len(generate_token(4)) == 4\nprint('ran')\n"
    )
    assert done.returncode == 1, done.stdout
    assert "GeneratedImportError" in done.stderr
    assert done.stdout == ""


def test_an_installed_autogenlib_is_put_aside_and_said(setting: Setting) -> None:
    """Its finder would answer whatever looks for a module; genloom's is the only one left."""
    package = setting.folder / "autogenlib"
    package.mkdir()
    (package / "__init__.py").write_text(
        "import sys\n\n\nclass AutoLibFinder:\n    def find_spec(self, name, path=None, target=None):\n"
        "        if name.startswith('autogenlib.'):\n            raise RuntimeError('the installed one was asked')\n\n\n"
        "sys.meta_path.insert(0, AutoLibFinder())\n"
    )
    (setting.folder / "before.py").write_text("")
    done = setting.run(
        "from autogenlib.totp import totp_generator\nimport importlib.util\n"
        "print(len(totp_generator('a')), importlib.util.find_spec('autogenlib.nothing'))\n",
        PYTHONPATH=f"{environment({})['PYTHONPATH']}:{setting.folder}",
    )
    assert done.stdout == "6 None\n", done.stderr
    assert "the installed autogenlib is put aside" in done.stderr
    imported = setting.run(
        "import sys\nsys.modules.pop('autogenlib')\n"
        "sys.meta_path[:] = [f for f in sys.meta_path if 'Hook' not in type(f).__name__]\n"
        "import autogenlib\nimport genloom\ngenloom.install_import_hook(namespace='autogenlib')\n"
        "from autogenlib.totp import totp_generator\nprint(len(totp_generator('a')))\n",
        PYTHONPATH=f"{environment({})['PYTHONPATH']}:{setting.folder}",
    )
    assert imported.stdout == "6\n", imported.stderr


def test_without_a_key_the_search_writes_what_assertions_tell(setting: Setting) -> None:
    """No key, no server: what the program's own assertions say is enough for a small function."""
    done = setting.run(
        "from autogenlib.words import shout\nassert shout('a b') == 'A B'\nassert shout('x') == 'X'\n"
        "assert shout('Already') == 'ALREADY'\nassert shout('one two') == 'ONE TWO'\nprint(shout('loud'))\n",
        OPENAI_API_KEY="",
        OPENAI_API_BASE_URL="",
        OPENAI_MODEL="",
    )
    assert done.stdout == "LOUD\n", done.stderr
    assert len(setting.model.chats) == 0
