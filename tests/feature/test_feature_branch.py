"""The branch of a feature in git: what is begun, restored, committed and applied, and what the repository has of it."""

from __future__ import annotations

import errno
import shlex
from collections.abc import Mapping
from pathlib import Path

import pytest
from feature_repository import DOUBLED, PRICES, git, make_repository, standing

from genloom.errors import RepositoryError
from genloom.nodes.feature.result import feature_result
from genloom.tools.scm.feature_branch import BranchWork, ChangedFile
from genloom.tools.scm.working_copy import change_files, uncommitted_files


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "shop")


async def _begun(repository: Path, tmp_path: Path, base: str | None = None) -> BranchWork:
    return await BranchWork.begin(tmp_path / "home", str(repository), "genloom/doubled-1", base)


async def _committed(repository: Path, tmp_path: Path) -> BranchWork:
    work = await _begun(repository, tmp_path)
    (work.worktree / "prices.py").write_text(DOUBLED)
    (work.worktree / "new ü.txt").write_text("new\n")
    return BranchWork(await BranchWork(await work.snapshot()).commit("doubled"))


async def test_a_branch_is_begun_worked_on_and_committed_with_the_repository_as_it_was(
    repository: Path, tmp_path: Path
) -> None:
    before = standing(repository)
    work = await _committed(repository, tmp_path)
    assert work.branch.head != work.branch.base == before["head"]
    assert await work.changed(work.branch.base) == (
        ChangedFile("new ü.txt", "added"),
        ChangedFile("prices.py", "modified"),
    )
    assert "+def doubled" in await work.difference(work.branch.base, secrets=())
    assert await work.text(work.branch.base, "prices.py") == PRICES
    assert git(work.worktree, "status", "--porcelain") == ""
    await work.close(forget=False)
    assert not work.worktree.exists()
    assert standing(repository) == before


async def test_what_a_stopped_step_left_is_gone_when_the_worktree_is_restored(repository: Path, tmp_path: Path) -> None:
    """Changed, added, deleted and ignored files; git's lock; or the whole worktree."""
    work = await _committed(repository, tmp_path)
    (work.worktree / "prices.py").write_text("broken")
    (work.worktree / "README.md").unlink()
    (work.worktree / "half").mkdir()
    (work.worktree / "half" / "done.py").write_text("x = 1\n")
    (work.worktree / ".gitignore").write_text("*.log\n")
    (work.worktree / "a.log").write_text("left\n")
    git(work.worktree, "add", "half")
    lock = Path(git(work.worktree, "rev-parse", "--absolute-git-dir")) / "index.lock"
    lock.touch()
    for _ in range(2):
        await work.restore()
        names = sorted(path.name for path in work.worktree.iterdir())
        assert names == [".git", "README.md", "new ü.txt", "prices.py", "test_prices.py"]
        assert (work.worktree / "prices.py").read_text() == DOUBLED
        assert git(work.worktree, "status", "--porcelain") == ""
        assert git(work.worktree, "branch", "--show-current") == "genloom/doubled-1"
        await work.close(forget=False)


async def test_a_recorded_attempt_is_restored_on_top_of_the_last_commit(repository: Path, tmp_path: Path) -> None:
    work = await _committed(repository, tmp_path)
    (work.worktree / "README.md").write_text("# Half\n")
    attempt = BranchWork(await work.snapshot())
    (work.worktree / "README.md").write_text("later\n")
    await attempt.restore()
    assert (work.worktree / "README.md").read_text() == "# Half\n"
    assert [file.path for file in await attempt.changed(attempt.branch.head)] == ["README.md"]


async def test_a_published_branch_is_one_of_the_repository_and_nothing_else_changes(
    repository: Path, tmp_path: Path
) -> None:
    before, work = standing(repository), await _committed(repository, tmp_path)
    for _ in range(2):  # whoever was killed after it does it again
        await work.publish()
    after = standing(repository)
    assert git(repository, "rev-parse", "genloom/doubled-1") == work.branch.head
    assert (after["head"], after["status"]) == (before["head"], "")
    assert git(repository, "log", "--format=%s", "genloom/doubled-1") == "doubled\nfirst"
    await work.close(forget=True)
    await work.publish()
    assert git(repository, "fsck", "--strict") == ""


