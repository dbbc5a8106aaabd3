"""Past commits: which files they speak of, read from git within bounds and without running what a repository configures."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from genloom.tools.codebase import Codebase, RankingWeights
from genloom.tools.codebase.history import history
from genloom.tools.codebase.history.commits import Commit, read_commits
from genloom.tools.codebase.history.head import checked_out

ENVIRONMENT = {
    **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
    **{f"GIT_{who}_{what}": "nobody@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    "GIT_CONFIG_NOSYSTEM": "1",
}


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _commit(root: Path, subject: str, **files: str) -> str:
    for name, text in files.items():
        (root / f"{name}.py").write_text(text)
    _git(root, "add", "-A")
    _git(root, "commit", "-q", "--allow-empty", "-m", subject)
    return _git(root, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two files that look alike; a commit that speaks of one of them."""
    root = tmp_path / "repository"
    root.mkdir()
    _git(root, "init", "-q", "-b", "main")
    _commit(root, "Start", alpha="def run(): return 1\n", beta="def run(): return 1\n", gamma="def run(): return 1\n")
    _commit(root, "Retry when the proxy is slow", beta="def run(): return 2\n")
    return root


def _paths(codebase: Codebase, query: str, weights: RankingWeights | None = None) -> list[str]:
    return [file.path for file in codebase.rank(query, weights=weights).files]


def test_a_commit_with_the_querys_words_leads_to_what_it_touched(repository: Path) -> None:
    """The code itself says nothing of them, and the reason names the commit and the words."""
    codebase = Codebase(repository)
    (found,) = codebase.rank("slow proxies").files
    sha = _git(repository, "rev-parse", "HEAD")
    assert found.path == "beta.py"
    assert found.reasons == (f"commit {sha[:7]} touched it with these words: `proxies`, `slow`",)


def test_history_can_be_switched_off(repository: Path) -> None:
    """Then nothing is found."""
    off = replace(RankingWeights(), history=0.0)
    assert _paths(Codebase(repository), "slow proxies", off) == []


def test_later_commits_are_added_and_those_left_behind_forgotten(repository: Path, tmp_path: Path) -> None:
    """A checkout of an older or another commit knows its own ancestors alone, in one index."""
    codebase = Codebase(repository, cache=tmp_path / "cache")
    assert _paths(codebase, "slow proxies") == ["beta.py"]
    _commit(repository, "Zeppelins land softly", gamma="def run(): return 3\n")
    codebase.refresh()
    assert (_paths(codebase, "slow proxies"), _paths(codebase, "zeppelin")) == (["beta.py"], ["gamma.py"])
    _git(repository, "checkout", "-q", "HEAD~1")
    codebase.refresh()
    assert (_paths(codebase, "slow proxies"), _paths(codebase, "zeppelin")) == (["beta.py"], [])
    _git(repository, "checkout", "-q", "HEAD~1")
    codebase.refresh()
    assert _paths(codebase, "slow proxies") == []


def test_secrets_in_a_commits_message_are_not_indexed(repository: Path, tmp_path: Path) -> None:
    """Nor are its words."""
    token = "gh" + "p_" + "Zq81" * 9
    _commit(repository, f"Use {token} for zeppelins", alpha="def run(): return 4\n")
    codebase = Codebase(repository, cache=tmp_path / "cache")
    assert _paths(codebase, "zeppelins") == ["alpha.py"]
    codebase.close()
    assert all(b"zq81zq81" not in path.read_bytes().lower() for path in (tmp_path / "cache").rglob("*.sqlite*"))


def test_nothing_that_the_repository_configures_is_run(repository: Path, tmp_path: Path) -> None:
    """No hook, monitor, pager, external diff or program that checks signatures."""
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
    trap.chmod(0o755)
    for name in ("core.fsmonitor", "core.pager", "pager.log", "diff.external", "gpg.program", "core.sshCommand"):
        _git(repository, "config", name, str(trap))
    _git(repository, "config", "log.showSignature", "true")
    _git(repository, "config", "diff.trap.textconv", str(trap))
    (repository / ".gitattributes").write_text("*.py diff=trap\n")
    assert _paths(Codebase(repository), "slow proxies") == ["beta.py"]
    assert not (tmp_path / "ran").exists()


def test_a_signed_commit_is_not_checked(repository: Path, tmp_path: Path) -> None:
    """Its signature would start the program that the repository names."""
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
    trap.chmod(0o755)
    plain = _git(repository, "cat-file", "commit", "HEAD")
    head, _, message = plain.partition("\n\n")
    signed = f"{head}\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n{message}\n"
    made = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin"],
        cwd=repository,
        input=signed,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    _git(repository, "update-ref", "refs/heads/main", made)
    _git(repository, "config", "gpg.program", str(trap))
    _git(repository, "config", "log.showSignature", "true")
    assert _paths(Codebase(repository), "slow proxies") == ["beta.py"]
    assert not (tmp_path / "ran").exists()


def test_the_commit_that_is_checked_out_is_read_without_git(repository: Path, tmp_path: Path) -> None:
    """On a branch, detached, with packed refs, and in a linked worktree."""
    sha = _git(repository, "rev-parse", "HEAD")
    assert checked_out(repository) == sha
    _git(repository, "pack-refs", "--all")
    assert checked_out(repository) == sha
    _git(repository, "worktree", "add", "-q", str(tmp_path / "linked"), "-b", "other")
    assert checked_out(tmp_path / "linked") == sha
    _git(repository, "checkout", "-q", "--detach")
    assert checked_out(repository) == sha


