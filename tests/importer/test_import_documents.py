"""What the documents say of imports works as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from genloom_program import Program, environment

from genloom.interfaces.cli.lib import command

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_the_readmes_first_import_needs_no_key(program: Program) -> None:
    """With the mode that it names, from an empty folder; the second run generates nothing."""
    section = (ROOT / "README.md").read_text().partition("**As an import.**")[2].partition("**With your codebase.**")[0]
    (source,) = re.findall(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert program("lib", "init", "myapp.gen").code == 0
    (program.folder / "first.py").write_text(source)
    for mode in ("auto", "frozen"):
        done = subprocess.run(
            [sys.executable, "first.py"],
            cwd=program.folder,
            env=environment({"GENLOOM_IMPORT_MODE": mode}),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.stdout == "imports-that-write-themselves\n", done.stderr
    assert program("lib", "verify").code == 0


def test_the_guide_names_every_command_and_none_that_is_not_there() -> None:
    """As `genloom lib` has them."""
    text = (ROOT / "docs" / "importing.md").read_text()
    named = {word for words in re.findall(r"genloom lib ([a-z]+)", text) for word in [words]}
    assert named <= set(command.commands)
    table = "\n".join(line for line in text.splitlines() if line.startswith("| `genloom lib"))
    unnamed = [name for name in command.commands if not re.search(rf"\b{name}\b", table) and name not in named]
    assert unnamed == []


@pytest.mark.parametrize("name", sorted(command.commands))
def test_help_of_each_command_has_an_example(program: Program, name: str) -> None:
    """One that can be copied."""
    done = program("lib", name, "--help")
    assert done.code == 0
    assert f"genloom lib {name}" in done.out.partition("Options:")[2]
