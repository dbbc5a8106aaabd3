"""Posting a review at GitHub and GitLab: on the right lines, once, whatever is lost on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from forge_imitation import HEAD, Account, ImitatedFile
from forges import ELSEWHERE, FILES, ON_LINES, REVIEW, SERVERS, Server, post, with_forge
from imitated_github import ImitatedGitHub
from imitated_gitlab import ImitatedGitLab

from genloom.errors import CredentialError, ForgeError, UsageError
from genloom.state.review import Finding, Review
from genloom.testing import Fault
from genloom.tools.scm.comment_text import mark_of
from genloom.tools.scm.diff import read_diff
from genloom.tools.scm.patches import diff_of
from genloom.tools.scm.posting import Posted, post_review

LOST = Fault(cut=True, after_work=True)
OTHER_HEAD = "d" * 40


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with SERVERS[request.param](*FILES) as running:
        yield running


def writes(server: Server) -> int:
    return sum(request.method != "GET" for request in server.requests)


def places(server: Server) -> list[tuple[str, int]]:
    found = [comment.get("position", comment) for comment in server.comments]
    return sorted(
        (place.get("new_path", place.get("path")), place.get("new_line", place.get("line"))) for place in found
    )


def test_each_finding_stands_on_its_line_and_the_rest_in_one_summary(server: Server) -> None:
    """Equal findings on equal lines are told apart; what is on no line of the diff, or on none at all, is in the summary."""
    assert post(server) == Posted(new=3, already=0, refused=0, summary="created")
    assert places(server) == [(finding.path, finding.line) for finding in ON_LINES]
    (note,) = server.notes
    assert mark_of(note["body"]) == "review"
    assert "6 findings (2 errors, 2 warnings, 2 notes); 3 on their lines" in note["body"]
    assert f"Looked at commit {HEAD[:12]}" in note["body"]
    for finding in ELSEWHERE:
        assert finding.rule in note["body"]


def test_github_gets_one_review_that_only_comments() -> None:
    """With the commit that was reviewed; GitLab's unchanged lines carry both numbers, which its imitation demands."""
    with ImitatedGitHub(*FILES) as github:
        post(github)
        (review,) = github.reviews
    assert (review["state"], review["commit_id"]) == ("COMMENTED", HEAD)


def test_a_rerun_posts_nothing_and_edits_nothing(server: Server) -> None:
    """The same review finds everything there."""
    post(server)
    before = writes(server)
    assert post(server) == Posted(new=0, already=3, refused=0, summary="unchanged")
    assert writes(server) == before


def test_a_later_review_posts_what_is_new_and_edits_the_summary(server: Server) -> None:
    """Lines that moved keep their comments, also where a model words them otherwise; there is still one summary."""
    post(server)
    pairs = server.files[0]
    moved = pairs.patch.replace("@@ -1,4 +1,5 @@ import re\n", "@@ -1,4 +1,6 @@\n+# more\n").replace("+21,2", "+22,2")
    server.files[0] = ImitatedFile(pairs.path, moved, pairs.text)
    server.push(OTHER_HEAD)
    findings = [finding.model_copy(update={"line": finding.line + 1}) for finding in ON_LINES]
    findings[2] = findings[2].model_copy(update={"message": "In other words."})
    findings.append(Finding(rule="new", severity="note", message="New.", path="src/pairs.py", line=1))
    review = Review(decision="approve", findings=tuple(findings))
    assert post(server, review) == Posted(new=1, already=3, refused=0, summary="edited")
    assert len(server.comments) == 4
    assert [OTHER_HEAD[:12] in note["body"] for note in server.notes] == [True]


def posts(request: object) -> bool:
    return getattr(request, "method", "") == "POST"


