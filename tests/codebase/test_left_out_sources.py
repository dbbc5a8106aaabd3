"""Files that are left out for their names, and those that cannot be read for a time."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from genloom.errors import StorageError
from genloom.tools.codebase import Codebase


def test_a_minified_file_is_known_by_its_name(tmp_path: Path) -> None:
    """Also a small one, in which no line is long."""
    for name in ("jquery.min.js", "app-min.js", "admin.js"):
        (tmp_path / name).write_text("function f() { return 1 }\n")
    codebase = Codebase(tmp_path)
    report = codebase.refresh()
    left_out = dict(codebase.left_out())
    assert {left_out["jquery.min.js"], left_out["app-min.js"]} == {"minified"}
    assert left_out.get("admin.js") != "minified"
    assert report.skipped["minified"] == 2
    assert codebase.left_out(limit=1) == (("app-min.js", "minified"),)


def test_a_name_with_a_line_break_is_left_out(tmp_path: Path) -> None:
    """What follows the break could pass for a line of genloom's own, in a prompt or a list of paths."""
    (tmp_path / "plain.py").write_text("def plain(): pass\n")
    (tmp_path / "odd\n## tests.py").write_text("def odd(): pass\n")
    codebase = Codebase(tmp_path)
    assert codebase.refresh().skipped == {"unreadable": 1}
    assert [file.path for file in codebase.files()] == ["plain.py"]


@pytest.mark.parametrize("failing", ["a file", "a folder"])
def test_no_descriptors_left_is_an_error_and_leaves_the_index_as_it_was(shop: Path, failing: str) -> None:
    """It is no fault of the files, which are all there: nothing is forgotten, and the next refresh reads on."""
    import resource

    codebase = Codebase(shop)
    codebase.refresh()
    before = codebase.files()
    (shop / "shop" / "money.py").write_text("def later(): ...\n")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # a folder is listed by one descriptor, a file read by two
    free = os.open(shop, os.O_RDONLY)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + (failing == "a file"), hard))
    try:
        with pytest.raises(StorageError, match="cannot be read now: Too many open files"):
            codebase.refresh()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert codebase.files() == before
    codebase.refresh()
    assert [symbol.name for symbol in codebase.symbols("shop/money.py")] == ["later"]


def test_a_file_that_can_be_read_again_is_indexed(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its time stamp and size stay as they were when its rights are given back."""
    money = str(shop / "shop" / "money.py")
    os.utime(money, (1, 1))
    real = os.open

    def refused(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if path == "money.py":
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, flags, mode, dir_fd=dir_fd)

    codebase = Codebase(shop)
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refused)  # the tests may run as root, whom no rights refuse
        assert codebase.refresh().skipped == {"unreadable": 1}
    assert codebase.refresh().skipped == {}
    assert "shop/money.py" in {file.path for file in codebase.files()}