@pytest.mark.parametrize("head", ["", "ref: refs/../../outside", "ref: /etc/passwd", "ref: refs/heads/none", "g" * 40])
def test_a_broken_head_is_no_history(tmp_path: Path, head: str) -> None:
    """Whatever stands in it, nothing outside is read and the code is ranked."""
    (tmp_path / "repository/.git").mkdir(parents=True)
    (tmp_path / "repository/.git/HEAD").write_text(head)
    (tmp_path / "outside").write_text("a" * 40)
    (tmp_path / "repository/a.py").write_text("def slow(): ...\n")
    assert checked_out(tmp_path / "repository") is None
    assert _paths(Codebase(tmp_path / "repository"), "slow") == ["a.py"]


def test_a_repository_that_git_refuses_is_asked_again_later(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not at each refresh, but after a while, or after the next commit: one failure loses no history for good."""
    codebase = Codebase(repository, cache=tmp_path / "cache")
    git = shutil.which("git")
    assert git
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert codebase.refresh().no_history == "git cannot be run: No such file or directory."
    monkeypatch.setenv("PATH", str(Path(git).parent))
    assert codebase.refresh().no_history == "git cannot be run: No such file or directory."
    assert _paths(codebase, "slow proxies") == []
    monkeypatch.setattr(history, "RETRY_NS", 0)
    report = codebase.refresh()
    assert (report.commits, report.no_history) == (2, "")
    assert _paths(codebase, "slow proxies") == ["beta.py"]


def test_a_failure_after_a_commit_leaves_no_gap(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was known before it is read again once git answers."""
    codebase = Codebase(repository, cache=tmp_path / "cache")
    assert codebase.refresh().commits == 2
    _commit(repository, "Zeppelins land softly", gamma="def run(): return 3\n")
    with monkeypatch.context() as patched:
        patched.setenv("PATH", str(tmp_path / "nothing"))
        assert codebase.refresh().commits == 0
    _commit(repository, "Zeppelins rise", gamma="def run(): return 4\n")
    assert codebase.refresh().commits == 4


def test_two_that_refresh_at_once_count_each_commit_once(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second finds the work done when its turn to write comes."""
    first, second = (Codebase(repository, cache=tmp_path / "cache") for _ in range(2))

    def slowly(root: Path, head: str, since: str | None = None) -> list[Commit] | None:
        monkeypatch.setattr(history, "read_commits", read_commits)
        assert second.refresh().commits == 2
        return read_commits(root, head, since)

    monkeypatch.setattr(history, "read_commits", slowly)
    assert first.refresh().commits == 2


def test_the_deadline_holds_for_the_history_too(repository: Path, tmp_path: Path) -> None:
    """Another process that writes is waited for until then, and git is not asked after it; the next refresh goes on."""
    codebase = Codebase(repository, cache=tmp_path / "cache")
    assert codebase.refresh().commits == 2
    for path in repository.glob("*.py"):  # so old that nothing else is to be written
        os.utime(path, (1, 1))
    codebase.refresh()
    _commit(repository, "Say what a proxy is")
    (file,) = (tmp_path / "cache/index").glob("*.sqlite")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    report = codebase.refresh(deadline=time.monotonic() + 0.5)
    assert (report.commits, report.complete) == (2, False)
    other.execute("ROLLBACK")
    report = codebase.refresh()
    assert (report.files, report.complete) == (3, True)


def test_a_head_that_no_object_backs_is_told(tmp_path: Path) -> None:
    """The code is ranked without a history, and the report says why."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/HEAD").write_text("a" * 40)
    (tmp_path / "a.py").write_text("def slow(): ...\n")
    codebase = Codebase(tmp_path)
    report = codebase.refresh()
    assert report.commits == 0
    assert report.no_history.startswith("git log failed: not a git repository")
    assert _paths(codebase, "slow") == ["a.py"]


@pytest.mark.parametrize("name", ["fix/#12", "a=b", "50%", "a,b", "(c)", "!d", "ü/é", "x@y", "$z'"])
def test_a_branch_may_have_any_name_that_git_allows(repository: Path, name: str) -> None:
    """Also when its ref is packed."""
    _git(repository, "checkout", "-q", "-b", name)
    sha = _git(repository, "rev-parse", "HEAD")
    assert checked_out(repository) == sha
    _git(repository, "pack-refs", "--all")
    assert checked_out(repository) == sha


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a repository to another user")
def test_another_users_repository_is_read_when_this_user_trusts_it(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By git's own setting `safe.directory`, and else the report says that git refuses."""
    for path in (repository, *repository.rglob("*")):
        os.chown(path, 12345, 12345)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert "dubious ownership" in Codebase(repository).refresh().no_history
    (tmp_path / ".gitconfig").write_text(f"[safe]\n\tdirectory = {repository}\n")
    assert Codebase(repository).refresh().commits == 2


def test_a_folder_below_a_repository_has_no_history(repository: Path) -> None:
    """Its paths are others; git is not asked about what lies around the root."""
    below = repository / "below"
    below.mkdir()
    (below / "beta.py").write_text("def run(): return 1\n")
    assert checked_out(below) is None
    assert _paths(Codebase(below), "slow proxies") == []
