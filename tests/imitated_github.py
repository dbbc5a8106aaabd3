"""GitHub's API for pull requests, reviews and comments, imitated on loopback as an Enterprise server's (under /api/v3).

It refuses what GitHub refuses: a bad token (401), one that may not write (403), what is not there (404), reviews with a
line outside of the diff, an unknown commit, no body, too long a body, or beside a pending review (422).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from forge_imitation import BASE, HEAD, Account, ImitatedFile, RefusalError, page, shown_lines

from genloom.testing.exchange import Answer, RecordedRequest
from genloom.testing.loopback import FaultSource, LoopbackServer

__all__ = ["ImitatedGitHub"]

PROJECT = "octo/repo"
LIMIT = 65_536
Json = dict[str, Any]


class ImitatedGitHub(LoopbackServer):
    """Pull request 7 of octo/repo, issue 3, and whatever is posted."""

    answers_inline = True

    def __init__(self, *files: ImitatedFile, faults: FaultSource = ()) -> None:
        super().__init__(faults=faults)
        self.files = list(files)
        self.head = HEAD
        self.commits = {HEAD}
        self.accounts = {"ghp_" + "t" * 36: Account(1, "reviewer")}
        self.title, self.body = "Add pairs", "Please look."
        self.issues: list[Json] = [
            {"number": 3, "title": "It fails", "body": "Here is how.", "labels": [{"name": "bug"}]}
        ]
        self.notes: list[Json] = []
        self.comments: list[Json] = []
        self.reviews: list[Json] = []
        self._last_id = 100

    @property
    def token(self) -> str:
        return next(iter(self.accounts))

    @property
    def origin(self) -> str:
        return f"{self.base_url}/{PROJECT}.git"

    def push(self, head: str) -> None:
        """Someone pushes: the pull request has another head."""
        self.head = head
        self.commits.add(head)

    def answer(self, request: RecordedRequest) -> Answer:
        try:
            return self._answer(request)
        except RefusalError as refusal:
            return refusal.answer

    def _answer(self, request: RecordedRequest) -> Answer:
        if not request.headers.get("user-agent"):
            raise RefusalError(403, {"message": "Request forbidden by administrative rules."})
        account = self.accounts.get(request.authorization.removeprefix("Bearer "))
        if account is None:
            raise RefusalError(401, {"message": "Bad credentials"})
        if request.path == "/api/v3/user":
            if account.app:
                raise RefusalError(403, {"message": "Resource not accessible by integration"})
            return Answer.of_json(_user(account))
        prefix = f"/api/v3/repos/{PROJECT}"
        if not request.path.startswith(prefix + "/"):
            raise RefusalError(404, {"message": "Not Found"})
        if request.method != "GET" and not account.writes:
            raise RefusalError(403, {"message": "Resource not accessible by personal access token"})
        return self._of_project(request, request.path.removeprefix(prefix), account)

    def _of_project(self, request: RecordedRequest, path: str, account: Account) -> Answer:
        numbered = {"number": 7, "title": self.title, "pull_request": {"url": ""}}
        lists: dict[str, Iterable[Json]] = {
            "/pulls": [self._pull()],
            "/pulls/7/files": map(_told, self.files),
            "/pulls/7/comments": self.comments,
            "/issues": [*self.issues, numbered],
            "/issues/7/comments": self.notes,
        }
        if request.method == "GET" and path in lists:
            return page(request, lists[path], self.base_url)
        match (request.method, path):
            case ("GET", "/pulls/7"):
                return Answer.of_json(self._pull())
            case ("POST", "/pulls/7/reviews"):
                return self._review(request.json(), account)
            case ("POST", "/issues/7/comments"):
                return self._note(request.json(), account)
        return self._further(request, path, account)

    def _further(self, request: RecordedRequest, path: str, account: Account) -> Answer:
        if request.method == "PATCH" and (match := re.fullmatch(r"/issues/comments/(\d+)", path)):
            return self._edit(int(match[1]), request.json(), account)
        if request.method == "GET" and (match := re.fullmatch(r"/contents/(.+)", path)):
            return self._content(match[1], request)
        if request.method == "GET" and (match := re.fullmatch(r"/issues/(\d+)(/comments)?", path)):
            for issue in self.issues:
                if issue["number"] == int(match[1]):
                    return page(request, issue.get("notes", []), self.base_url) if match[2] else Answer.of_json(issue)
        raise RefusalError(404, {"message": "Not Found"})

    def _pull(self) -> Json:
        return {
            "number": 7,
            "title": self.title,
            "body": self.body,
            "state": "open",
            "html_url": f"{self.base_url}/{PROJECT}/pull/7",
            "user": {"login": "author", "type": "User"},
            "head": {"sha": self.head, "ref": "pairs"},
            "base": {"sha": BASE, "ref": "main"},
        }

    def _review(self, asked: Json, account: Account) -> Answer:
        if any(review["state"] == "PENDING" and review["user"]["login"] == account.login for review in self.reviews):
            _unprocessable("User can only have one pending review per pull request")
        if asked.get("commit_id", self.head) not in self.commits:
            _unprocessable("No commit found for the SHA")
        event = asked.get("event")
        if event in ("COMMENT", "REQUEST_CHANGES") and not asked.get("body"):
            _unprocessable("body can't be blank")
        comments = asked.get("comments", [])
        for comment in comments:
            self._demand_place(comment)
        self._last_id += 1
        review = {"id": self._last_id, "state": "COMMENTED" if event else "PENDING", "body": asked.get("body")}
        self.reviews.append({**review, "user": _user(account), "commit_id": asked.get("commit_id", self.head)})
        for comment in comments:
            self._last_id += 1
            told = {key: comment[key] for key in ("path", "line", "body")}
            self.comments.append({**told, "id": self._last_id, "user": _user(account)})
        return Answer.of_json(review)

    def _demand_place(self, comment: Json) -> None:
        file = next((file for file in self.files if file.path == comment["path"]), None)
        if file is None:
            _unprocessable("Path could not be resolved")
        if comment.get("side", "RIGHT") != "RIGHT" or comment.get("line") not in shown_lines(file.patch):
            _unprocessable("Line could not be resolved")
        _demand_body(comment)

    def _note(self, asked: Json, account: Account) -> Answer:
        _demand_body(asked)
        self._last_id += 1
        self.notes.append({"id": self._last_id, "body": asked["body"], "user": _user(account)})
        return Answer.of_json(self.notes[-1], 201)

    def _edit(self, number: int, asked: Json, account: Account) -> Answer:
        _demand_body(asked)
        for note in self.notes:
            if note["id"] == number:
                if note["user"]["login"] != account.login:
                    raise RefusalError(403, {"message": "Must have admin rights to Repository."})
                note["body"] = asked["body"]
                return Answer.of_json(note)
        raise RefusalError(404, {"message": "Not Found"})

    def _content(self, path: str, request: RecordedRequest) -> Answer:
        file = next((file for file in self.files if file.path == path and file.status != "removed"), None)
        if file is None or request.query.get("ref") not in self.commits:
            raise RefusalError(404, {"message": "Not Found"})
        if request.headers.get("accept") != "application/vnd.github.raw+json":
            return Answer.of_json({"type": "file", "encoding": "base64"})
        return Answer(pieces=(file.text.encode(),), content_type="application/vnd.github.raw+json; charset=utf-8")


def _user(account: Account) -> Json:
    if account.app:
        return {"login": f"{account.login}[bot]", "type": "Bot", "id": account.id}
    return {"login": account.login, "type": "User", "id": account.id}


def _told(file: ImitatedFile) -> Json:
    told: Json = {"filename": file.path, "status": file.status}
    if file.status == "renamed":
        told["previous_filename"] = file.before
    return told if file.patch is None else {**told, "patch": file.patch}


def _demand_body(asked: Json) -> None:
    body = asked.get("body")
    if not isinstance(body, str) or not body.strip():
        _unprocessable("body can't be blank")
    if len(body) > LIMIT:
        _unprocessable(f"body is too long (maximum is {LIMIT} characters)")


def _unprocessable(why: str) -> None:
    raise RefusalError(422, {"message": "Unprocessable Entity", "errors": [why]})
