"""Files that are left out for their names."""

from __future__ import annotations

from pathlib import Path

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