@pytest.mark.parametrize("fault", [LOST, Fault(status=502, after_work=True)])
def test_a_lost_answer_posts_nothing_twice(server: Server, fault: Fault) -> None:
    """Every first answer to a write is lost after the work was done: what is there is looked up before going on."""
    lost: set[bytes] = set()

    def once(request: object) -> Fault | None:
        body = getattr(request, "body", b"")
        if not posts(request) or body in lost:
            return None
        lost.add(body)
        return fault

    server.set_faults(once)
    done = post(server)
    assert (done.new, done.summary) == (3, "created")
    assert places(server) == [(finding.path, finding.line) for finding in ON_LINES]
    assert len(server.notes) == 1


@pytest.mark.parametrize("fault", [Fault(status=502), Fault(cut=True), Fault(status=429, headers={"Retry-After": "0"})])
def test_writes_that_failed_are_done_in_the_end(server: Server, fault: Fault) -> None:
    """Each request fails once, reads too, and had no effect then."""
    failed: set[tuple[str, str, bytes]] = set()

    def once(request: object) -> Fault | None:
        key = (getattr(request, "method", ""), getattr(request, "target", ""), getattr(request, "body", b""))
        if key in failed:
            return None
        failed.add(key)
        return fault

    server.set_faults(once)
    assert post(server) == Posted(new=3, already=0, refused=0, summary="created")
    assert (len(server.comments), len(server.notes)) == (3, 1)


def test_a_run_that_died_between_comments_and_summary_is_completed(server: Server) -> None:
    """The second run finds the comments and adds the summary alone."""
    server.set_faults(
        lambda request: Fault(status=500) if posts(request) and b"genloom:review -->" in request.body else None
    )
    with pytest.raises(ForgeError, match="500"):
        post(server)
    assert (len(server.comments), len(server.notes)) == (3, 0)
    server.set_faults([])
    assert post(server) == Posted(new=0, already=3, refused=0, summary="created")


def test_gitlab_discussions_that_are_half_posted_are_completed() -> None:
    """The first stands, the second and all further failed."""
    with ImitatedGitLab(*FILES) as gitlab:
        seen: list[object] = []
        gitlab.set_faults(
            lambda r: seen.append(r) or (Fault(status=500) if len(seen) > 1 else None) if posts(r) else None
        )
        with pytest.raises(ForgeError):
            post(gitlab)
        gitlab.set_faults([])
        assert post(gitlab) == Posted(new=2, already=1, refused=0, summary="created")
        assert len(gitlab.comments) == 3


def test_a_head_that_moved_meanwhile_is_told_and_nothing_is_posted(server: Server) -> None:
    """Lines of another version would be wrong lines."""

    async def work(forge):  # type: ignore[no-untyped-def]
        pull = await forge.pull_request(7)
        changes = read_diff(diff_of((await forge.changed_files(pull)).files))
        server.push(OTHER_HEAD)
        await post_review(forge, pull, changes, REVIEW)

    with pytest.raises(UsageError, match="new commits"):
        with_forge(server, work)
    assert writes(server) == 0


def test_commits_that_come_while_the_changes_are_read_are_told() -> None:
    """GitHub's list of files is that of the newest commit, so the head is looked at once more."""
    with ImitatedGitHub(*FILES) as github:

        async def work(forge):  # type: ignore[no-untyped-def]
            pull = await forge.pull_request(7)
            github.push(OTHER_HEAD)
            await forge.changed_files(pull)

        with pytest.raises(UsageError, match="new commits while"):
            with_forge(github, work)


def test_lines_that_the_host_does_not_take_are_told_in_the_summary(server: Server) -> None:
    """Whatever its reason: the findings are not lost."""
    shown = server.files[0]

    async def work(forge):  # type: ignore[no-untyped-def]
        pull = await forge.pull_request(7)
        changes = read_diff(diff_of((await forge.changed_files(pull)).files))
        server.files[0] = ImitatedFile(shown.path, "@@ -900,1 +900,1 @@\n same", "")
        return await post_review(forge, pull, changes, REVIEW)

    assert with_forge(server, work) == Posted(new=0, already=0, refused=3, summary="created")
    (note,) = server.notes
    assert "3 comments are not on their lines" in note["body"]
    assert note["body"].count("S307") == 2
    assert "; 0 on their lines" in note["body"]


