"""GitHub's answer to "get a pull request's diff", imitated on loopback. Nothing here was tried against GitHub itself."""

from __future__ import annotations

from genloom.testing.exchange import Answer, RecordedRequest
from genloom.testing.loopback import FaultSource, LoopbackServer

__all__ = ["GitHubServer"]


class GitHubServer(LoopbackServer):
    """As a GitHub Enterprise server: its API stands under /api/v3. One diff for every pull request of `octo/repo`."""

    def __init__(self, diff: str | bytes, *, token: str | None = None, faults: FaultSource = ()) -> None:
        super().__init__(faults=faults)
        self.diff = diff.encode() if isinstance(diff, str) else diff
        self.token = token

    @property
    def pull_request(self) -> str:
        """The address of a pull request."""
        return f"{self.base_url}/octo/repo/pull/7"

    def answer(self, request: RecordedRequest) -> Answer:
        """The diff, for who may read it and asks for that media type."""
        if self.token is not None and request.authorization != f"Bearer {self.token}":
            return Answer.of_json({"message": "Not Found"}, 404)
        if request.path != "/api/v3/repos/octo/repo/pulls/7" or request.method != "GET":
            return Answer.of_json({"message": "Not Found"}, 404)
        if request.headers.get("accept") != "application/vnd.github.diff":
            return Answer.of_json({"id": 1})
        return Answer(pieces=(self.diff,), content_type="application/vnd.github.diff; charset=utf-8")
