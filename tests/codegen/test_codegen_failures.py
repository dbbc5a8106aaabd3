"""Answers that are errors."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.errors import AgentError, CredentialError, GenloomError, UsageError
from genloom.tools.codegen.http.answer import Answer
from genloom.tools.codegen.http.failures import may_have_worked, response_error, worth_repeating


def error_of(status: int, body: object = None, **headers: str) -> GenloomError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = Answer(status=status, headers=named, content=json.dumps(body).encode())
    return response_error(answer, doing="ask", secret="s3cret-token")


@pytest.mark.parametrize(
    ("status", "kind"),
    [(402, "payment"), (408, "timeout"), (418, "bad_request"), (429, "rate_limit"), (500, "server"), (504, "timeout")],
)
def test_each_status_has_its_kind(status: int, kind: str) -> None:
    """The kind tells what may help; status and `Retry-After` stand beside it."""
    error = error_of(status, {"message": "Told so.", "status_code": status}, retry_after="7")
    assert isinstance(error, AgentError)
    assert (error.kind, error.status, error.retry_after) == (kind, status, 7.0)
    assert "Told so" in error.message


@pytest.mark.parametrize(("status", "kind"), [(401, CredentialError), (403, CredentialError), (404, UsageError)])
def test_refusals_are_errors_of_their_own(status: int, kind: type[GenloomError]) -> None:
    """A refused token and a wrong request are told apart, and each says what to do."""
    error = error_of(status, {"detail": "No."})
    assert isinstance(error, kind)
    assert error.hint


def test_a_validation_error_names_the_field() -> None:
    """FastAPI's list of details becomes one readable line."""
    error = error_of(422, {"detail": [{"loc": ["body", "prompt"], "msg": "Field required", "type": "missing"}]})
    assert isinstance(error, UsageError)
    assert "body.prompt: Field required" in error.message


@given(
    st.integers(min_value=300, max_value=599),
    st.recursive(
        st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    ),
)
def test_any_error_body_gives_a_short_error_without_the_token(status: int, body: object) -> None:
    """Whatever the server sends, the message is bounded and the token cut out of it."""
    error = error_of(status, {"message": body, "detail": ["s3cret-token", body]}, x_request_id="r-1\n!")
    assert len(error.message) < 1000
    assert "s3cret-token" not in f"{error!r} {error.message} {error.hint}"


def test_the_request_id_and_the_redirects_host_are_told() -> None:
    """A support request needs the id; a redirect names the host that did not get the token."""
    assert "request r-17" in error_of(500, {}, x_request_id="r-17").message
    moved = error_of(307, None, location="https://evil.example/v1?x=1")
    assert isinstance(moved, AgentError)
    assert moved.kind == "malformed"
    assert "evil.example" in moved.message


def test_only_a_clear_refusal_means_that_nothing_happened() -> None:
    """After 4xx and redirects a create surely did not work; after 5xx, a timeout or garbled success it may have."""
    sure = [error_of(status) for status in (307, 402, 418, 429)]
    doubtful = [error_of(status) for status in (408, 500, 503, 504)]
    doubtful += [AgentError("x", kind="timeout"), AgentError("x", kind="malformed", status=200)]
    assert not any(may_have_worked(error) for error in sure if isinstance(error, AgentError))
    assert all(may_have_worked(error) and worth_repeating(error) for error in doubtful if isinstance(error, AgentError))
