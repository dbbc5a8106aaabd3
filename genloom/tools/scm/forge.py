"""What is asked of a code host, whichever it is: GitHub and GitLab are two of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from genloom.state.diff import Change

__all__ = [
    "MAX_CHANGED_FILES",
    "ChangedFile",
    "ChangedFiles",
    "Forge",
    "Issue",
    "ItemState",
    "LineComment",
    "PullRequest",
    "Remark",
]

MAX_CHANGED_FILES = 1_000
"""Of one pull request; what goes beyond is told as not looked at."""

ItemState = Literal["open", "closed", "all"]


@dataclass(frozen=True, kw_only=True)
class PullRequest:
    """A pull request (GitHub) or merge request (GitLab). The commits are full hashes: `head` is its last one, `base` where
    it left the target (at GitHub the target's own), `start` the target's at that version (GitLab alone)."""

    number: int
    title: str
    body: str
    state: str
    author: str
    url: str
    source: str
    target: str
    head: str
    base: str = ""
    start: str = ""


@dataclass(frozen=True, kw_only=True)
class Issue:
    """An issue of the project."""

    number: int
    title: str
    body: str
    state: str
    author: str
    url: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Remark:
    """A comment that stands there; `own` when the token's account wrote it. `place` is `path:line`, where it has one."""

    id: int
    body: str
    author: str
    own: bool
    place: str = ""


@dataclass(frozen=True, kw_only=True)
class ChangedFile:
    """A file of a pull request. `patch` is its hunks in git's form, `None` where the host shows none: a binary file, one
    that is too large, or one whose text stayed."""

    path: str
    old_path: str
    change: Change
    patch: str | None


@dataclass(frozen=True, kw_only=True)
class ChangedFiles:
    """The files of a pull request at one head; not `complete` when there were more than are taken."""

    files: tuple[ChangedFile, ...]
    complete: bool


@dataclass(frozen=True, kw_only=True)
class LineComment:
    """A comment on a line of the new file; `old_line` is that line's number in the old file, for one that stayed."""

    path: str
    old_path: str
    line: int
    old_line: int | None
    body: str


class Forge(Protocol):
    """A project at a code host, over an open connection. All that it returns is somebody else's text."""

    @property
    def name(self) -> str:
        """What people call the host, for messages."""

    @property
    def body_limit(self) -> int:
        """How many characters a comment may have."""

    async def pull_request(self, number: int) -> PullRequest:
        """Return a pull request as it is now. Raises `UsageError` when there is none of that number."""

    async def changed_files(self, pull: PullRequest) -> ChangedFiles:
        """Return what the pull request changes."""

    async def file_text(self, path: str, commit: str) -> str | None:
        """Return a file's text at a commit, 1 MB at most; `None` when it is not there, too long or no UTF-8."""

    async def issue(self, number: int) -> Issue:
        """Return an issue. Raises `UsageError` when there is none of that number."""

    async def issues(self, state: ItemState, most: int) -> Sequence[Issue]:
        """Return issues, newest first."""

    async def pull_requests(self, state: ItemState, most: int) -> Sequence[PullRequest]:
        """Return pull requests, newest first; their commits may be left out."""

    async def issue_notes(self, number: int) -> Sequence[Remark]:
        """Return an issue's comments, oldest first."""

    async def notes(self, pull: PullRequest) -> Sequence[Remark]:
        """Return the comments on a pull request as a whole, oldest first."""

    async def line_comments(self, pull: PullRequest) -> Sequence[Remark]:
        """Return the comments on its lines, oldest first."""

    async def post_on_lines(
        self, pull: PullRequest, summary: str, comments: Sequence[LineComment]
    ) -> Sequence[LineComment]:
        """Post comments on lines of the head that `pull` names, and return those whose line the host did not take."""

    async def add_note(self, pull: PullRequest, body: str) -> None:
        """Post a comment on the whole."""

    async def edit_note(self, pull: PullRequest, note: int, body: str) -> None:
        """Write another text into a comment of one's own."""