async def test_a_branch_of_the_same_name_is_never_replaced(repository: Path, tmp_path: Path) -> None:
    work = await _committed(repository, tmp_path)
    git(repository, "switch", "--quiet", "--create", "genloom/doubled-1")
    git(repository, "commit", "--quiet", "--allow-empty", "-m", "somebody's own")
    git(repository, "switch", "--quiet", "main")
    before = standing(repository)
    with pytest.raises(RepositoryError):
        await work.publish()
    assert standing(repository) == before


async def test_files_are_changed_all_or_none_and_only_where_nothing_is_uncommitted(
    repository: Path, tmp_path: Path
) -> None:
    work = await _committed(repository, tmp_path)
    await work.publish()
    (repository / "notes.txt").write_text("mine\n")  # not touched by the feature
    (repository / "prices.py").write_text(PRICES + "# mine\n")
    before = standing(repository)
    with pytest.raises(RepositoryError, match=r"prices\.py holds changes that are not committed"):
        await change_files(work.branch)
    assert standing(repository) == before
    (repository / "prices.py").write_text(PRICES)
    (repository / "new ü.txt").write_text("mine, too\n")
    with pytest.raises(RepositoryError, match="new ü"):
        await change_files(work.branch)
    assert (repository / "prices.py").read_text() == PRICES
    (repository / "new ü.txt").unlink()
    for _ in range(2):  # done already is done
        await change_files(work.branch)
        assert (repository / "prices.py").read_text() == DOUBLED
        assert (repository / "new ü.txt").read_text() == "new\n"
    assert git(repository, "rev-parse", "HEAD") == work.branch.base
    assert (repository / "notes.txt").read_text() == "mine\n"


async def test_files_that_moved_on_since_the_base_are_left_alone(repository: Path, tmp_path: Path) -> None:
    work = await _committed(repository, tmp_path)
    await work.publish()
    (repository / "prices.py").write_text("PRICES = ()\n")
    git(repository, "commit", "--quiet", "--all", "-m", "another way")
    before = standing(repository)
    with pytest.raises(RepositoryError):
        await change_files(work.branch)
    assert standing(repository) == before


LONG = "".join(f"line{number} = {number}\n" for number in range(60))


async def _published(repository: Path, tmp_path: Path, files: Mapping[str, str | None]) -> BranchWork:
    work = await _begun(repository, tmp_path)
    for path, text in files.items():
        (work.worktree / path).parent.mkdir(parents=True, exist_ok=True)
        (work.worktree / path).unlink() if text is None else (work.worktree / path).write_text(text)
    work = BranchWork(await BranchWork(await work.snapshot()).commit("more"))
    await work.publish()
    return work


async def test_a_file_is_never_changed_that_is_not_as_at_the_base_though_the_difference_would_fit(
    tmp_path: Path,
) -> None:
    """A commit since has moved its lines; or git was told not to look at a file that somebody changed."""
    repository = make_repository(tmp_path / "shop", {"long.py": LONG})
    work = await _published(repository, tmp_path, {"long.py": f"{LONG}added = 1\n"})
    git(repository, "update-index", "--skip-worktree", "long.py")
    (repository / "long.py").write_text(f"MINE = 1\n{LONG}")
    before = standing(repository)
    with pytest.raises(RepositoryError, match=r"long\.py"):
        await change_files(work.branch)
    assert standing(repository) == before
    git(repository, "update-index", "--no-skip-worktree", "long.py")
    git(repository, "commit", "--quiet", "--all", "-m", "moved on")
    before = standing(repository)
    with pytest.raises(RepositoryError, match=r"long\.py"):
        await change_files(work.branch)
    assert standing(repository) == before


