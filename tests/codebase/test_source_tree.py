"""The tree holds the repository's own source and nothing from outside."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genloom.tools.codebase import Codebase
from genloom.tools.codebase.files import ignore_rules, tree
from genloom.tools.codebase.files.ignore_rules import IgnoreRules
from genloom.tools.codebase.files.source import read_inside
from genloom.tools.codebase.files.tree import SourceTree


def _write(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("x = 1\n")


def _paths(root: Path) -> set[str]:
    return {found.path for found in SourceTree(root).files()}


def _walked(root: Path) -> SourceTree:
    walk = SourceTree(root)
    assert list(walk.files())
    return walk


def test_ignore_files_count_where_they_stand(tmp_path: Path) -> None:
    """Nested rules add to and override the outer ones, and anchor at their own folder."""
    _write(tmp_path, "a.py", "gen/b.py", "pkg/gen/c.py", "pkg/keep_gen.py", "pkg/x_gen.py", "pkg/sub/top.py", "top.py")
    (tmp_path / ".gitignore").write_text("# comment\n*_gen.py\n/gen/\n/top.py\n\\\n")
    (tmp_path / "pkg/.gitignore").write_text("!keep_gen.py\n")
    assert _paths(tmp_path) == {"a.py", "pkg/gen/c.py", "pkg/keep_gen.py", "pkg/sub/top.py"}


def test_the_repositorys_private_excludes_count(tmp_path: Path) -> None:
    """`.git/info/exclude` is honoured."""
    _write(tmp_path, "a.py", "b.py", ".git/hooks/c.py")
    (tmp_path / ".git/info").mkdir()
    (tmp_path / ".git/info/exclude").write_text("b.py\n")
    assert _paths(tmp_path) == {"a.py"}


def test_environments_packages_and_builds_are_skipped(tmp_path: Path) -> None:
    """A `build` folder that is a package is source."""
    _write(
        tmp_path,
        ".venv/a.py",
        "my-env/b.py",
        "node_modules/c.py",
        "build/d.py",
        "src/build/e.py",
        "x.egg-info/f.py",
        "g.py",
    )
    _write(tmp_path, "my-env/pyvenv.cfg", "src/build/__init__.py")
    assert _paths(tmp_path) == {"g.py", "src/build/e.py", "src/build/__init__.py"}


def test_links_are_not_followed(tmp_path: Path) -> None:
    """Neither to a file or folder outside, nor in a circle."""
    root = tmp_path / "root"
    _write(tmp_path, "outside/secret.py", "root/a.py")
    (root / "link.py").symlink_to(tmp_path / "outside/secret.py")
    (root / "folder").symlink_to(tmp_path / "outside")
    (root / "circle").symlink_to(root)
    assert _paths(root) == {"a.py"}


@pytest.mark.parametrize(
    "path", ["../outside.py", "/etc/passwd", "folder/secret.py", "link.py", "", "a\0b", "a/../../outside.py"]
)
def test_reading_cannot_leave_the_root(tmp_path: Path, path: str) -> None:
    """Whatever a reference from elsewhere says."""
    root = tmp_path / "root"
    _write(tmp_path, "outside.py", "out/secret.py", "root/a.py")
    (root / "folder").symlink_to(tmp_path / "out")
    (root / "link.py").symlink_to(tmp_path / "outside.py")
    assert read_inside(root, path) == "link"
    assert read_inside(root, "a.py") == b"x = 1\n"


@pytest.mark.skipif(shutil.which("git") is None, reason="compares with git, which is not installed")
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rules=st.lists(
        st.sampled_from(["a.py", "/a.py", "b/", "!b/a.py", "**/c/*.py", "c/", "!a.py", "?.py", "b/c", "*.py", "!c/"]),
        max_size=4,
    ),
    nested=st.lists(st.sampled_from(["!a.py", "a.py", "c/", "/c", "!*.py"]), max_size=2),
)
def test_ignoring_agrees_with_git(
    tmp_path_factory: pytest.TempPathFactory, rules: list[str], nested: list[str]
) -> None:
    """The same files as `git ls-files` finds."""
    root = tmp_path_factory.mktemp("tree")
    _write(root, "a.py", "d.py", "b/a.py", "b/d.py", "b/c/a.py", "c/a.py", "c/c/d.py")
    (root / ".gitignore").write_text("\n".join(rules))
    (root / "b/.gitignore").write_text("\n".join(nested))
    environment = {"PATH": os.environ["PATH"], "HOME": str(root), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "init", "-q", str(root)], check=True, env=environment)
    command = ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "*.py"]
    listed = subprocess.run(command, check=True, env=environment, capture_output=True, text=True).stdout
    assert _paths(root) == set(listed.split())


_PATHS = (
    "a",
    "ab",
    "b",
    "a b",
    "a*",
    "[a]",
    "-",
    "!a",
    "#a",
    "a.b",
    "c/a",
    "c/ab",
    "c/c/a",
    "c/a b",
    "d/c/b/a",
    "d/b.a",
    "]",
    "^",
)
_PATTERN = st.one_of(
    st.text(st.sampled_from("ab*?[]!^-\\/. #c"), min_size=1, max_size=8),
    st.lists(st.sampled_from(["**", "*", "a", "b", "c", "?", "[ab]", "[!a]", "*b", "a*"]), min_size=1, max_size=4).map(
        "/".join
    ),
    st.sampled_from(
        ["[[:alpha:]]", "[[:punct:]]b", "[]]", "[!]]", "[a-c]*", "[^-]", "a\\ b", "/c/**", "d/**/a", "c/", "*/", "**/"]
    ),
).filter(lambda rule: not re.search(r"\[.*/", rule))  # a set with a slash, which nobody writes, is none here


@pytest.fixture(scope="module")
def git_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with files of odd names."""
    if shutil.which("git") is None:
        pytest.skip("compares with git, which is not installed")
    root = tmp_path_factory.mktemp("odd")
    for path in _PATHS:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("")
    subprocess.run(["git", "init", "-q", str(root)], check=True, env={**os.environ, "HOME": str(root)})
    return root


