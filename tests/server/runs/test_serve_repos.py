"""`genloom serve repos` at the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from genloom.interfaces.cli.main import run


def genloom(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        run(["serve", "repos", *arguments])
    told = capsys.readouterr()
    return ended.value.code, told.out, told.err


def test_a_repository_is_added_listed_and_removed(
    capsys: pytest.CaptureFixture[str], project: Path, home: Path
) -> None:
    code, out, err = genloom(capsys, "add", str(project), "--name", "team/project")
    assert (code, out) == (0, "1\n"), err
    code, out, _ = genloom(capsys, "list", "--json")
    (repo,) = json.loads(out)["repos"]
    assert (repo["full_name"], repo["name"], repo["default_branch"]) == ("team/project", "project", "main")
    (mirror,) = (path for path in (home / "serve" / "repos").iterdir() if path.is_dir())
    assert (mirror / "HEAD").exists()
    assert genloom(capsys, "add", str(project))[0] == 2
    assert genloom(capsys, "remove", "1")[0] == 0
    assert not mirror.exists()
    assert project.exists()
    assert genloom(capsys, "remove", "1")[0] == 2
    assert "no repositories" in genloom(capsys, "list")[1]


@pytest.mark.parametrize("source", ["/no/such/folder", "https://u:password-x@example.org/a", "ext::sh"])
def test_what_is_no_repository_is_refused_with_a_hint(capsys: pytest.CaptureFixture[str], source: str) -> None:
    code, out, err = genloom(capsys, "add", source)
    assert (code, out) == (2, "")
    assert "password-x" not in err
    assert len(err.splitlines()) >= 2


def test_a_folder_without_git_is_not_registered(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert genloom(capsys, "add", str(tmp_path))[0] == 2
    assert "no repositories" in genloom(capsys, "list")[1]
