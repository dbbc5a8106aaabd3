"""House rules: policies as files, and what a repository's own may and may not do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.errors import UsageError
from genloom.state import GraphContext, ReviewPolicy
from genloom.tools.house_rules import find_house_rules, house_rules, policy_for, read_policy

WHOLE = """
granted = ["network"]
max_lines = 400
max_bytes = 40000
allowed_imports = ["json", "os.path"]
forbidden_imports = ["xml"]
forbidden_calls = ["os.getcwd", "random.*"]
allowed_licences = ["MIT", "BSD-*"]

[rules]
S301 = "reject"
"capability:files" = "note"

[at_least]
"S5*" = "review"
"""


def laid(folder: Path, text: str, name: str = ".genloom/policy.toml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_every_key_of_a_policy_can_stand_in_a_file(tmp_path: Path) -> None:
    """As its documentation shows them."""
    policy = read_policy(laid(tmp_path, WHOLE))
    assert policy.model_fields_set == set(ReviewPolicy.model_fields)
    assert (policy.granted, policy.max_lines, policy.rules["S301"]) == (("network",), 400, "reject")
    assert policy.forbidden_calls == ("os.getcwd", "random")


def test_a_project_file_holds_a_policy_in_its_table(tmp_path: Path) -> None:
    """The same keys below `[tool.genloom.review]`."""
    text = (
        "[project]\nname = 'x'\n\n[tool.genloom.review]\nmax_lines = 7\n\n[tool.genloom.review.rules]\nS301 = 'note'\n"
    )
    assert read_policy(laid(tmp_path, text, "pyproject.toml")) == ReviewPolicy(max_lines=7, rules={"S301": "note"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("max_lines = 0", "`max_lines`"),
        ("max_lines = 'x'", "`max_lines`"),
        ("max_line = 5", "`max_line` is no key"),
        ("granted = ['telepathy']", "`granted.0`"),
        ("[rules]\nS301 = 'ignore'", "`rules.S301`"),
        ("[rules]\n'capability:file' = 'note'", "'capability:file' is no rule"),
        ("forbidden_calls = ['os.system(']", "`forbidden_calls.0`"),
        ("max_lines = ", "is not TOML"),
        ("\ufeffmax_lines = [", "is not TOML"),
        ("x = " + "[" * 100_000, "is not TOML"),
        ("# " + "x" * 200_000, "larger than"),
    ],
)
def test_a_file_that_cannot_be_used_names_itself_and_the_key(tmp_path: Path, text: str, words: str) -> None:
    """Whoever reads the message knows where to look, for a file that was named and for a repository's alike."""
    path = laid(tmp_path, text)
    for read in (lambda: read_policy(path), lambda: house_rules(tmp_path, ReviewPolicy())):
        with pytest.raises(UsageError) as caught:
            read()
        assert str(path) in caught.value.message
        assert words in caught.value.message
        assert caught.value.hint


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "latin-1", "no table"])
def test_what_is_no_policy_is_told(tmp_path: Path, kind: str) -> None:
    """Nothing waits for a writer, and a file that says nothing is not taken for one that does."""
    path = tmp_path / ("pyproject.toml" if kind == "no table" else "policy.toml")
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "latin-1":
        path.write_bytes(b"# \xff\n")
    elif kind == "no table":
        path.write_text("[tool.other]\nx = 1\n")
    with pytest.raises(UsageError, match=r"policy|table"):
        read_policy(path)


def test_a_repository_tightens(tmp_path: Path) -> None:
    """Its bounds, forbidden names and stricter rules hold beside the user's."""
    laid(tmp_path, "max_lines = 10\nforbidden_imports = ['xml']\n[rules]\nS301 = 'reject'\n")
    laid(tmp_path, "[tool.genloom.review]\nforbidden_calls = ['print']\n", "pyproject.toml")
    policy, remarks = house_rules(tmp_path, ReviewPolicy(forbidden_imports=("csv",), rules={"S301": "note"}))
    assert (policy.max_lines, policy.forbidden_imports, policy.forbidden_calls) == (10, ("csv", "xml"), ("print",))
    assert policy.at_least == {"S301": "reject"}
    assert remarks == ()


def test_a_repository_cannot_loosen_and_is_told_so(tmp_path: Path) -> None:
    """A hostile one would grant itself everything: only a file that the user names may."""
    path = laid(tmp_path, WHOLE.replace("max_lines = 400", "max_lines = 90000"))
    policy, (remark,) = house_rules(tmp_path, ReviewPolicy())
    assert policy.granted == ()
    assert policy.rules == {}
    assert policy.max_lines == ReviewPolicy().max_lines
    assert "granted, rules.capability:files, max_lines" in remark
    assert f"--policy {path}" in remark
    assert house_rules(tmp_path, read_policy(path)) == (read_policy(path), ())


