"""What is asked of a run, against what this server offers: refused at once rather than run in vain."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from genloom.errors import RequestError, UsageError
from genloom.interfaces.server.errors import ApiError, invalid
from genloom.interfaces.server.runs.graph_choice import graph_of
from genloom.interfaces.server.runs.run_request import check_follow_up, check_request
from genloom.interfaces.server.serving import Serving
from genloom.interfaces.server.storage import RunRecord
from genloom.tools.codegen.signature import SHORTEST_SECRET
from genloom.tools.codegen.wire import (
    CreateAgentRunInput,
    HTTPValidationError,
    ResumeAgentRunInput,
    ValidationError,
    WebhookOverride,
)
from genloom.tools.codegen.wire.webhooks import MAX_URL_CHARACTERS

__all__ = ["checked_address", "checked_creation", "checked_follow_up", "checked_resumption"]

MOST_WEBHOOKS = 5
LONGEST_NAME = 500

Problem = tuple[tuple[str | int, ...], str]


async def checked_creation(serving: Serving, asked: CreateAgentRunInput) -> str:
    """Return the graph that a run is for. Raises `ApiError` (422) naming all that this server does not take."""
    _refuse_all(_problems(serving, asked))
    await _refuse_request(serving, partial(check_request, asked))
    return graph_of(asked)


def checked_resumption(serving: Serving, asked: ResumeAgentRunInput) -> None:
    """Raise `ApiError` (422) naming all that this server does not take."""
    _refuse_all(_problems(serving, asked))


async def checked_follow_up(serving: Serving, run: RunRecord, asked: ResumeAgentRunInput) -> None:
    """Raise `ApiError` (422) for a prompt that a run which has ended cannot go on with."""
    if run.ended:
        await _refuse_request(serving, partial(check_follow_up, run, asked.prompt))


def checked_address(serving: Serving, url: str, secret: str | None, place: tuple[str | int, ...] = ("body",)) -> None:
    """Raise `ApiError` (422) for a webhook that could not be sent, or whose secret is too short to sign with."""
    _refuse_all(_wrong_webhook(serving, url, secret, place))


async def _refuse_request(serving: Serving, check: Callable[[], tuple[ValidationError, ...]]) -> None:
    """Check in a thread, one request at a time: reading a large prompt takes a moment, and others are answered meanwhile."""
    async with serving.checking:
        told = await asyncio.to_thread(check)
    if told:
        raise ApiError(422, HTTPValidationError(detail=told))


def _refuse_all(problems: Iterator[Problem]) -> None:
    found = tuple(problems)
    if found:
        raise invalid(*found)


def _problems(serving: Serving, asked: CreateAgentRunInput | ResumeAgentRunInput) -> Iterator[Problem]:
    settings = serving.settings
    if not asked.prompt.strip():
        yield ("body", "prompt"), "The prompt is empty."
    if len(asked.prompt) > settings.prompt_characters:
        yield ("body", "prompt"), f"The prompt is too long: at most {settings.prompt_characters} characters are taken."
    yield from _wrong_images(serving, asked.images or ())
    if isinstance(asked, CreateAgentRunInput) and len(asked.agent_type or "") > LONGEST_NAME:
        yield ("body", "agent_type"), f"At most {LONGEST_NAME} characters are taken."
    if asked.model is not None and asked.model not in settings.offered_models:
        yield ("body", "model"), "This server does not offer that model; GET …/models lists those that it does."
    yield from _wrong_webhooks(serving, asked.webhooks or ())


def _wrong_images(serving: Serving, images: Sequence[str]) -> Iterator[Problem]:
    most, size = serving.settings.images, serving.settings.image_characters
    if len(images) > most:
        yield ("body", "images"), f"At most {most} images are taken."
        return
    for index, image in enumerate(images):
        if len(image) > size:
            yield ("body", "images", index), f"The image is too large: at most {size} characters are taken."
        elif not image.startswith("data:"):
            yield ("body", "images", index), "The image is not a base64 data URI."


def _wrong_webhooks(serving: Serving, webhooks: Sequence[WebhookOverride]) -> Iterator[Problem]:
    if len(webhooks) > MOST_WEBHOOKS:
        yield ("body", "webhooks"), f"At most {MOST_WEBHOOKS} webhooks are taken."
        return
    for index, webhook in enumerate(webhooks):
        yield from _wrong_webhook(serving, webhook.url, webhook.secret, ("body", "webhooks", index))


def _wrong_webhook(serving: Serving, url: str, secret: str | None, place: tuple[str | int, ...]) -> Iterator[Problem]:
    try:
        if len(url) > MAX_URL_CHARACTERS:
            raise RequestError(f"A webhook's address has at most {MAX_URL_CHARACTERS} characters.")
        serving.check_url(url)
    except UsageError as error:
        yield (*place, "url"), f"{error.message} {error.hint}".strip()
    if secret is not None and not SHORTEST_SECRET <= len(secret) <= LONGEST_NAME:
        yield (*place, "secret"), f"A webhook's secret has {SHORTEST_SECRET} to {LONGEST_NAME} characters."
