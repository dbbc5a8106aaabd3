"""What a pinned import loads: the standard library, the ground and the hook's own few files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hooked import Hooked

FRAMEWORKS = (
    "langgraph",
    "langchain",
    "langchain_core",
    "langchain_openai",
    "langsmith",
    "openai",
    "pydantic",
    "httpx",
)
MORE = (
    *FRAMEWORKS,
    "ruff",
    "tomli_w",
    "filelock",
    "asyncio",
    "subprocess",
    "tree_sitter",
    "rich",
    "click",
    "platformdirs",
)

BLOCKED = """
import sys
class Block:
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in {blocked}:
            raise ImportError(f"{{name}} is not to be imported")
sys.meta_path.insert(0, Block())
"""


def loaded(program: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nprint(*sys.modules)"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("mode", ["frozen", "auto", "review"])
def test_a_pinned_import_works_where_no_framework_can_be_imported(hooked: Hooked, mode: str) -> None:
    """LangGraph, LangChain, pydantic and the rest raise when they are imported."""
    hooked.run("from space.pkg.text import a")
    found = loaded(
        f"{BLOCKED.format(blocked=set(MORE))}\nimport genloom\n"
        f"genloom.install_import_hook({hooked.space!r}, directory={str(hooked.folder)!r}, mode={mode!r})\n"
        f"from {hooked.space}.pkg.text import a\nassert a() == 'a'"
    )
    assert not {name.partition(".")[0] for name in found} & set(MORE)
    own = {name for name in found if name.startswith("genloom.")}
    assert own <= {
        "genloom.config",
        "genloom.errors",
        "genloom.lazy",
        "genloom.interfaces",
        "genloom.interfaces.importer",
    } | {
        f"genloom.interfaces.importer.{name}"
        for name in (
            *("asked", "hook", "installed", "installing", "namespace", "options"),
            *("modules", "modules.loader", "modules.module", "pins", "pins.lock_file", "pins.pin_store", "statements"),
        )
    }


def test_installing_a_hook_reads_no_lock_file_and_loads_no_loader(hooked: Hooked) -> None:
    """A program that imports nothing of the namespace pays for nothing of it."""
    found = loaded(f"import sys, genloom\ngenloom.install_import_hook({hooked.space!r}, directory='.', mode='auto')")
    assert (
        not {
            "tomllib",
            "hashlib",
            "genloom.interfaces.importer.pins.pin_store",
            "genloom.interfaces.importer.modules.loader",
        }
        & found
    )


def test_a_missing_name_is_told_where_no_framework_can_be_imported(hooked: Hooked) -> None:
    """Frozen needs nothing to say what is missing."""
    hooked.run("from space.text import a")
    program = (
        f"{BLOCKED.format(blocked=set(MORE))}\nimport genloom\n"
        f"genloom.install_import_hook({hooked.space!r}, directory={str(hooked.folder)!r}, mode='frozen')\n"
        f"try:\n    from {hooked.space}.text import b\n"
        "except ModuleNotFoundError as error:\n    assert 'genloom.lock' in str(error)\n"
        "else:\n    raise AssertionError"
    )
    assert "genloom.interfaces.importer.modules.writing" not in loaded(program)
