"""`genloom lib`: a package of generated modules is made, looked at, checked and left, on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from genloom_program import Program, environment

from genloom.interfaces.importer.asked import GeneratedSource
from genloom.interfaces.importer.library.library import Library
from genloom.interfaces.importer.library.library_search import find_library

OTHER = 'LIMIT = 3\n\n\ndef shout(text: str) -> str:\n    """Return it in capitals."""\n    return text.upper()\n'


def test_init_makes_an_anchor_package_that_is_found_without_its_name(program: Program) -> None:
    """The hook, py.typed and an empty lock file; a second time nothing is overwritten."""
    made = program("lib", "init", "myapp.gen", "--description", "Text tools", "--json").json
    assert {Path(path).name for path in made["created"]} == {"__init__.py", "py.typed", "genloom.lock"}
    anchor = program.folder / "myapp" / "gen" / "__init__.py"
    assert 'genloom.install_import_hook(description="Text tools")' in anchor.read_text()
    assert program("lib", "list", "--json").json["modules"] == []
    again = program("lib", "init", "myapp.gen")
    assert again.code == 2
    assert "not empty" in again.err


def test_list_and_show_tell_how_modules_stand(program: Program, library: Library, made: GeneratedSource) -> None:
    """Pinned, edited, missing, and written by hand; a module goes by its full and by its short name."""
    library.pin("myapp.gen.gone", made)
    library.path("myapp.gen.gone").unlink()
    (library.directory / "mine.py").write_text("MINE = 1\n")
    states = {m["module"]: m["state"] for m in program("lib", "list", "--json").json["modules"]}
    assert states == {"myapp.gen.text": "pinned", "myapp.gen.gone": "missing", "myapp.gen.mine": "unlocked"}
    library.path("myapp.gen.text").write_text(made.source + "\n# mine\n")
    states = {m["module"]: m["state"] for m in program("lib", "list", "--json").json["modules"]}
    assert states["myapp.gen.text"] == "edited"
    shown = program("lib", "show", "text")
    assert shown.out == made.source + "\n# mine\n"
    assert "check: double(2) == 4" in shown.err
    assert program("lib", "show", "myapp.gen.text", "--json").json["checks"] == list(made.checks)
    assert program("lib", "show", "nothing").code == 2


def test_verify_runs_the_kept_checks_in_the_sandbox(program: Program, library: Library, made: GeneratedSource) -> None:
    """0 for what holds; 1 for other bytes, and for pinned bytes that fail the checks of the lock file."""
    done = program("lib", "verify", "--json")
    assert done.code == 0, done.err
    (module,) = done.json["modules"]
    assert module["verdict"]["result"] == "passed"
    told = {check["check"] for check in module["verdict"]["checks"]}
    assert "double(2) == 4" in told
    assert any("test_double_of_zero" in check for check in told)
    library.path("myapp.gen.text").write_text(made.source.replace("2 * n", "n + n"))
    edited = program("lib", "verify")
    assert edited.code == 1
    assert "EDITED" in edited.out


def test_verify_fails_for_a_pin_that_does_not_hold_its_checks(
    program: Program, library: Library, made: GeneratedSource
) -> None:
    """A lock file that somebody else wrote proves nothing by itself."""
    from dataclasses import replace

    library.pin("myapp.gen.text", replace(made, source=made.source.replace("2 * n", "3 * n")))
    done = program("lib", "verify", "text", "--json")
    assert done.code == 1
    assert done.json["modules"][0]["verdict"]["result"] == "failed"


def test_adopt_takes_an_edit_that_passes_and_no_other(
    program: Program, library: Library, made: GeneratedSource
) -> None:
    """The hash changes only when the checks hold; what nothing proves needs a word more."""
    path = library.path("myapp.gen.text")
    path.write_text(made.source.replace("2 * n", "3 * n"))
    refused = program("lib", "adopt", "text", "--json")
    assert (refused.code, refused.json["adopted"]) == (1, False)
    assert library.state("text").state == "edited"
    path.write_text(made.source.replace("2 * n", "n + n"))
    taken = program("lib", "adopt", "text")
    assert taken.code == 0, taken.err
    state = library.state("text")
    assert (state.state, state.verdict, state.names) == ("pinned", "passed", ("double",))
    assert state.entry is not None
    assert state.entry.checks == made.checks
    (library.directory / "mine.py").write_text(OTHER)
    assert "--accept-unverified" in program("lib", "adopt", "mine").out
    assert program("lib", "adopt", "mine", "--accept-unverified").code == 0
    mine = library.state("mine")
    assert (mine.state, mine.verdict, mine.names) == ("pinned", "unverified", ("LIMIT", "shout"))


@pytest.mark.slow
def test_adopt_takes_up_a_package_that_held_only_others(
    program: Program, library: Library, made: GeneratedSource
) -> None:
    """With the names that somebody wrote there, or with none; `show` says no more than is known."""
    library.pin("myapp.gen.deep.inner", made)
    package = library.directory / "deep" / "__init__.py"
    assert "made by package" not in program("lib", "show", "deep").err
    package.write_text('"""Deep things."""\n')
    done = program("lib", "adopt", "deep", "--accept-unverified")
    assert done.code == 0, done.err
    assert library.state("deep").is_package
    package.write_text("DEPTH = 3\n")
    done = program("lib", "adopt", "deep", "--accept-unverified")
    assert done.code == 0, done.err
    assert (library.state("deep").state, library.state("deep").names) == ("pinned", ("DEPTH",))
    assert program("lib", "verify", "deep").code == 0


def test_adopt_refuses_what_does_not_load(program: Program, library: Library) -> None:
    """Not even --accept-unverified takes a file that raises at import, or is no Python."""
    for text in ("raise SystemExit(3)\n", "def broken(:\n"):
        (library.directory / "mine.py").write_text(text)
        done = program("lib", "adopt", "mine", "--accept-unverified")
        assert done.code == 1, done.out
        assert library.state("mine").state == "unlocked"


def test_diff_finds_the_pinned_text_in_git(program: Program, library: Library, made: GeneratedSource) -> None:
    """By the hash in the lock file; where git has none the difference is still told."""
    assert (program("lib", "diff").code, program("lib", "diff").out) == (0, "Nothing differs.\n")
    path = library.path("myapp.gen.text")
    path.write_text(made.source.replace("2 * n", "n + n"))
    untold = program("lib", "diff")
    assert untold.code == 1
    assert "git" in untold.out
    path.write_text(made.source)
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@b.c"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "one"]):
        subprocess.run([*git, *arguments], cwd=program.folder, check=True, capture_output=True)
    path.write_text(made.source.replace("2 * n", "n + n"))
    for arguments in (["add", "."], ["commit", "-q", "-m", "two"]):
        subprocess.run([*git, *arguments], cwd=program.folder, check=True, capture_output=True)
    (found,) = program("lib", "diff", "text", "--json").json["differences"]
    assert found["kind"] == "edited"
    assert "-    return 2 * n" in found["diff"]
    assert "+    return n + n" in found["diff"]


def test_nothing_pending_and_nothing_to_decide(program: Program, library: Library) -> None:
    """An empty list is an answer; a decision about nothing is a mistake."""
    assert program("lib", "pending", "--json").json == {"pending": []}
    for command in ("accept", "reject"):
        done = program("lib", command, "text")
        assert done.code == 2
        assert "Nothing waits for myapp.gen.text" in done.err


def test_a_library_is_found_by_name_by_folder_and_by_where_one_stands(program: Program, library: Library) -> None:
    """Several need a name; none is told with the way to make one."""
    for arguments in (["--package", "myapp.gen"], ["--package", "myapp/gen"], []):
        assert program("lib", "list", "--json", *arguments).json["package"] == "myapp.gen"
    assert find_library(None, library.directory / "deeper").namespace == "myapp.gen"
    assert program("lib", "init", "other.gen").code == 0
    several = program("lib", "list")
    assert several.code == 2
    assert "--package" in several.err
    assert program("lib", "list", "--package", "nothing.there").code == 2
    empty = program.folder.parent / "empty"
    empty.mkdir()
    assert "genloom lib init" in Program(empty)("lib", "list").err


def test_an_anchor_written_by_hand_is_found_before_anything_is_pinned(program: Program) -> None:
    """By its name; the first pin makes the lock file."""
    folder = program.folder / "mine" / "gen"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(
        "import genloom\n\ngenloom.install_import_hook(model='openai:x', mode='auto')\n"
    )
    listed = program("lib", "list", "--package", "mine.gen", "--json")
    assert listed.json == {"package": "mine.gen", "directory": str(folder), "modules": []}
    options = find_library("mine.gen", program.folder).options()
    assert (options.model, options.mode, options.namespace) == ("openai:x", "auto", "mine.gen")


def test_a_damaged_lock_file_is_told_with_its_line(program: Program, library: Library) -> None:
    """Every command says so and changes nothing."""
    lock = library.directory / "genloom.lock"
    lock.write_text(f"<<<<<<< HEAD\n{lock.read_text()}")
    before = lock.read_bytes()
    for command in (["list"], ["verify"], ["adopt", "text"], ["eject"], ["stubs"]):
        done = program("lib", *command)
        assert done.code == 2, done.out
        assert "damaged" in done.err
    assert lock.read_bytes() == before


def test_stubs_are_for_names_that_the_project_imports_and_nothing_wrote(program: Program, library: Library) -> None:
    """Relative imports count; written names, other packages and names of sub-modules do not."""
    (program.folder / "myapp" / "use.py").write_text(
        "from .gen.text import double, halve\nfrom myapp.gen.fresh import one as two\nfrom os.path import join\n"
        "from myapp.gen import text, later\nimport myapp.gen.deep.inner\nlater.anything(1)\n"
    )
    stubs = program("lib", "stubs", "--json").json["stubs"]
    assert {Path(path).name for path in stubs} == {"text.pyi", "fresh.pyi", "later.pyi", "inner.pyi"}
    assert "def __getattr__(name: str) -> _Any: ..." in (library.directory / "later.pyi").read_text()
    assert "__getattr__" not in (library.directory / "fresh.pyi").read_text()
    text = (library.directory / "text.pyi").read_text()
    assert "def double(n: int) -> int: ..." in text
    assert "halve: _Any" in text
    assert "one: _Any" in (library.directory / "fresh.pyi").read_text()
    assert program("lib", "stubs", "--remove").code == 0
    assert list(library.directory.glob("*.pyi")) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_offers_commands_and_modules(program: Program, library: Library, shell: str) -> None:
    """As the shell's own script asks for them."""

    def offered(*words: str) -> str:
        line = " ".join(("genloom", *words))
        env = environment({"_GENLOOM_COMPLETE": f"{shell}_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words))})
        if shell == "fish":
            env["COMP_CWORD"] = words[-1]
        code = "from genloom.interfaces.cli.commands import genloom; genloom(prog_name='genloom')"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=program.folder, env=env, capture_output=True, text=True, check=False
        )
        return done.stdout

    assert "regenerate" in offered("lib", "reg")
    assert "text" in offered("lib", "show", "te")
    assert "text" not in offered("lib", "accept", "te")  # it does not wait


def test_json_of_each_reading_command_is_one_object(program: Program, library: Library) -> None:
    """What a program reads is on standard output, alone."""
    for command in (["list"], ["show", "text"], ["diff"], ["pending"], ["verify"], ["stubs"]):
        assert json.loads(json.dumps(program("lib", *command, "--json").json))
