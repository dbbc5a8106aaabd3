"""Tools that change files: what they change, and all that they leave alone."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.errors import StorageError, UsageError
from genloom.tools.coding import EditError, Workspace, coding_tools, replace_text, unified_diff
from genloom.tools.effects import effect_of

SOURCE = "def one():\n    return 1\n\n\ndef two():\n    return 2\n"

_ENDS = "\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
lines = st.lists(st.text(st.characters(codec="utf-8", exclude_characters=_ENDS)), max_size=12)


@given(lines, st.integers(0, 11), st.integers(1, 4), st.text(max_size=20))
def test_a_passage_that_stands_once_is_replaced_and_nothing_else(
    rows: list[str], start: int, size: int, new: str
) -> None:
    text = "".join(f"{place}:{row}\n" for place, row in enumerate(rows))
    kept = text.splitlines(keepends=True)
    old = "".join(kept[start : start + size])
    if old:
        assert replace_text(text, old, new) == "".join((*kept[:start], new, *kept[start + size :]))


def test_a_passage_that_stands_twice_is_not_replaced_unless_all_are() -> None:
    with pytest.raises(EditError, match="2 times, first in the lines 2, 6"):
        replace_text(SOURCE, "    return", "    yield")
    assert replace_text(SOURCE, "    return", "    yield", every=True).count("yield") == 2


def test_blanks_may_differ_and_the_new_text_takes_on_the_indentation() -> None:
    text = "class A:\n    def one(self):  \n        return 1\n"
    changed = replace_text(text, "def one(self):\n    return 1", "def one(self):\n    return 11")
    assert changed == "class A:\n    def one(self):\n        return 11\n"


def test_what_is_most_alike_is_replaced_when_it_is_so_clearly() -> None:
    text = "def total(items):\n    result = 0\n    for item in items:\n        result += item\n    return result\n"
    old = "    result = 0\n    for item in item:\n        result += item\n    return result\n"
    assert replace_text(text, old, "    return sum(items)\n") == "def total(items):\n    return sum(items)\n"


def test_two_passages_that_are_alike_are_told_apart_by_nobody() -> None:
    text = "value_1 = compute_total(1)\nother()\nvalue_2 = compute_total(2)\n"
    with pytest.raises(EditError, match="alike"):
        replace_text(text, "value_3 = compute_total(3)", "x")


def test_a_passage_that_is_not_there_is_told_with_the_likest_line() -> None:
    with pytest.raises(EditError, match="does not stand there") as error:
        replace_text(SOURCE, "def onee():\n    pass\n    more()\n    and_more()", "x")
    assert "Line 1" in error.value.message


def test_line_ends_are_kept() -> None:
    assert replace_text("a\r\nb\r\nc\r\n", "a\nb", "x\ny\nz") == "x\r\ny\r\nz\r\nc\r\n"


def test_a_difference_is_as_git_shows_it() -> None:
    assert unified_diff("a.py", "x = 1\n", "x = 2\n") == "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x = 1\n+x = 2\n"
    assert unified_diff("a.py", None, "x").startswith("--- /dev/null\n+++ b/a.py\n")
    assert unified_diff("a.py", None, "x").endswith("+x\n\\ No newline at end of file\n")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    (root / "src").mkdir()
    (root / "src" / "numbers.py").write_text(SOURCE)
    (root / ".gitignore").write_text("build/\n*.log\n")
    (root / "data.bin").write_bytes(b"\0\1")
    (root / ".env").write_text("KEY=1")
    (tmp_path / "outside.py").write_text("outside = 1\n")
    (root / "link.py").symlink_to(tmp_path / "outside.py")
    (root / "linked").symlink_to(tmp_path, target_is_directory=True)
    return root


def _tools(repository: Path) -> dict[str, Any]:
    return {tool.name: tool for tool in coding_tools(Workspace(repository))}


def _everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_file_is_created_edited_renamed_and_deleted(repository: Path) -> None:
    tools = _tools(repository)
    assert "+x = 1" in tools["create_file"].invoke({"path": "new/deep/a.py", "text": "x = 1\n"})
    (repository / "new/deep/a.py").chmod(0o750)
    edited = tools["edit_file"].invoke({"path": "new/deep/a.py", "old": "x = 1", "new": "x = 2"})
    assert "-x = 1\n+x = 2" in edited
    assert stat.S_IMODE((repository / "new/deep/a.py").stat().st_mode) == 0o750
    tools["rename_file"].invoke({"path": "new/deep/a.py", "to": "new/b.py"})
    assert (repository / "new/b.py").read_text() == "x = 2\n"
    assert not (repository / "new/deep/a.py").exists()
    assert "-x = 2" in asyncio.run(tools["delete_file"].ainvoke({"path": "new/b.py"}))
    assert not (repository / "new/b.py").exists()
    assert all(effect_of(tool) == "write" for tool in tools.values())


@pytest.mark.parametrize(
    "path",
    [
        "../outside.py",
        "/etc/passwd",
        "link.py",
        "linked/outside.py",
        ".git/config",
        ".env",
        "a.log",
        "build/x.py",
        "",
        ".",
    ],
)
def test_nothing_outside_or_hidden_or_ignored_is_touched(repository: Path, path: str) -> None:
    before = _everything(repository.parent)
    workspace = Workspace(repository)
    for call in (
        lambda: workspace.read(path),
        lambda: workspace.create(path, "x"),
        lambda: workspace.write(path, "x", before="outside = 1\n"),
        lambda: workspace.delete(path),
        lambda: workspace.rename("src/numbers.py", path),
    ):
        with pytest.raises((UsageError, StorageError)):
            call()
    assert _everything(repository.parent) == before


def test_what_cannot_be_done_is_told_and_changes_nothing(repository: Path) -> None:
    tools, before = _tools(repository), _everything(repository)
    told = [
        tools["create_file"].invoke({"path": "src/numbers.py", "text": "x"}),
        tools["edit_file"].invoke({"path": "src/numbers.py", "old": "return", "new": "x"}),
        tools["edit_file"].invoke({"path": "src/numbers.py", "old": "return 1", "new": "return 1"}),
        tools["edit_file"].invoke({"path": "data.bin", "old": "a", "new": "b"}),
        tools["rename_file"].invoke({"path": "none.py", "to": "b.py"}),
        tools["rename_file"].invoke({"path": "src/numbers.py", "to": "data.bin"}),
        tools["delete_file"].invoke({"path": "src"}),
        tools["create_file"].invoke({"path": "a.py", "text": "\ud800"}),
    ]
    assert all(each.startswith("Nothing was changed: ") for each in told)
    assert _everything(repository) == before


def test_a_file_that_changed_meanwhile_is_left_alone(repository: Path) -> None:
    workspace = Workspace(repository)
    before = workspace.read("src/numbers.py")
    (repository / "src" / "numbers.py").write_text("mine = 1\n")
    with pytest.raises(UsageError, match="has changed since it was read"):
        workspace.write("src/numbers.py", "x", before=before)
    assert (repository / "src" / "numbers.py").read_text() == "mine = 1\n"


def test_no_temporary_file_stays(repository: Path) -> None:
    workspace = Workspace(repository)
    workspace.create("a.py", "x")
    workspace.write("a.py", "y", before="x")
    assert not list(repository.rglob(".genloom-*"))


def test_a_secret_in_a_difference_is_not_shown(repository: Path) -> None:
    secret = "ghp_" + "a1B2c3D4" * 4 + "e5F6"
    told = _tools(repository)["create_file"].invoke({"path": "a.py", "text": f"token = '{secret}'\n"})
    assert secret not in told
    assert secret in (repository / "a.py").read_text()


def test_a_repository_that_is_not_there_and_a_tool_that_is_none() -> None:
    with pytest.raises(StorageError, match="There is no folder"):
        Workspace("/no/such/folder")
    with pytest.raises(UsageError, match="There is no tool"):
        coding_tools(Workspace("."), only=["fly"])  # type: ignore[list-item]
