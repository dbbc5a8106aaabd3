"""The connection to a code host: bounded, patient where that helps, and silent about its token."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator

import pytest
from forges import FILES, PACING, SERVERS, Server, post, settings_for, with_forge
from imitated_github import ImitatedGitHub

from genloom.errors import CredentialError, ForgeError, GenloomError, UsageError
from genloom.testing import Fault
from genloom.testing.exchange import Answer
from genloom.tools.scm.connection import _next_query
from genloom.tools.scm.remote import open_forge, project_of_address


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with SERVERS[request.param](*FILES) as running:
        yield running


def read(server: Server, **changes: object) -> str:
    return with_forge(server, lambda forge: forge.pull_request(7), **changes).title


def failing(server: Server, *faults: Fault) -> GenloomError:
    server.set_faults(faults)
    with pytest.raises(GenloomError) as caught:
        read(server)
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind"), [(401, CredentialError), (403, CredentialError), (404, UsageError), (422, UsageError)]
)
def test_refusals_are_told_at_once(server: Server, status: int, kind: type[GenloomError]) -> None:
    """By their kind, with the host's own words, and asked once."""
    error = failing(server, Fault(status=status, body='{"message": "no <such> luck"}'))
    assert isinstance(error, kind)
    assert "no <such> luck" in error.message
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=502),
        Fault(cut=True),
        Fault(truncate=True),
        Fault(status=429),
        Fault(
            status=403, body='{"message": "You have exceeded a secondary rate limit."}', headers={"Retry-After": "0"}
        ),
        Fault(status=403, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "0"}),
    ],
)
def test_what_may_pass_is_tried_again(server: Server, fault: Fault) -> None:
    """Twice it fails, the third time it works."""
    server.set_faults([fault, fault])
    assert read(server) == "Add pairs"
    assert len(server.requests) == 3


def test_what_does_not_pass_is_told_after_some_tries(server: Server) -> None:
    """With its kind and status."""
    error = failing(server, *[Fault(status=503)] * 9)
    assert isinstance(error, ForgeError)
    assert (error.kind, error.status, len(server.requests)) == ("server", 503, 3)


@pytest.mark.parametrize("said", ["how long", "until when"])
def test_a_long_wait_is_told_and_not_waited_for(server: Server, said: str) -> None:
    """Nor is the host asked again before."""
    until = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 3600)}
    error = failing(server, Fault(status=429, headers={"Retry-After": "3600"} if said == "how long" else until))
    assert isinstance(error, ForgeError)
    assert error.kind == "rate_limit"
    assert error.retry_after is not None
    assert 3500 < error.retry_after <= 3600
    assert len(server.requests) == 1


@pytest.mark.parametrize("body", ["<html>", "null", "[]", '{"number": "x"}', "{", "[" * 100_000, b"\xff\xfe"])
def test_answers_that_cannot_be_used_are_told_without_their_text(server: Server, body: str | bytes) -> None:
    """They may be anybody's, a login page of a proxy for example."""
    error = failing(server, *[Fault(body=body)] * 3)
    assert isinstance(error, ForgeError)
    assert error.kind == "malformed"
    assert len(error.message) < 300


def test_an_answer_of_absurd_size_is_cut_off(server: Server) -> None:
    """It goes on for ever, and reading ends at the limit."""
    error = failing(server, *[Fault(endless=0)] * 3)
    assert "longer than 16 MB" in error.message


def test_a_redirect_is_not_followed(server: Server) -> None:
    """The token would go to whom it names."""
    with ImitatedGitHub() as elsewhere:
        error = failing(server, Fault(status=302, headers={"Location": f"{elsewhere.base_url}/x"}))
        assert "never sent on" in error.message
        assert elsewhere.requests == ()


def test_the_next_page_is_asked_of_the_same_host(server: Server) -> None:
    """Of the address in the header only the query counts; and pages that never end are no trap."""
    link = '<https://evil.example/x?page=2&per_page=100>; rel="next"'
    body = b"[]"

    class Endless(type(server)):  # type: ignore[misc]
        def answer(self, request: object) -> Answer:
            answer = super().answer(request)
            listed = answer.pieces[0].startswith(b"[")
            return Answer(pieces=(body,), headers={"Link": link}) if listed else answer

    with Endless(*FILES) as endless:
        with pytest.raises(UsageError, match="too many comments"):
            with_forge(endless, lambda forge: forge.issue_notes(3))
        assert len(endless.requests) == 20


@pytest.mark.parametrize(
    ("link", "query"),
    [
        ("", None),
        ('<https://h/x?page=1>; rel="first"', None),
        (
            '<https://h/x?page=1>; rel="first", <https://h/x?after=b%3D&n=1,2>; rel="next"',
            {"after": "b=", "n": "1,2"},
        ),
        ("<https://h/x?page=3>; rel=next", {"page": "3"}),
        ('<https://[h/x?page=3>; rel="next"', None),
        ("<>;<;>;rel=next,,;", None),
    ],
)
def test_links_to_the_next_page_are_read(link: str, query: dict[str, str] | None) -> None:
    """As RFC 8288 writes them; what is none is the last page."""
    assert _next_query(link) == query


def test_the_token_is_in_no_message_log_or_representation(
    server: Server, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Also where the host repeats it, and with all logging on."""
    caplog.set_level(logging.DEBUG)
    token = server.token
    told: list[str] = []
    for fault in (
        Fault(status=401, body=f'{{"message": "bad {token}"}}'),
        Fault(status=500, body=token),
        Fault(cut=True),
    ):
        error = failing(server, *[fault] * 5)
        told += [repr(error), str(error), error.hint, repr(error.__cause__), repr(error.__context__)]
    server.set_faults([])
    post(server)
    settings = settings_for(server)
    told += [repr(settings), repr(project_of_address(server.origin, settings)), caplog.text, *capfd.readouterr()]
    told += with_forge(server, _representations)
    assert all(token not in text for text in told)
    assert not [request for request in server.requests if token in request.target or token.encode() in request.body]


async def _representations(forge: object) -> list[str]:
    return [repr(forge), repr(vars(forge))]


@pytest.mark.parametrize("token", [None, "with\nline", "umlaut-ä-token"])
def test_a_token_that_is_missing_or_none_is_told_before_anything_is_sent(server: Server, token: str | None) -> None:
    """With the variable to set."""
    kind = next(kind for kind, imitation in SERVERS.items() if isinstance(server, imitation))
    with pytest.raises(CredentialError) as caught:
        read(server, **{f"{kind}_token": token})
    assert f"GENLOOM_{kind.upper()}_TOKEN" in caught.value.hint
    assert token is None or token not in str(caught.value)
    assert server.requests == ()


def test_a_server_that_is_not_there_is_told() -> None:
    """With the address, after the tries."""
    with ImitatedGitHub() as gone:
        settings = settings_for(gone)
        origin = gone.origin

    async def work() -> None:
        async with open_forge(project_of_address(origin, settings), settings, pacing=PACING) as forge:
            await forge.pull_request(7)

    with pytest.raises(ForgeError, match="no connection to http://127"):
        asyncio.run(work())
