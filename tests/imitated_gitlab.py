"""GitLab's API for merge requests, versions, discussions and notes, imitated on loopback.

It refuses what GitLab refuses: a bad token (401), one that may not write (403), what is not there (404), a project whose
path is not encoded (404), a discussion whose position is none of the diff's, or of another version (400).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from forge_imitation import BASE, HEAD, START, Account, ImitatedFile, RefusalError, page, shown_lines

from genloom.testing.exchange import Answer, RecordedRequest
from genloom.testing.loopback import FaultSource, LoopbackServer

__all__ = ["ImitatedGitLab"]

PROJECT = "group/sub/repo"
Json = dict[str, Any]


class ImitatedGitLab(LoopbackServer):
    """Merge request 7 of group/sub/repo, issue 3, and whatever is posted."""

    answers_inline = True

    def __init__(self, *files: ImitatedFile, faults: FaultSource = ()) -> None:
        super().__init__(faults=faults)
        self.files = list(files)
        self.heads = [HEAD]
        self.accounts = {"glpat-" + "t" * 20: Account(1, "reviewer")}
        self.title, self.body = "Add pairs", "Please look."
        self.issues: list[Json] = [{"iid": 3, "title": "It fails", "description": "Here is how.", "labels": ["bug"]}]
        self.notes: list[Json] = []
        self.discussions: list[Json] = []
        self._last_id = 100

    @property
    def token(self) -> str:
        return next(iter(self.accounts))

    @property
    def head(self) -> str:
        return self.heads[-1]

    @property
    def origin(self) -> str:
        return f"{self.base_url}/{PROJECT}.git"

    @property
    def comments(self) -> list[Json]:
        """What stands on lines."""
        return [note for discussion in self.discussions for note in discussion["notes"]]

    def push(self, head: str) -> None:
        """Someone pushes: the merge request has another version."""
        self.heads.append(head)

    def answer(self, request: RecordedRequest) -> Answer:
        try:
            return self._answer(request)
        except RefusalError as refusal:
            return refusal.answer

    def _answer(self, request: RecordedRequest) -> Answer:
        account = self.accounts.get(request.headers.get("private-token", ""))
        if account is None:
            raise RefusalError(401, {"message": "401 Unauthorized"})
        target = request.target.partition("?")[0]
        if target == "/api/v4/user":
            return Answer.of_json({"id": account.id, "username": account.login})
        match = re.fullmatch(r"/api/v4/projects/([^/]+)(/.*)", target)
        if match is None or unquote(match[1]) != PROJECT:
            raise RefusalError(404, {"message": "404 Project Not Found"})
        if request.method != "GET" and not account.writes:
            raise RefusalError(403, {"message": "403 Forbidden"})
        return self._of_project(request, match[2], account)

    def _of_project(self, request: RecordedRequest, path: str, account: Account) -> Answer:
        lists: dict[str, Iterable[Json]] = {
            "/merge_requests": [self._merge()],
            "/merge_requests/7/versions": [self._version(index) for index in reversed(range(len(self.heads)))],
            "/merge_requests/7/discussions": self.discussions,
            "/merge_requests/7/notes": [*self.notes, *self.comments],
            "/issues": self.issues,
        }
        if request.method == "GET" and path in lists:
            return page(request, lists[path], self.base_url)
        match (request.method, path):
            case ("GET", "/merge_requests/7"):
                return Answer.of_json(self._merge())
            case ("POST", "/merge_requests/7/discussions"):
                return self._discussion(request.json(), account)
            case ("POST", "/merge_requests/7/notes"):
                self.notes.append(self._note(request.json(), account))
                return Answer.of_json(self.notes[-1], 201)
        return self._further(request, path, account)

    def _further(self, request: RecordedRequest, path: str, account: Account) -> Answer:
        if request.method == "PUT" and (match := re.fullmatch(r"/merge_requests/7/notes/(\d+)", path)):
            return self._edit(int(match[1]), request.json(), account)
        if match := re.fullmatch(r"/merge_requests/7/versions/(\d+)", path):
            return Answer.of_json({**self._version(int(match[1]) - 1), "diffs": [*map(_told, self.files)]})
        if match := re.fullmatch(r"/repository/files/([^/]+)/raw", path):
            return self._content(unquote(match[1]), request)
        if match := re.fullmatch(r"/issues/(\d+)(/notes)?", path):
            for issue in self.issues:
                if issue["iid"] == int(match[1]):
                    return page(request, issue.get("notes", []), self.base_url) if match[2] else Answer.of_json(issue)
        raise RefusalError(404, {"message": "404 Not found"})

    def _merge(self) -> Json:
        return {
            "iid": 7,
            "title": self.title,
            "description": self.body,
            "state": "opened",
            "web_url": f"{self.base_url}/{PROJECT}/-/merge_requests/7",
            "author": {"id": 9, "username": "author"},
            "source_branch": "pairs",
            "target_branch": "main",
            "sha": self.head,
            "diff_refs": {"base_sha": BASE, "head_sha": self.head, "start_sha": START},
        }

    def _version(self, index: int) -> Json:
        shas = {"head_commit_sha": self.heads[index], "base_commit_sha": BASE, "start_commit_sha": START}
        return {"id": index + 1, **shas, "state": "collected"}

    def _discussion(self, asked: Json, account: Account) -> Answer:
        note = self._note(asked, account)
        if "position" in asked:
            self._demand_place(asked["position"])
            note |= {"type": "DiffNote", "position": asked["position"]}
        self.discussions.append({"id": f"d{note['id']}", "notes": [note]})
        return Answer.of_json(self.discussions[-1], 201)

    def _demand_place(self, place: Json) -> None:
        refs = [place.get(name) for name in ("base_sha", "start_sha", "head_sha")]
        if place.get("position_type") != "text" or refs[:2] != [BASE, START] or refs[2] not in self.heads:
            _bad('400 Bad request - Note {:position=>["is incomplete"]}')
        file = next((file for file in self.files if file.path == place.get("new_path")), None)
        lines = shown_lines(file.patch) if file else {}
        new = place.get("new_line")
        if file is None or new not in lines or place.get("old_path") != file.before:
            _bad('400 Bad request - Note {:line_code=>["can\'t be blank", "must be a valid line code"]}')
        if place.get("old_line") != lines[new]:
            _bad('400 Bad request - Note {:line_code=>["must be a valid line code"]}')

    def _note(self, asked: Json, account: Account) -> Json:
        if not asked.get("body"):
            _bad("body is missing")
        if len(asked["body"]) > 1_000_000:
            _bad("400 Bad request - Note is too long")
        if re.search(r"^/(?:close|merge|approve|assign|label)\b", asked["body"], re.MULTILINE):
            raise AssertionError("a comment holds a quick action, which GitLab would carry out")
        self._last_id += 1
        author = {"id": account.id, "username": account.login}
        return {"id": self._last_id, "body": asked["body"], "author": author, "system": False, "type": None}

    def _edit(self, number: int, asked: Json, account: Account) -> Answer:
        for note in self.notes:
            if note["id"] == number:
                if note["author"]["id"] != account.id:
                    raise RefusalError(403, {"message": "403 Forbidden"})
                note["body"] = asked["body"]
                return Answer.of_json(note)
        raise RefusalError(404, {"message": "404 Note Not Found"})

    def _content(self, path: str, request: RecordedRequest) -> Answer:
        file = next((file for file in self.files if file.path == path and file.status != "removed"), None)
        if file is None or request.query.get("ref") not in self.heads:
            raise RefusalError(404, {"message": "404 File Not Found"})
        return Answer(pieces=(file.text.encode(),), content_type="text/plain; charset=utf-8")


def _told(file: ImitatedFile) -> Json:
    return {
        "old_path": file.before,
        "new_path": file.path,
        "diff": file.patch or "",
        "new_file": file.status == "added",
        "renamed_file": file.status == "renamed",
        "deleted_file": file.status == "removed",
    }


def _bad(why: str) -> None:
    raise RefusalError(400, {"message": why})
