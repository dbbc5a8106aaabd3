"""What a server, or whoever stands before it, can send: each ends as a typed error in bounded time and memory."""

from __future__ import annotations

import asyncio
import gzip
import json
import traceback
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from api_document import document

from genloom.errors import AgentError, CredentialError, GenloomError, UsageError
from genloom.testing import CodegenServer, Fault
from genloom.tools.codegen import AsyncCodegen, wire
from genloom.tools.codegen.http.failures import (
    AccessRefusedError,
    NotFoundError,
    RejectedError,
    TokenRefusedError,
    may_have_worked,
    worth_repeating,
)

ClientOf = Callable[..., AsyncCodegen]
GZIP = {"Content-Encoding": "gzip"}
RUN = b'{"id": 1, "organization_id": 1, "result": "done"}'


async def failure_of(fault: Fault, client_of: ClientOf, timeout: float = 10.0) -> GenloomError:
    with CodegenServer(faults=[fault]) as server:
        async with client_of(server, timeout=timeout) as client:
            with pytest.raises(GenloomError) as caught:
                await client.get_run(1)
        assert len(server.requests) == 1
        shown = "".join(traceback.format_exception(caught.value))
        assert server.token not in shown
    assert caught.value.hint
    return caught.value


BODIES: dict[str, tuple[type[wire.ErrorBody], type[GenloomError], str | None]] = {
    "APIRateLimitErrorResponse": (wire.APIRateLimitErrorResponse, AgentError, "rate_limit"),
    "AgentRunLimitReachedErrorResponse": (wire.AgentRunLimitReachedErrorResponse, AgentError, "payment"),
    "PermissionsErrorResponse": (wire.PermissionsErrorResponse, AccessRefusedError, None),
    "AgentRunNotFoundErrorResponse": (wire.AgentRunNotFoundErrorResponse, NotFoundError, None),
    "UserNotFoundErrorResponse": (wire.UserNotFoundErrorResponse, NotFoundError, None),
    "NoReposFoundInOrgErrorResponse": (wire.NoReposFoundInOrgErrorResponse, NotFoundError, None),
}


@pytest.mark.parametrize("name", BODIES)
async def test_a_documented_error_body_is_a_typed_error_that_says_what_the_server_said(
    name: str, client_of: ClientOf
) -> None:
    """Kind, message, the request's id in a field and in the text, and what to do next."""
    body, kind_of_error, kind = BODIES[name]
    told = body()
    fault = Fault(status=told.status_code, body=told.model_dump_json(), headers={"X-Request-Id": "req-17"})
    error = await failure_of(fault, client_of)
    assert type(error) is kind_of_error
    assert told.message.rstrip(".") in error.message
    assert "request req-17" in error.message
    assert isinstance(error, AgentError | RejectedError | AccessRefusedError)
    assert (error.status, error.request_id) == (told.status_code, "req-17")
    assert getattr(error, "kind", None) == kind


def test_no_documented_error_body_is_left_out() -> None:
    """Every answer but success that the document names is among those above, or is the validation error."""
    named = set()
    for methods in document()["paths"].values():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                if status != "200" and answer.get("content"):
                    named.add(answer["content"]["application/json"]["schema"]["$ref"].split("/")[-1])
    assert named == {*BODIES, "HTTPValidationError"}


async def test_a_validation_error_names_each_value(client_of: ClientOf) -> None:
    """The documented list of 422 becomes one line with the way to each value."""
    detail = (
        wire.ValidationError(loc=("body", "prompt"), msg="Field required", type="missing"),
        wire.ValidationError(loc=("body", "images", 0), msg="Not a data URI", type="value_error"),
    )
    body = wire.HTTPValidationError(detail=detail).model_dump_json()
    error = await failure_of(Fault(status=422, body=body), client_of)
    assert type(error) is RejectedError
    assert "body.prompt: Field required; body.images.0: Not a data URI" in error.message


