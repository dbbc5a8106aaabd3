"""The bound of a body holds for what really comes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive

from genloom.interfaces.server.admission.sizes import BodyBudget, BoundedBody, declared_size
from genloom.interfaces.server.errors import ApiError

ROOM = BodyBudget(10**9)


def pieces(parts: Iterable[bytes], *, ended: bool = True) -> Receive:
    told: list[Message] = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    told += [{"type": "http.request", "body": b"", "more_body": False}] if ended else []

    async def receive() -> Message:
        if not told:
            await asyncio.Event().wait()
        return told.pop(0)

    return receive


async def read(receive: Receive) -> bytes:
    whole = b""
    while True:
        message = await receive()
        whole += message["body"]
        if not message["more_body"]:
            return whole


@given(st.lists(st.binary(max_size=20), max_size=10), st.integers(0, 60))
def test_what_fits_comes_whole_and_what_does_not_is_refused(parts: list[bytes], most: int) -> None:
    """However it is cut into pieces."""
    body = BoundedBody(pieces(parts), ROOM, bytes_at_most=most, seconds=60)
    whole = b"".join(parts)
    if len(whole) <= most:
        assert asyncio.run(read(body)) == whole
        return
    with pytest.raises(ApiError) as caught:
        asyncio.run(read(body))
    assert caught.value.status == 413


async def test_a_body_that_does_not_come_is_given_up() -> None:
    """408 after the time for all of it."""
    body = BoundedBody(pieces([b"a"], ended=False), ROOM, bytes_at_most=10, seconds=0.05)
    with pytest.raises(ApiError) as caught:
        await read(body)
    assert caught.value.status == 408


async def test_a_client_that_waits_for_its_answer_is_not_hurried() -> None:
    """The time counts until the body is there, not beyond."""
    body = BoundedBody(pieces([b"a"]), ROOM, bytes_at_most=10, seconds=0.5)
    await read(body)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.7):
            await body()


async def test_half_an_answer_is_not_followed_by_an_error() -> None:
    """A stream's client that never ends its request counts as gone."""
    body = BoundedBody(pieces([], ended=False), ROOM, bytes_at_most=10, seconds=0.05, answering=lambda: True)
    assert (await body())["type"] == "http.disconnect"


@pytest.mark.parametrize(
    ("lengths", "status"),
    [([], None), (["10"], None), (["0010"], None), (["11"], 413), (["9" * 5000], 413), (["-1"], 400), (["x"], 400)],
)
def test_a_declared_length_is_believed_when_it_is_too_large(lengths: list[str], status: int | None) -> None:
    """Nothing of such a body is read."""
    refusal = declared_size(lengths, 10)
    assert (None if refusal is None else refusal.status) == status


@given(st.lists(st.integers(0, 30), max_size=12), st.integers(0, 100))
def test_all_bodies_together_have_a_bound(sizes: list[int], most: int) -> None:
    """Whoever comes when there is no room is told to come again; what was read is given back at the end."""
    budget, held = BodyBudget(most), list[tuple[BoundedBody, int]]()
    for size in sizes:
        body = BoundedBody(pieces([b"a" * size]), budget, bytes_at_most=100, seconds=60)
        if sum(other for _, other in held) + size <= most:
            assert len(asyncio.run(read(body))) == size
            held.append((body, size))
            continue
        with pytest.raises(ApiError) as caught:
            asyncio.run(read(body))
        assert caught.value.status == 503
        body.let_go()
        if held:
            held.pop()[0].let_go()
    for body, _ in held:
        body.let_go()
    assert budget.held == 0