@pytest.mark.parametrize("text", ["", "[tool.other]\nx = 1\n", "not toml at all [", "[tool]\ngenloom = 3\n"])
def test_a_project_file_of_no_concern_is_left_alone(tmp_path: Path, text: str) -> None:
    """A repository without rules has none, whatever else is wrong with its files."""
    laid(tmp_path, text, "pyproject.toml")
    assert house_rules(tmp_path, ReviewPolicy()) == (ReviewPolicy(), ())


def test_a_link_out_of_the_repository_is_not_followed(tmp_path: Path) -> None:
    """Neither the text behind it comes back nor whether there is a file: the repository may be anybody's."""
    secret = tmp_path / "secret"
    secret.write_text('team_key = "hunter22"\n')
    own = tmp_path / "r" / ".genloom" / "policy.toml"
    own.parent.mkdir(parents=True)
    told = []
    for target in (secret, tmp_path / "no-such-file", Path("../../secret")):
        own.unlink(missing_ok=True)
        own.symlink_to(target)
        with pytest.raises(UsageError, match="leads out of the repository") as caught:
            house_rules(tmp_path / "r", ReviewPolicy())
        told.append(caught.value.message)
    assert len(set(told)) == 1
    own.unlink()
    own.parent.rmdir()
    own.parent.symlink_to(tmp_path)
    secret.rename(tmp_path / "policy.toml")
    with pytest.raises(UsageError, match="leads out of the repository"):
        house_rules(tmp_path / "r", ReviewPolicy())


def test_a_project_file_that_leads_out_of_the_repository_is_left_alone(tmp_path: Path) -> None:
    """Shared project files are common, and what is in them is not the repository's to say."""
    laid(tmp_path, "[tool.genloom.review]\nmax_line = 10\n", "shared.toml")
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "pyproject.toml").symlink_to("../shared.toml")
    assert house_rules(tmp_path / "r", ReviewPolicy()) == (ReviewPolicy(), ())


def test_a_link_inside_the_repository_is_followed(tmp_path: Path) -> None:
    """Whatever it is called by."""
    laid(tmp_path / "r", "max_lines = 10\n", "rules/house.toml")
    (tmp_path / "r" / ".genloom").mkdir()
    (tmp_path / "r" / ".genloom" / "policy.toml").symlink_to("../rules/house.toml")
    (tmp_path / "other-name").symlink_to("r")
    assert house_rules(tmp_path / "other-name", ReviewPolicy())[0].max_lines == 10


def test_links_in_a_circle_are_told(tmp_path: Path) -> None:
    """As what cannot be read."""
    (tmp_path / ".genloom").mkdir()
    (tmp_path / ".genloom" / "policy.toml").symlink_to("policy.toml")
    with pytest.raises(UsageError, match="policy"):
        house_rules(tmp_path, ReviewPolicy())


@pytest.mark.parametrize("text", ["max_line = 3\n", "max_lines = 90000\n"])
def test_a_run_s_messages_do_not_say_where_the_repository_lies(tmp_path: Path, text: str) -> None:
    """Whoever asked for the run may be elsewhere."""
    laid(tmp_path, text)
    try:
        told = " ".join(policy_for(GraphContext(repository=str(tmp_path)))[1])
    except UsageError as error:
        told = f"{error.message} {error.hint}"
    assert ".genloom/policy.toml" in told
    assert str(tmp_path) not in told


def test_the_rules_of_a_run_are_those_of_its_repository(tmp_path: Path) -> None:
    """Without a repository, the context's own alone."""
    laid(tmp_path, "max_lines = 10")
    mine = ReviewPolicy(max_lines=20)
    assert policy_for(GraphContext(policy=mine)) == (mine, ())
    assert policy_for(GraphContext(policy=mine, repository=str(tmp_path)))[0].max_lines == 10


def test_the_nearest_root_has_the_rules(tmp_path: Path) -> None:
    """From a file or a folder upwards; without any root, the folder itself."""
    (tmp_path / "outer" / ".git").mkdir(parents=True)
    (tmp_path / "outer" / "src" / "deep").mkdir(parents=True)
    laid(tmp_path / "outer", "x = 1\n", "src/deep/m.py")
    assert find_house_rules(tmp_path / "outer" / "src" / "deep" / "m.py") == tmp_path / "outer"
    laid(tmp_path / "outer" / "src", "max_lines = 5")
    assert find_house_rules(tmp_path / "outer" / "src" / "deep") == tmp_path / "outer" / "src"


@given(st.text(max_size=60))
def test_any_text_is_a_policy_or_a_usage_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Nothing else comes out."""
    path = tmp_path_factory.mktemp("policy") / "policy.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        told = str(path) if isinstance(read_policy(path), ReviewPolicy) else ""
    except UsageError as error:
        told = error.message
    assert str(path) in told