async def test_a_refused_token_is_told_apart_from_missing_rights(client_of: ClientOf) -> None:
    """401 and 403 are errors about credentials with different advice."""
    refused = await failure_of(Fault(status=401), client_of)
    forbidden = await failure_of(Fault(status=403), client_of)
    assert isinstance(refused, TokenRefusedError)
    assert isinstance(forbidden, CredentialError)
    assert not isinstance(forbidden, TokenRefusedError)
    assert refused.hint != forbidden.hint


MALFORMED = {
    "not json": (Fault(body="id: 1"), "not JSON"),
    "cut json": (Fault(body='{"id": 1, "organi'), "cut short"),
    "html": (Fault(body="\n <!doctype html><p>502</p>"), "web page"),
    "null": (Fault(body=" null\n"), "`null`"),
    "empty": (Fault(body=""), "not JSON"),
    "a list": (Fault(body="[]"), "shape"),
    "a number": (Fault(body="7"), "shape"),
    "no id": (Fault(body='{"organization_id": 1}'), "id"),
    "a text as id": (Fault(body='{"id": "one", "organization_id": 1}'), "id"),
    "no utf-8": (Fault(body=b'{"id": 1, "organization_id": 1, "result": "\xff\xfe"}'), "not JSON"),
    "deep": (Fault(body='{"id": 1, "organization_id": 1, "metadata": {"a": ' + "[" * 100_000), "not JSON"),
    "huge number": (Fault(body='{"id": ' + "9" * 100_000 + ', "organization_id": 1}'), "not JSON"),
    "no gzip": (Fault(body=RUN, headers=GZIP), "not compressed as it says"),
    "half a gzip": (Fault(body=gzip.compress(RUN)[:-12], headers=GZIP), "cut short"),
    "unknown packing": (Fault(body=RUN, headers={"Content-Encoding": "br"}), "not asked for"),
    "gzip in gzip": (
        Fault(body=gzip.compress(gzip.compress(RUN)), headers={"Content-Encoding": "gzip, gzip"}),
        "not asked",
    ),
    "too long": (Fault(body=" " * (16 * 2**20 + 1)), "longer than 16 MB"),
    "redirect": (Fault(status=302, headers={"Location": "http://127.0.0.1:9/x"}), "redirects"),
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_an_answer_that_cannot_be_used_says_what_is_wrong_with_it(name: str, client_of: ClientOf) -> None:
    """Kind `malformed`, what the answer looks like, and nothing of what stood in it."""
    fault, looks = MALFORMED[name]
    error = await failure_of(fault, client_of)
    assert isinstance(error, AgentError)
    assert error.kind == "malformed"
    assert looks in error.message
    assert len(error.message) < 700


@pytest.mark.parametrize("packed", [gzip.compress(RUN), zlib.compress(RUN)], ids=["gzip", "zlib"])
async def test_a_packed_answer_is_unpacked(packed: bytes, client_of: ClientOf) -> None:
    """What was asked for is understood."""
    with CodegenServer(faults=[Fault(body=packed, headers=GZIP)]) as server:
        async with client_of(server) as client:
            assert (await client.get_run(1)).result == "done"
        assert server.requests[0].headers["accept-encoding"] == "gzip"


async def test_a_gzip_bomb_costs_no_more_memory_than_an_answer_may_have(client_of: ClientOf) -> None:
    """A quarter of a gigabyte in a quarter of a megabyte is given up at the limit, not unpacked first."""
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(256)) + packer.flush()
    assert len(bomb) < 2**20
    tracemalloc.start()
    try:
        error = await failure_of(Fault(body=bomb, headers=GZIP), client_of, timeout=60.0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "longer than 16 MB" in error.message
    assert peak < 64 * 2**20


@pytest.mark.parametrize("status", [401, 403, 404, 422, 429, 500])
async def test_a_refusal_with_a_bomb_as_its_body_stays_a_refusal(status: int, client_of: ClientOf) -> None:
    """The status says enough; the body is left out."""
    bomb = gzip.compress(bytes(20 * 2**20))
    error = await failure_of(Fault(status=status, body=bomb, headers=GZIP), client_of, timeout=30.0)
    assert not isinstance(error, AgentError) or error.status == status


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(hang=True), "timeout"),
        (Fault(delay=30.0), "timeout"),
        (Fault(body=RUN, endless=0.05), "timeout"),
        (Fault(status=500, endless=0.05), "timeout"),
        (Fault(body=RUN, endless=0.0), "malformed"),
        (Fault(cut=True), "connection"),
        (Fault(truncate=True, body=RUN), "connection"),
    ],
)
async def test_an_answer_that_never_comes_or_never_ends_is_given_up(
    fault: Fault, kind: str, client_of: ClientOf
) -> None:
    """A hang, a slow drip, a flood and a cut each end by themselves, long before the test's own limit."""
    async with asyncio.timeout(30):
        error = await failure_of(fault, client_of, timeout=0.5 if kind == "timeout" else 20.0)
    assert isinstance(error, AgentError)
    assert error.kind == kind
    assert may_have_worked(error)
    assert worth_repeating(error)