def test_a_pending_review_of_the_account_is_told() -> None:
    """GitHub takes no other one beside it."""
    with ImitatedGitHub(*FILES) as github:
        github.reviews.append({"state": "PENDING", "user": {"login": "reviewer"}})
        with pytest.raises(UsageError, match="pending review") as caught:
            post(github)
        assert "Submit or discard" in caught.value.hint
        assert (github.comments, github.notes) == ([], [])


def test_comments_of_others_that_carry_our_marks_change_nothing(server: Server) -> None:
    """Who opened the pull request could else silence findings, or have a comment of theirs edited."""
    post(server)
    for note in [*server.notes, *server.comments]:
        note["user"] = {"login": "mallory", "type": "User"}
        note["author"] = {"id": 66, "username": "mallory"}
    assert post(server) == Posted(new=3, already=0, refused=0, summary="created")
    assert (len(server.comments), len(server.notes)) == (6, 2)


def test_an_apps_token_finds_its_own_comments_again() -> None:
    """A token of GitHub Actions has no user: comments of apps count as its own."""
    with ImitatedGitHub(*FILES) as github:
        github.accounts = {"ghs_" + "a" * 36: Account(5, "github-actions", app=True)}
        assert post(github).new == 3
        assert post(github) == Posted(new=0, already=3, refused=0, summary="unchanged")


def test_only_so_many_comments_are_posted_the_worst_first(server: Server) -> None:
    """The rest is in the summary, which keeps within the host's limit."""
    lines = "\n".join(f"+line {number}" for number in range(1, 501))
    server.files[:] = [ImitatedFile("a.py", f"@@ -0,0 +1,500 @@\n{lines}", "", status="added")]
    found = [
        Finding(rule="r", severity="error" if n > 440 else "note", message="@all " * 90, path="a.py", line=n)
        for n in range(1, 501)
    ]
    assert post(server, Review(decision="revise", findings=tuple(found))).new == 50
    assert {line for _, line in places(server)} >= set(range(451, 491))
    (note,) = server.notes
    assert len(note["body"]) <= 60_000
    assert "more, which have no room here" in note["body"]
    assert post(server, Review(decision="revise", findings=tuple(found))).already == 50


def test_comments_beyond_the_first_page_are_found_again(server: Server) -> None:
    """Our comments stand on the third page."""
    for number in range(230):
        _crowd(server, number)
    post(server)
    assert post(server) == Posted(new=0, already=3, refused=0, summary="unchanged")


def _crowd(server: Server, number: int) -> None:
    note = {"id": number, "body": "hm", "user": {"login": "x", "type": "User"}, "author": {"id": 9, "username": "x"}}
    server.notes.append(dict(note))
    if isinstance(server, ImitatedGitHub):
        server.comments.append({**note, "path": "src/pairs.py", "line": 2})
    else:
        server.discussions.append({"id": str(number), "notes": [{**note, "type": "DiffNote", "system": False}]})


def test_a_token_that_may_not_write_is_told(server: Server) -> None:
    """As a matter of credentials, with what to set."""
    token = server.token
    server.accounts[token] = Account(1, "reader", writes=False)
    with pytest.raises(CredentialError, match="403") as caught:
        post(server)
    assert "_TOKEN" in caught.value.hint
    assert token not in str(caught.value) + caught.value.hint


def test_posting_twice_at_once_leaves_one_summary_to_edit(server: Server) -> None:
    """Two runs that overlap may both post; the next run still edits the first summary and posts nothing more."""

    async def work(forge):  # type: ignore[no-untyped-def]
        pull = await forge.pull_request(7)
        changes = read_diff(diff_of((await forge.changed_files(pull)).files))
        await asyncio.gather(*(post_review(forge, pull, changes, REVIEW) for _ in range(2)))

    with_forge(server, work)
    count = (len(server.comments), len(server.notes))
    assert post(server) == Posted(new=0, already=3, refused=0, summary="unchanged")
    assert (len(server.comments), len(server.notes)) == count
