"""A project at GitLab, by its REST API (v4), also at a server of one's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

from pydantic import BaseModel, Field

from genloom.errors import UsageError
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

__all__ = ["GitLab"]

SHA = r"^([0-9a-f]{40}|[0-9a-f]{64}|)$"

_STATES = {"open": "opened", "closed": "closed", "all": "all"}
_HUNK = re.compile(r"^@@ ", re.MULTILINE)


class _User(BaseModel):
    id: int = 0
    username: str = ""


class _Refs(BaseModel):
    base_sha: str | None = Field(default=None, pattern=SHA)
    start_sha: str | None = Field(default=None, pattern=SHA)
    head_sha: str | None = Field(default=None, pattern=SHA)


class _Item(BaseModel):
    iid: int
    title: str = ""
    description: str | None = None
    state: str = ""
    web_url: str = ""
    author: _User | None = None
    labels: list[str] = []


class _Merge(_Item):
    source_branch: str = ""
    target_branch: str = ""
    sha: str | None = Field(default=None, pattern=SHA)
    diff_refs: _Refs | None = None


class _Version(BaseModel):
    id: int
    head_commit_sha: str
    start_commit_sha: str = ""


class _Diff(BaseModel):
    old_path: str
    new_path: str
    diff: str | None = None
    new_file: bool = False
    renamed_file: bool = False
    deleted_file: bool = False


class _Diffs(BaseModel):
    diffs: list[_Diff]


class _Position(BaseModel):
    new_path: str | None = None
    new_line: int | None = None


class _Note(BaseModel):
    id: int
    body: str | None = None
    author: _User | None = None
    system: bool = False
    type: str | None = None
    position: _Position | None = None


class _Discussion(BaseModel):
    notes: list[_Note] = []


class GitLab:
    """`genloom.tools.scm.forge.Forge` for GitLab: its merge requests are pull requests here."""

    name = "GitLab"
    body_limit = 1_000_000

    def __init__(self, connection: ForgeConnection, project: str) -> None:
        self._connection = connection
        self._project = project
        self._path = f"/projects/{quote(project, safe='')}"
        self._own: int | None = None

    async def pull_request(self, number: int) -> PullRequest:
        """As the protocol says."""
        doing = f"read merge request {number} of {self._project}"
        return _pull(await self._connection.get(_Merge, self._merge(number), doing=doing))

    async def changed_files(self, pull: PullRequest) -> ChangedFiles:
        """As the protocol says, of the version that has the head. Raises `UsageError` when there is none."""
        doing = f"read what merge request {pull.number} changes"
        where = f"{self._merge(pull.number)}/versions"
        versions = (await self._connection.pages(_Version, where, doing=doing)).items  # newest first
        fitting = [each for each in versions if each.head_commit_sha == pull.head]
        exact = [each for each in fitting if each.start_commit_sha == pull.start] or fitting
        if not exact:
            raise UsageError(
                f"Merge request {pull.number} has no version with the commit {pull.head[:12]}.",
                hint="It got new commits, or GitLab still prepares it: ask again.",
            )
        found = await self._connection.get(_Diffs, f"{where}/{exact[0].id}", doing=doing)
        files = tuple(_file(file) for file in found.diffs[:MAX_CHANGED_FILES])
        return ChangedFiles(files=files, complete=len(found.diffs) <= MAX_CHANGED_FILES)

    async def file_text(self, path: str, commit: str) -> str | None:
        """As the protocol says."""
        where = f"{self._path}/repository/files/{quote(path, safe='')}/raw"
        return await self._connection.text(where, doing=f"read {path}", params={"ref": commit}, accept="*/*")

    async def issue(self, number: int) -> Issue:
        """As the protocol says."""
        doing = f"read issue {number} of {self._project}"
        return _issue(await self._connection.get(_Item, f"{self._path}/issues/{number}", doing=doing))

    async def issues(self, state: ItemState, most: int) -> Sequence[Issue]:
        """As the protocol says."""
        found = await self._connection.pages(
            _Item,
            f"{self._path}/issues",
            doing=f"list the issues of {self._project}",
            params={"state": _STATES[state]},
            most=most,
        )
        return [_issue(issue) for issue in found.items]

    async def pull_requests(self, state: ItemState, most: int) -> Sequence[PullRequest]:
        """As the protocol says."""
        found = await self._connection.pages(
            _Merge,
            f"{self._path}/merge_requests",
            doing=f"list the merge requests of {self._project}",
            params={"state": _STATES[state]},
            most=most,
        )
        return [_pull(merge) for merge in found.items]

    async def issue_notes(self, number: int) -> Sequence[Remark]:
        """As the protocol says."""
        return await self._notes(f"{self._path}/issues/{number}")

    async def notes(self, pull: PullRequest) -> Sequence[Remark]:
        """As the protocol says."""
        return await self._notes(self._merge(pull.number))

    async def line_comments(self, pull: PullRequest) -> Sequence[Remark]:
        """As the protocol says."""
        where = f"{self._merge(pull.number)}/discussions"
        doing = f"read the discussions of merge request {pull.number}"
        found = await self._connection.pages(_Discussion, where, doing=doing)
        notes = [note for discussion in found.items for note in discussion.notes if note.type == "DiffNote"]
        return await self._remarks(Pages(items=tuple(notes), complete=found.complete))

    async def post_on_lines(
        self, pull: PullRequest, summary: str, comments: Sequence[LineComment]
    ) -> Sequence[LineComment]:
        """Post a discussion for each; `summary` has no place beside them."""
        refused = []
        for comment in comments:
            body = {"body": comment.body, "position": _position(pull, comment)}
            doing = f"post a discussion on merge request {pull.number}"
            try:
                await self._connection.write("POST", f"{self._merge(pull.number)}/discussions", body, doing=doing)
            except RefusedError as error:
                if error.status != 400:
                    raise
                refused.append(comment)
        return refused

    async def add_note(self, pull: PullRequest, body: str) -> None:
        """As the protocol says."""
        doing = f"comment on merge request {pull.number}"
        await self._connection.write("POST", f"{self._merge(pull.number)}/notes", {"body": body}, doing=doing)

    async def edit_note(self, pull: PullRequest, note: int, body: str) -> None:
        """As the protocol says."""
        where, doing = f"{self._merge(pull.number)}/notes/{note}", f"edit the comment on merge request {pull.number}"
        await self._connection.write("PUT", where, {"body": body}, doing=doing, idempotent=True)

    def _merge(self, number: int) -> str:
        return f"{self._path}/merge_requests/{number}"

    async def _notes(self, where: str) -> Sequence[Remark]:
        params = {"sort": "asc", "order_by": "created_at"}
        found = await self._connection.pages(_Note, f"{where}/notes", doing="read the comments", params=params)
        notes = tuple(note for note in found.items if note.type != "DiffNote" and not note.system)
        return await self._remarks(Pages(items=notes, complete=found.complete))

    async def _remarks(self, found: Pages) -> Sequence[Remark]:
        if not found.complete:
            raise UsageError("There are too many comments to read them all.", hint="Lock or split the discussion.")
        if self._own is None and found.items:
            self._own = (await self._connection.get(_User, "/user", doing="ask whose token it is")).id
        return [_remark(note, self._own) for note in found.items]


def _pull(merge: _Merge) -> PullRequest:
    refs = merge.diff_refs or _Refs()
    return PullRequest(
        number=merge.iid,
        title=merge.title,
        body=merge.description or "",
        state="open" if merge.state == "opened" else merge.state,
        author=merge.author.username if merge.author else "",
        url=merge.web_url,
        source=merge.source_branch,
        target=merge.target_branch,
        head=refs.head_sha or merge.sha or "",
        base=refs.base_sha or "",
        start=refs.start_sha or "",
    )


def _issue(issue: _Item) -> Issue:
    return Issue(
        number=issue.iid,
        title=issue.title,
        body=issue.description or "",
        state="open" if issue.state == "opened" else issue.state,
        author=issue.author.username if issue.author else "",
        url=issue.web_url,
        labels=tuple(issue.labels),
    )


def _file(file: _Diff) -> ChangedFile:
    change: Change = "added" if file.new_file else "deleted" if file.deleted_file else "modified"
    if file.renamed_file:
        change = "renamed"
    start = _HUNK.search(file.diff or "")  # older servers send the names' lines, too
    patch = (file.diff or "")[start.start() :] if start else None
    path = file.old_path if change == "deleted" else file.new_path
    return ChangedFile(path=path, old_path=file.old_path if change == "renamed" else path, change=change, patch=patch)


def _position(pull: PullRequest, comment: LineComment) -> dict[str, object]:
    """Where a discussion stands: of an added line its new number alone, of one that stayed both."""
    old = {} if comment.old_line is None else {"old_line": comment.old_line}
    return {
        "position_type": "text",
        "base_sha": pull.base,
        "start_sha": pull.start,
        "head_sha": pull.head,
        "old_path": comment.old_path,
        "new_path": comment.path,
        "new_line": comment.line,
        **old,
    }


def _remark(note: _Note, own: int | None) -> Remark:
    author, position = note.author or _User(), note.position or _Position()
    return Remark(
        id=note.id,
        body=note.body or "",
        author=author.username,
        own=bool(own) and author.id == own,
        place=f"{position.new_path}:{position.new_line}" if position.new_line else position.new_path or "",
    )
