"""Making an anchor package."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from genloom.errors import StorageError, UsageError
from genloom.interfaces.importer.library.anchor import make_anchor, package_root


def test_an_anchor_installs_the_hook_and_packages_above_are_made_once(tmp_path: Path) -> None:
    """What is there stays; what is missing is made; texts with quotes stay text."""
    (tmp_path / "myapp").mkdir()
    (tmp_path / "myapp" / "__init__.py").write_text("KEPT = 1\n")
    made = make_anchor("myapp.sub.gen", tmp_path, description='It\'s "text" \\ and\nmore', mode="auto")
    assert {path.relative_to(tmp_path).as_posix() for path in made.created} == {
        "myapp/sub/__init__.py",
        "myapp/sub/gen/__init__.py",
        "myapp/sub/gen/py.typed",
        "myapp/sub/gen/genloom.lock",
    }
    assert (tmp_path / "myapp" / "__init__.py").read_text() == "KEPT = 1\n"
    tree = ast.parse((made.directory / "__init__.py").read_text())
    call = tree.body[-1]
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    given = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.value.keywords}
    assert given == {"description": 'It\'s "text" \\ and\nmore', "mode": "auto"}


@pytest.mark.parametrize("name", ["", "my-app", "a..b", "a.class", "../x", "a/b", "json", "os.gen"])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    """Before anything is written."""
    with pytest.raises(UsageError):
        make_anchor(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_stands_there_is_never_overwritten(tmp_path: Path) -> None:
    """Neither a package of that name nor a module."""
    (tmp_path / "gen").mkdir()
    (tmp_path / "gen" / "mine.py").write_text("")
    with pytest.raises(StorageError, match="not empty"):
        make_anchor("gen", tmp_path)
    (tmp_path / "other.py").write_text("")
    with pytest.raises(StorageError, match="module of that name"):
        make_anchor("other", tmp_path)
    assert {path.name for path in tmp_path.rglob("*")} == {"gen", "mine.py", "other.py"}


def test_a_source_folder_is_found(tmp_path: Path) -> None:
    """`src` is where the package lies, or where packages lie at all."""
    assert package_root(tmp_path, "myapp.gen") == tmp_path
    (tmp_path / "src" / "myapp").mkdir(parents=True)
    assert package_root(tmp_path, "myapp.gen") == tmp_path / "src"
    assert package_root(tmp_path, "other.gen") == tmp_path
    (tmp_path / "src" / "myapp" / "__init__.py").write_text("")
    assert package_root(tmp_path, "other.gen") == tmp_path / "src"
