"""The exception hook: what it says of a failure in generated code, and the fix that it offers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from genloom_program import Program, environment

from genloom.interfaces.importer.asked import GeneratedSource
from genloom.interfaces.importer.library.library import Library
from genloom.testing import OpenAIServer

MEAN = (
    'def mean(numbers: list[float]) -> float:\n    """Return the mean of the numbers."""\n'
    "    return sum(numbers) / len(numbers)\n"
)
FIXED = MEAN.replace("    return", "    if not numbers:\n        return 0.0\n    return")
BREAKS = MEAN.replace("/ len(numbers)", "/ max(len(numbers), 2)")
FAILS = "from myapp.gen.numbers import mean\nprint('before')\nmean([])\n"


@pytest.fixture
def numbers(library: Library, made: GeneratedSource) -> GeneratedSource:
    """A pinned function that fails for an empty list, of which no check speaks."""
    tests = "from myapp.gen.numbers import mean\n\n\ndef test_one() -> None:\n    assert mean([3]) == 3\n"
    source = replace(
        made, source=MEAN, names=("mean",), checks=("mean([1, 2]) == 1.5", "mean([7]) == 7.0"), tests=tests
    )
    library.pin("myapp.gen.numbers", source)
    return source


@pytest.fixture
def model() -> Iterator[OpenAIServer]:
    """A model that says what `told` holds."""
    told = [FIXED]
    with OpenAIServer(lambda _: f"```python\n{told[0]}```\n") as server:
        server.told = told  # type: ignore[attr-defined]
        yield server


def run(folder: Path, program: str, model: OpenAIServer | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a program that switches the hook on, in mode `auto`; with a model when one is given."""
    settings = {"GENLOOM_IMPORT_MODE": "auto"}
    if model is not None:
        settings |= {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "any", "GENLOOM_MODEL": "openai:test-model"}
    path = folder / "program.py"
    path.write_text(f"import sys\nimport genloom\ngenloom.install_excepthook()\n{program}")
    return subprocess.run(
        [sys.executable, "program.py"],
        cwd=folder,
        env=environment({**settings, **env}),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_importing_genloom_leaves_the_hook_alone(program: Program) -> None:
    """Only the call installs it; a second call does not chain it to itself, and it can be taken out."""
    code = (
        "import sys\nbefore = sys.excepthook\nimport genloom\nfrom genloom.interfaces.importer.failures import excepthook\n"
        "assert sys.excepthook is before\ngenloom.install_excepthook()\ngenloom.install_excepthook(fix=False)\n"
        "assert sys.excepthook.previous is before\nassert excepthook.uninstall_excepthook()\n"
        "assert sys.excepthook is before\nassert not excepthook.uninstall_excepthook()\nprint('ok')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=program.folder,
        env=environment({}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "ok\n", done.stderr


def test_without_a_model_it_says_what_is_known(program: Program, numbers: GeneratedSource) -> None:
    """The traceback as ever, then the call, how the module came about, and that no check speaks of it."""
    done = run(program.folder, FAILS)
    assert (done.returncode, done.stdout) == (1, "before\n")
    traceback, _, told = done.stderr.partition("genloom: ")
    assert "ZeroDivisionError: division by zero" in traceback
    assert told.startswith("ZeroDivisionError in generated code: mean([]) of myapp.gen.numbers, line 3")
    assert "none of its checks speaks of this call" in told
    assert "mean([1, 2]) == 1.5" in told


@pytest.mark.parametrize(
    "program_text",
    ["raise KeyboardInterrupt", "sys.exit(3)", "int('x')", "import myapp.gen.numbers\nint('x')"],
)
def test_what_is_not_its_business_it_leaves_alone(
    program: Program, numbers: GeneratedSource, program_text: str
) -> None:
    """Ctrl-C, an exit, and failures of other code: nothing is said, and no model is asked."""
    assert "genloom:" not in run(program.folder, program_text).stderr


def test_the_hook_before_it_is_called_first_and_once(program: Program, numbers: GeneratedSource) -> None:
    """Whoever reports errors goes on doing so; an exception that is shown twice is explained once."""
    text = (
        "from myapp.gen.numbers import mean\nours = sys.excepthook\n"
        "from genloom.interfaces.importer.failures.excepthook import uninstall_excepthook\nuninstall_excepthook()\n"
        "sys.excepthook = lambda kind, error, traceback: print('reported', kind.__name__, file=sys.stderr)\n"
        "genloom.install_excepthook()\n"
        "try:\n    mean([])\nexcept ZeroDivisionError as error:\n"
        "    sys.excepthook(type(error), error, error.__traceback__)\n"
        "    sys.excepthook(type(error), error, error.__traceback__)\n"
    )
    done = run(program.folder, text)
    assert done.stderr.startswith("reported ZeroDivisionError\ngenloom: ZeroDivisionError")
    assert done.stderr.count("reported") == 2
    assert done.stderr.count("in generated code") == 1


def test_secrets_are_not_told(program: Program, library: Library, made: GeneratedSource) -> None:
    """An argument that is a configured key is redacted in what genloom adds."""
    source = 'def use(key: str) -> int:\n    """Use it."""\n    return int(key)\n'
    library.pin("myapp.gen.keys", replace(made, source=source, names=("use",), checks=(), tests=""))
    key = "sk-" + "a1B2c3D4e5F6" * 3
    done = run(program.folder, f"from myapp.gen.keys import use\nuse({key!r})\n", OPENAI_API_KEY=key)
    _, _, told = done.stderr.partition("genloom: ")
    assert "in generated code: use(" in told
    assert key not in told


@pytest.mark.slow
def test_a_fix_is_verified_shown_and_taken_by_a_person_alone(
    program: Program, library: Library, numbers: GeneratedSource, model: OpenAIServer
) -> None:
    """One call of the model; the diff; the file stays as it is until `genloom lib accept`, which pins it."""
    done = run(program.folder, FAILS, model)
    assert "+    if not numbers:" in done.stderr, done.stderr
    assert "genloom lib accept myapp.gen.numbers" in done.stderr
    assert len(model.chats) == 1
    assert library.source("myapp.gen.numbers") == MEAN
    again = run(program.folder, FAILS, model)
    assert "waits for a person" in again.stderr
    assert len(model.chats) == 1
    accepted = program("lib", "accept", "numbers")
    assert accepted.code == 0, accepted.err
    assert library.source("myapp.gen.numbers") == FIXED
    state = library.state("numbers")
    assert (state.state, state.verdict, state.names) == ("pinned", "passed", ("mean",))
    assert state.entry is not None
    assert state.entry.request == numbers.request
    assert run(program.folder, FAILS, model).returncode == 0
    assert program("lib", "verify", "numbers").code == 0


@pytest.mark.slow
def test_nothing_in_a_fix_acts_on_the_terminal_that_shows_it(
    program: Program, numbers: GeneratedSource, model: OpenAIServer
) -> None:
    """The person decides on what is there, not on what escape codes leave standing."""
    model.told[0] = f"{FIXED}# \x1b[1A\x1b[2K hidden\n"  # type: ignore[attr-defined]
    done = run(program.folder, FAILS, model)
    assert r"+# \x1b[1A\x1b[2K hidden" in done.stderr
    assert "\x1b" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("said", "reason"), [(BREAKS, "no fix"), (MEAN, "no fix")])
def test_a_fix_that_does_not_hold_is_not_offered(
    program: Program, library: Library, numbers: GeneratedSource, model: OpenAIServer, said: str, reason: str
) -> None:
    """One that breaks a check of the module, or that fails as before: the person hears why, and nothing waits."""
    model.told[0] = said  # type: ignore[attr-defined]
    done = run(program.folder, FAILS, model)
    assert reason in done.stderr
    assert "genloom lib accept" not in done.stderr
    assert len(model.chats) == 1
    assert library.waiting() == ()


@pytest.mark.slow
def test_no_model_is_asked_where_nothing_could_show_that_a_fix_works(
    program: Program, library: Library, numbers: GeneratedSource, model: OpenAIServer
) -> None:
    """A call that cannot be repeated, a file that was edited, the mode `frozen`."""
    unrepeatable = "from myapp.gen.numbers import mean\nmean(object())\n"
    unrepeated = run(program.folder, unrepeatable, model).stderr
    assert "cannot be repeated" in unrepeated
    assert "it was checked by:" in unrepeated  # whether a check speaks of that call is not known
    frozen = run(program.folder, FAILS, model, GENLOOM_IMPORT_MODE="frozen")
    assert "in generated code" in frozen.stderr
    assert "looking for a fix" not in frozen.stderr
    assert len(model.chats) == 0
