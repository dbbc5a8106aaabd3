"""A run's pull request at GitHub: its address, and its diff fetched within bounds.

Asked are github.com, and the GitHub Enterprise server that `GENLOOM_GITHUB_URL` names; nothing else, and redirects are
not followed, so the token (`GENLOOM_GITHUB_TOKEN`, else `GITHUB_TOKEN`) goes to no other host. Source of the requests:
GitHub's REST API, "Get a pull request" with the media type `application/vnd.github.diff`.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from genloom.config import Settings
from genloom.errors import AgentError, BackendFailure
from genloom.tools.backoff import parse_retry_after
from genloom.tools.codegen.http.address import checked_address, sends_in_the_clear
from genloom.tools.codegen.http.answer import ACCEPT_ENCODING, Answer, UnreadableError, read_answer
from genloom.tools.codegen.pacing import Pacing, with_retries
from genloom.tools.http_status import failure_of_status

__all__ = ["FETCH_PACING", "MAX_DIFF_BYTES", "PullRequest", "fetch_diff", "find_pull_request"]

MAX_DIFF_BYTES = 4 * 1024 * 1024
FETCH_SECONDS = 30.0
FETCH_PACING = Pacing(attempts=3, retry_base=0.5, retry_cap=5.0, retry_after_cap=20.0)

_PUBLIC = "https://github.com"
_PATH = re.compile(r"/([A-Za-z0-9][A-Za-z0-9-]{0,99})/([A-Za-z0-9._-]{1,100})/pull/([0-9]{1,10})(?:/[a-z]*)?/?")
_DIFF_TYPES = ("application/vnd.github", "text/plain", "text/x-diff")


@dataclass(frozen=True, kw_only=True)
class PullRequest:
    """A pull request of a server that may be asked; `root` is the server's address, without a slash at its end."""

    root: str
    owner: str
    repository: str
    number: int

    @property
    def url(self) -> str:
        """Where a person looks at it."""
        return f"{self.root}/{self.owner}/{self.repository}/pull/{self.number}"

    @property
    def api_url(self) -> str:
        """Where the API tells of it."""
        api = "https://api.github.com" if self.root == _PUBLIC else f"{self.root}/api/v3"
        return f"{api}/repos/{self.owner}/{self.repository}/pulls/{self.number}"


def find_pull_request(url: str, settings: Settings) -> PullRequest | None:
    """Return the pull request of an address, `None` when it is none of a server that may be asked.

    Raises `UsageError` when the configured server's address is unusable.
    """
    roots = [_PUBLIC]
    if settings.github_url:
        roots.append(
            checked_address(
                settings.github_url, what="GitHub", variable="GENLOOM_GITHUB_URL", allow_http=settings.allow_http
            )
        )
    for root in roots:
        path = url.removeprefix(root)
        match = _PATH.fullmatch(path) if path != url else None
        if match and match[2] not in (".", ".."):
            return PullRequest(root=root, owner=match[1], repository=match[2], number=int(match[3]))
    return None


async def fetch_diff(request: PullRequest, settings: Settings, *, pacing: Pacing = FETCH_PACING) -> str:
    """Return the pull request's diff, 4 MB at most; by default it is tried up to three times.

    Raises `AgentError` when it cannot be had, with what to do; the token is in no message.
    """
    return await with_retries(lambda: _fetched(request, settings), pacing)


async def _fetched(request: PullRequest, settings: Settings) -> str:
    import httpx  # here: most runs end without a pull request

    # a proxy would see what is not encrypted
    open_client = httpx.AsyncClient(follow_redirects=False, trust_env=not sends_in_the_clear(request.api_url))
    headers = {
        "Accept": "application/vnd.github.diff",
        "X-GitHub-Api-Version": "2022-11-28",
        "User-Agent": "genloom",
        "Accept-Encoding": ACCEPT_ENCODING,
    }
    if settings.github_token:
        headers["Authorization"] = f"Bearer {settings.github_token}"
    try:
        async with (
            asyncio.timeout(FETCH_SECONDS),
            open_client as client,
            client.stream("GET", request.api_url, headers=headers) as response,
        ):
            answer = await read_answer(response, limit=MAX_DIFF_BYTES)
        return _diff_of(request, answer)
    except (TimeoutError, httpx.TimeoutException) as error:
        raise _failure(request, f"there was no complete answer within {FETCH_SECONDS:g} s", kind="timeout") from error
    except httpx.HTTPError as error:
        raise _failure(request, f"the connection failed ({type(error).__name__})", kind="connection") from error
    except (UnreadableError, UnicodeDecodeError) as error:
        why = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
        raise _failure(request, f"the server's answer {why}", kind="malformed") from error


def _diff_of(request: PullRequest, answer: Answer) -> str:
    if answer.status != 200:
        raise _refusal(request, answer)
    if not answer.headers.get("content-type", "").startswith(_DIFF_TYPES):
        raise UnreadableError("is no diff")
    return answer.content.decode("utf-8")


def _refusal(request: PullRequest, answer: Answer) -> AgentError:
    status, headers = answer.status, answer.headers
    if 300 <= status < 400:
        return _failure(request, "the server sends elsewhere, and the token is never sent on", kind="malformed")
    if status in (401, 403, 404) and headers.get("x-ratelimit-remaining") != "0":
        return _failure(
            request,
            f"the server answered {status}",
            kind="bad_request",
            hint="Set GENLOOM_GITHUB_TOKEN to a token that may read the repository's pull requests.",
        )
    if status == 406:
        return _failure(request, "it is too large for GitHub to tell", kind="bad_request")
    error = _failure(
        request,
        f"the server answered {status}",
        kind="rate_limit" if status in (403, 429) else failure_of_status(status),
    )
    error.retry_after = parse_retry_after(headers.get("retry-after"))
    return error


def _failure(request: PullRequest, why: str, *, kind: BackendFailure, hint: str = "") -> AgentError:
    return AgentError(
        f"The diff of {request.url} could not be read: {why}.", kind=kind, hint=hint or f"Look at {request.url}."
    )
