"""A project at GitHub, by its REST API (version 2022-11-28), also at an Enterprise server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from urllib.parse import quote

from pydantic import BaseModel, Field

from genloom.errors import CredentialError, UsageError
from genloom.state.diff import Change
from genloom.tools.scm.connection import ForgeConnection, Pages
from genloom.tools.scm.failures import RefusedError
from genloom.tools.scm.forge import (
    MAX_CHANGED_FILES,
    ChangedFile,
    ChangedFiles,
    Issue,
    ItemState,
    LineComment,
    PullRequest,
    Remark,
)

__all__ = ["GitHub"]

RAW = "application/vnd.github.raw+json"

_CHANGES: dict[str, Change] = {"added": "added", "copied": "added", "removed": "deleted", "renamed": "renamed"}


class _User(BaseModel):
    login: str = ""
    type: str = ""


class _Commit(BaseModel):
    ref: str = ""
    sha: str = Field(default="", pattern=r"^([0-9a-f]{40}|[0-9a-f]{64}|)$")


class _Label(BaseModel):
    name: str = ""


class _Item(BaseModel):
    number: int
    title: str = ""
    body: str | None = None
    state: str = ""
    html_url: str = ""
    user: _User | None = None


class _Issue(_Item):
    labels: list[_Label] = []
    pull_request: dict[str, object] | None = None


class _Pull(_Item):
    merged_at: str | None = None
    head: _Commit
    base: _Commit


class _File(BaseModel):
    filename: str
    status: str
    previous_filename: str | None = None
    patch: str | None = None


class _Comment(BaseModel):
    id: int
    body: str | None = None
    user: _User | None = None
    path: str = ""
    line: int | None = None
    original_line: int | None = None


class GitHub:
    """`genloom.tools.scm.forge.Forge` for GitHub."""

    name = "GitHub"
    body_limit = 65_536

    def __init__(self, connection: ForgeConnection, project: str) -> None:
        self._connection = connection
        self._project = project
        self._path = f"/repos/{project}"
        self._login: str | Literal[False] | None = False

    async def pull_request(self, number: int) -> PullRequest:
        """As the protocol says."""
        doing = f"read pull request {number} of {self._project}"
        return _pull(await self._connection.get(_Pull, f"{self._path}/pulls/{number}", doing=doing))

    async def changed_files(self, pull: PullRequest) -> ChangedFiles:
        """As the protocol says. Raises `UsageError` when the head moved while they were read."""
        doing = f"read what pull request {pull.number} changes"
        found = await self._connection.pages(
            _File, f"{self._path}/pulls/{pull.number}/files", doing=doing, most=MAX_CHANGED_FILES
        )
        if (await self.pull_request(pull.number)).head != pull.head:
            raise UsageError(
                f"Pull request {pull.number} got new commits while it was read.", hint="Ask again for what it is now."
            )
        return ChangedFiles(files=tuple(_file(file) for file in found.items), complete=found.complete)

    async def file_text(self, path: str, commit: str) -> str | None:
        """As the protocol says."""
        where = f"{self._path}/contents/{quote(path)}"
        return await self._connection.text(where, doing=f"read {path}", params={"ref": commit}, accept=RAW)

    async def issue(self, number: int) -> Issue:
        """As the protocol says; a pull request is one, too."""
        doing = f"read issue {number} of {self._project}"
        return _issue(await self._connection.get(_Issue, f"{self._path}/issues/{number}", doing=doing))

    async def issues(self, state: ItemState, most: int) -> Sequence[Issue]:
        """As the protocol says, of the newest 100 issues and pull requests."""
        found = await self._connection.pages(
            _Issue,
            f"{self._path}/issues",
            doing=f"list the issues of {self._project}",
            params={"state": state},
            most=100,
        )
        return [_issue(issue) for issue in found.items if issue.pull_request is None][:most]

    async def pull_requests(self, state: ItemState, most: int) -> Sequence[PullRequest]:
        """As the protocol says."""
        doing = f"list the pull requests of {self._project}"
        found = await self._connection.pages(
            _Pull, f"{self._path}/pulls", doing=doing, params={"state": state}, most=most
        )
        return [_pull(pull) for pull in found.items]

    async def issue_notes(self, number: int) -> Sequence[Remark]:
        """As the protocol says."""
        where = f"{self._path}/issues/{number}/comments"
        return await self._remarks(
            await self._connection.pages(_Comment, where, doing=f"read the comments on {number}")
        )

    async def notes(self, pull: PullRequest) -> Sequence[Remark]:
        """As the protocol says."""
        return await self.issue_notes(pull.number)

    async def line_comments(self, pull: PullRequest) -> Sequence[Remark]:
        """As the protocol says."""
        where = f"{self._path}/pulls/{pull.number}/comments"
        doing = f"read the comments on the lines of {pull.number}"
        return await self._remarks(await self._connection.pages(_Comment, where, doing=doing))

    async def post_on_lines(
        self, pull: PullRequest, summary: str, comments: Sequence[LineComment]
    ) -> Sequence[LineComment]:
        """Post one review with all comments, or none: GitHub takes a review as a whole."""
        body = {
            "commit_id": pull.head,
            "event": "COMMENT",
            "body": summary,
            "comments": [{"path": c.path, "line": c.line, "side": "RIGHT", "body": c.body} for c in comments],
        }
        doing = f"post a review of pull request {pull.number}"
        try:
            await self._connection.write("POST", f"{self._path}/pulls/{pull.number}/reviews", body, doing=doing)
        except RefusedError as error:
            if "pending review" in error.message:
                error.hint = "Submit or discard the pending review of the token's account first."
                raise
            if error.status != 422:
                raise
            return comments
        return ()

    async def add_note(self, pull: PullRequest, body: str) -> None:
        """As the protocol says."""
        where = f"{self._path}/issues/{pull.number}/comments"
        await self._connection.write("POST", where, {"body": body}, doing=f"comment on pull request {pull.number}")

    async def edit_note(self, pull: PullRequest, note: int, body: str) -> None:
        """As the protocol says."""
        where, doing = f"{self._path}/issues/comments/{note}", f"edit the comment on pull request {pull.number}"
        await self._connection.write("PATCH", where, {"body": body}, doing=doing, idempotent=True)

    async def _remarks(self, found: Pages) -> Sequence[Remark]:
        if not found.complete:
            raise UsageError("There are too many comments to read them all.", hint="Lock or split the discussion.")
        login = await self._account() if found.items else None
        return [_remark(comment, login) for comment in found.items]

    async def _account(self) -> str | None:
        """The token's account; `None` for an app's token (as Actions give), which has no user."""
        if self._login is False:
            try:
                self._login = (await self._connection.get(_User, "/user", doing="ask whose token it is")).login
            except CredentialError:
                self._login = None
        return self._login


def _pull(pull: _Pull) -> PullRequest:
    return PullRequest(
        number=pull.number,
        title=pull.title,
        body=pull.body or "",
        state="merged" if pull.merged_at else pull.state,
        author=pull.user.login if pull.user else "",
        url=pull.html_url,
        source=pull.head.ref,
        target=pull.base.ref,
        head=pull.head.sha,
        base=pull.base.sha,
    )


def _issue(issue: _Issue) -> Issue:
    return Issue(
        number=issue.number,
        title=issue.title,
        body=issue.body or "",
        state=issue.state,
        author=issue.user.login if issue.user else "",
        url=issue.html_url,
        labels=tuple(label.name for label in issue.labels),
    )


def _file(file: _File) -> ChangedFile:
    change = _CHANGES.get(file.status, "modified")
    old = file.previous_filename if change == "renamed" else None
    return ChangedFile(path=file.filename, old_path=old or file.filename, change=change, patch=file.patch)


def _remark(comment: _Comment, login: str | None) -> Remark:
    user = comment.user or _User()
    line = comment.line or comment.original_line
    return Remark(
        id=comment.id,
        body=comment.body or "",
        author=user.login,
        own=user.type == "Bot" if login is None else user.login == login,
        place=f"{comment.path}:{line}" if line else comment.path,
    )