async def test_a_request_after_a_bad_answer_goes_through(client_of: ClientOf) -> None:
    """No fault leaves a connection in a state that the next request stumbles over."""
    faults = [
        Fault(body=RUN, endless=0.0),
        None,
        Fault(truncate=True, body=RUN),
        None,
        Fault(body=gzip.compress(bytes(20 * 2**20)), headers=GZIP),
        None,
        Fault(body=" " * (17 * 2**20)),
        None,
    ]
    with CodegenServer(faults=[None, *faults]) as server:
        async with client_of(server) as client:
            created = await client.create_run("p")
            for fault in faults:
                if fault is None:
                    assert (await client.get_run(created.id)).id == created.id
                else:
                    with pytest.raises(AgentError):
                        await client.get_run(created.id)


async def test_a_request_after_one_that_hung_goes_through(client_of: ClientOf) -> None:
    """What was given up without an answer holds up nobody."""
    with CodegenServer(faults=[None, Fault(hang=True)]) as server:
        async with client_of(server, timeout=1.0) as client:
            created = await client.create_run("p")
            with pytest.raises(AgentError):
                await client.get_run(created.id)
            assert (await client.get_run(created.id)).id == created.id


async def test_a_redirect_to_another_host_is_not_asked_with_or_without_the_token(client_of: ClientOf) -> None:
    """No status of the 3xx, and no address in it, makes the client ask elsewhere."""
    for status in (300, 301, 302, 303, 307, 308):
        with CodegenServer() as other:
            location = {"Location": f"{other.base_url}/v1/organizations/1/agent/run/1"}
            error = await failure_of(Fault(status=status, headers=location), client_of)
            assert isinstance(error, AgentError)
            assert other.requests == ()


async def test_the_request_id_of_an_answer_of_the_wrong_shape_is_told(client_of: ClientOf) -> None:
    """A success that cannot be used has an id, too, for whoever looks into the server's log."""
    error = await failure_of(Fault(body="{}", headers={"X-Request-Id": "req-9"}), client_of)
    assert isinstance(error, AgentError)
    assert error.request_id == "req-9"
    assert "request req-9" in error.message


async def test_one_field_of_the_wrong_kind_in_a_page_names_its_place(client_of: ClientOf) -> None:
    """Where the shape is wrong is told, what stood there is not."""
    page = {"items": [{"id": 1, "organization_id": 1}, {"id": "hunter2", "organization_id": 1}]}
    with CodegenServer(faults=[Fault(body=json.dumps(page))]) as server:
        async with client_of(server) as client:
            with pytest.raises(AgentError, match=r"items\.1\.id") as caught:
                await client.list_runs()
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_errors_are_of_the_one_tree() -> None:
    """Whoever catches the tree's own classes catches these, too."""
    assert issubclass(NotFoundError, UsageError)
    assert issubclass(TokenRefusedError, CredentialError)