@pytest.mark.parametrize("way", ["file", "link", "disk"])
async def test_files_are_all_left_where_one_cannot_be_written(
    repository: Path, tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something of the user's, which the ignore files leave out, is in the place of a folder; or the disk is full in the
    middle."""
    files = {"aaa.py": "a = 1\n", "build/x.py": "x = 1\n", "prices.py": DOUBLED, "README.md": None}
    work = await _published(repository, tmp_path, files)
    (repository / ".git/info/exclude").write_text("build\n")
    if way == "file":
        (repository / "build").write_text("mine\n")
    elif way == "link":
        (tmp_path / "elsewhere").mkdir()
        (repository / "build").symlink_to(tmp_path / "elsewhere")
    else:
        moved: list[Path] = []
        replace = Path.replace

        def full(self: Path, target: Path) -> Path:
            if self.name.endswith(".new"):
                moved.append(target)
                if len(moved) == 3:
                    raise OSError(errno.ENOSPC, "No space left on device")
            return replace(self, target)

        monkeypatch.setattr(Path, "replace", full)
    before = standing(repository)
    with pytest.raises(RepositoryError):
        await change_files(work.branch)
    assert standing(repository) == before
    assert (repository / "build").exists() == (way != "disk")


async def test_who_was_killed_in_the_middle_of_the_files_goes_on(repository: Path, tmp_path: Path) -> None:
    work = await _published(repository, tmp_path, {"aaa.py": "a = 1\n", "prices.py": DOUBLED, "README.md": None})
    (repository / "prices.py").write_text(DOUBLED)  # each file is old or new after a kill
    (repository / "README.md").unlink()
    await change_files(work.branch)
    assert git(repository, "diff", "--name-only", work.branch.head) == "aaa.py"  # which the index does not know yet
    assert (repository / "aaa.py").read_text() == "a = 1\n"
    assert not list((repository / ".git").glob("genloom*"))


async def test_files_keep_their_bytes_and_modes(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "shop", {"run.sh": "true\n", "old/only.txt": "x\n"})
    work = await _begun(repository, tmp_path)
    (work.worktree / "run.sh").chmod(0o755)
    (work.worktree / "latin.txt").write_bytes(b"gr\xfc\xdfe\r\n")
    (work.worktree / "old" / "only.txt").unlink()
    work = BranchWork(await BranchWork(await work.snapshot()).commit("more"))
    await work.publish()
    await change_files(work.branch)
    assert (repository / "run.sh").stat().st_mode & 0o111 == 0o111
    assert (repository / "latin.txt").read_bytes() == b"gr\xfc\xdfe\r\n"
    assert not (repository / "old").exists()


async def test_what_is_staged_is_not_committed(repository: Path, tmp_path: Path) -> None:
    work = await _published(repository, tmp_path, {"prices.py": DOUBLED})
    (repository / "prices.py").write_text("MINE = 1\n")
    git(repository, "add", "prices.py")
    (repository / "prices.py").write_text(PRICES)
    with pytest.raises(RepositoryError, match=r"prices\.py holds changes that are not committed"):
        await change_files(work.branch)
    assert (repository / "prices.py").read_text() == PRICES


async def test_a_repository_that_could_never_take_the_branch_is_told_before_anything_is_begun(
    repository: Path, tmp_path: Path
) -> None:
    git(repository, "branch", "genloom")
    with pytest.raises(RepositoryError, match="has a branch genloom, beside which"):
        await _begun(repository, tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet", "--object-format=sha256")
    git(other, "commit", "--quiet", "--allow-empty", "-m", "first")
    with pytest.raises(RepositoryError, match="SHA-256"):
        await _begun(other, tmp_path)
    assert not (tmp_path / "home").exists()


async def test_nothing_is_left_of_what_agents_wrote_when_the_last_branch_is_forgotten(
    repository: Path, tmp_path: Path
) -> None:
    first = await _committed(repository, tmp_path)
    second = await BranchWork.begin(tmp_path / "home", str(repository), "genloom/other-2", None)
    await first.close(forget=True)
    await second.restore()
    assert (second.worktree / "prices.py").read_text() == PRICES
    await second.close(forget=True)
    assert not list((tmp_path / "home").rglob("mirror.git"))
    assert not list((tmp_path / "home").rglob("prices.py"))


async def test_a_repository_that_is_gone_at_the_approval_is_told(repository: Path, tmp_path: Path) -> None:
    work = await _committed(repository, tmp_path)
    repository.rename(tmp_path / "elsewhere")
    with pytest.raises(RepositoryError, match="is gone"):
        await work.publish()


async def test_the_command_that_fetches_a_branch_holds_with_a_space_in_the_home(
    repository: Path, tmp_path: Path
) -> None:
    work = await BranchWork.begin(tmp_path / "my home", str(repository), "genloom/a-1", None)
    git(repository, *shlex.split(work.fetch_command)[1:])
    assert git(repository, "branch", "--list", "genloom/a-1")


async def test_a_branch_begins_at_the_base_that_is_named(repository: Path, tmp_path: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    git(repository, "tag", "v1")
    (repository / "README.md").write_text("# Later\n")
    git(repository, "commit", "--quiet", "--all", "-m", "second")
    work = await _begun(repository, tmp_path, "v1")
    assert work.branch.base == first
    assert (work.worktree / "README.md").read_text() == "# Prices\n"
    assert (await BranchWork.begin(tmp_path / "home", str(repository), "genloom/b", None)).branch.base != first


@pytest.mark.parametrize("base", ["nowhere", "--upload-pack=touch", "a..b", ""])
async def test_a_base_that_is_none_is_told(repository: Path, tmp_path: Path, base: str) -> None:
    if base:
        with pytest.raises(RepositoryError):
            await _begun(repository, tmp_path, base)
    else:
        assert (await _begun(repository, tmp_path, base)).branch.base == git(repository, "rev-parse", "HEAD")


async def test_a_folder_without_git_or_without_a_commit_is_told(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(RepositoryError, match="not the folder of a git repository"):
        await _begun(tmp_path / "plain", tmp_path)
    git(tmp_path / "plain", "init", "--quiet")
    with pytest.raises(RepositoryError, match="no commit 'HEAD'"):
        await _begun(tmp_path / "plain", tmp_path)


async def test_nothing_of_the_repositorys_own_configuration_runs(repository: Path, tmp_path: Path) -> None:
    """Neither filters nor hooks, when the branch is begun, committed and published."""
    sign = tmp_path / "ran"
    (repository / ".gitattributes").write_text("*.py filter=bad\n")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "-m", "attributes")
    for key in ("filter.bad.smudge", "filter.bad.clean", "core.fsmonitor", "uploadpack.packObjectsHook"):
        git(repository, "config", key, f"touch {sign}; cat")
    for hook in ("post-checkout", "pre-commit", "reference-transaction", "post-commit"):
        (repository / ".git" / "hooks" / hook).write_text(f"#!/bin/sh\ntouch {sign}\n")
        (repository / ".git" / "hooks" / hook).chmod(0o755)
    work = await _committed(repository, tmp_path)
    await work.publish()
    assert not sign.exists()


async def test_what_is_not_committed_is_listed_without_touching_the_index(repository: Path) -> None:
    assert await uncommitted_files(repository) == ()
    (repository / "prices.py").write_text(PRICES)  # the same text at another time
    (repository / "größe.txt").write_text("x")
    (repository / "README.md").unlink()
    index = (repository / ".git" / "index").read_bytes()
    assert sorted(await uncommitted_files(repository)) == ["README.md", "größe.txt"]
    assert (repository / ".git" / "index").read_bytes() == index


async def test_secrets_are_no_part_of_a_difference(repository: Path, tmp_path: Path) -> None:
    work = await _begun(repository, tmp_path)
    (work.worktree / "key.py").write_text('KEY = "sk-proj-0123456789abcdefghijklmnopqrstuvwxyzABCD"\n')
    (work.worktree / "tomato-42.py").write_text("own = 'tomato-42'\n")
    work = BranchWork(await work.snapshot())
    result = await feature_result(await work.commit("keys"), ("tomato-42",))
    assert "key.py" in result.stat
    assert "tomato" not in f"{result.stat}{result.diff}"
    assert "0123456789abcdef" not in result.diff


async def test_files_that_nobody_touched_are_not_changed_whatever_their_attributes_say(tmp_path: Path) -> None:
    """Committed with line ends that its attributes would change."""
    repository = make_repository(tmp_path / "shop")
    (repository / "a.txt").write_bytes(b"x\r\ny $Id$\r\n")
    git(repository, "add", "a.txt")
    (repository / ".gitattributes").write_text("*.txt text eol=lf ident\n")
    git(repository, "add", ".gitattributes")
    git(repository, "commit", "--quiet", "-m", "attributes")
    work = await _begun(repository, tmp_path)
    assert (work.worktree / "a.txt").read_bytes() == b"x\r\ny $Id$\r\n"
    (work.worktree / "a.txt").write_bytes(b"x\r\ny $Id$\r\n")
    assert await BranchWork(await work.snapshot()).changed(work.branch.base) == ()