@settings(max_examples=60, deadline=None)
@given(rules=st.lists(_PATTERN, min_size=1, max_size=3), negated=st.booleans())
def test_any_rule_means_what_it_means_to_git(git_tree: Path, rules: list[str], negated: bool) -> None:
    """Stars, sets, escapes, anchors, blanks at the end, and what is no pattern at all."""
    text = "\n".join(["*", *(f"!{rule}" for rule in rules)] if negated else rules)
    (git_tree / ".gitignore").write_text(text)
    command = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(git_tree), "GIT_CONFIG_NOSYSTEM": "1"}
    listed = subprocess.run(command, cwd=git_tree, env=environment, check=True, capture_output=True, text=True).stdout
    found = {file.path for file in SourceTree(git_tree, suffixes=("",)).files()}
    assert found - {".gitignore"} == {path for path in listed.split("\0") if path} - {".gitignore"}


def test_a_mark_of_byte_order_and_other_line_breaks_belong_to_no_rule(tmp_path: Path) -> None:
    """Rules end at a line feed alone, and the carriage return before it; the mark is no part of the first one."""
    _write(tmp_path, "a.py", "b.py", "c.py", "x.py")
    (tmp_path / ".gitignore").write_bytes(b"\xef\xbb\xbfa.py\r\nz\x0cb.py\nz\xe2\x80\xa8c.py\n")
    assert _paths(tmp_path) == {"b.py", "c.py", "x.py"}


def test_excludes_behind_a_link_are_not_read(tmp_path: Path) -> None:
    """Neither the file nor the folder may be one."""
    root = tmp_path / "root"
    _write(tmp_path, "root/a.py", "root/.git/HEAD")
    (tmp_path / "info").mkdir()
    (tmp_path / "info/exclude").write_text("a.py\n")
    (root / ".git/info").symlink_to(tmp_path / "info")
    assert _paths(root) == {"a.py"}


def test_what_a_trees_ignore_rules_cost_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a file the first rules count; a tree with more than are read says so."""
    rules = IgnoreRules("first.py\n" + ("*a" * 1900 + "\n") * 125 + "last.py\n")
    assert (rules.say("first.py"), rules.say("last.py")) == (True, None)
    assert rules.weight < 2 * ignore_rules.MAX_WEIGHT
    heavy = "*.tmp\n" * 50
    _write(tmp_path, *(f"{folder}/a.py" for folder in "bcd"), "b/c/d/a.py")
    for folder in ("b", "b/c", "b/c/d", "c", "d"):
        (tmp_path / folder / ".gitignore").write_text(heavy)
    assert not _walked(tmp_path).truncated
    with monkeypatch.context() as patched:
        patched.setattr(tree, "MAX_IN_EFFECT", 200)  # the three that count in one folder weigh 300
        assert _walked(tmp_path).truncated
    with monkeypatch.context() as patched:
        patched.setattr(tree, "MAX_WEIGHT", 400)  # the five weigh 500
        assert _walked(tmp_path).truncated


def test_a_walk_ends_at_its_deadline_and_nothing_is_taken_for_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that it did not come to stay in the index."""
    _write(tmp_path, *(f"b{number}/a.py" for number in range(9)))
    codebase = Codebase(tmp_path)
    assert codebase.refresh().files == 9
    now = iter(range(100))
    with monkeypatch.context() as patched:
        patched.setattr(tree, "time", SimpleNamespace(monotonic=lambda: next(now)))
        late = SourceTree(tmp_path, deadline=4.5)
        assert 0 < len(list(late.files())) < 9
        assert late.late
    report = codebase.refresh(deadline=time.monotonic() - 1)
    assert (report.files, report.removed, report.complete) == (9, 0, False)
    assert codebase.refresh().complete


@pytest.mark.parametrize(
    "rule",
    [
        "*a" * 40 + "b",
        "**/" + "*a*/" * 30 + "b",
        "[a]*" * 40 + "b",
        "**/a/" * 40 + "b",
        "?*" * 60 + "b",
        " a" * 1900 + " ",
    ],
)
def test_a_rule_that_was_made_to_try_all_ways_is_bounded(rule: str) -> None:
    """A hang shows as the suite's own time limit."""
    rules = IgnoreRules(rule)
    for path in ("a" * 200, "/".join("a" * 200), " a" * 100, "aaaa/" * 40):
        assert rules.say(path) is None
