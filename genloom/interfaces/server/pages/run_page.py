"""The run page over HTTP: HTML without a script, for whoever holds a link that is signed and has not expired."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from fastapi import APIRouter
from markupsafe import Markup
from starlette.responses import HTMLResponse

from genloom.interfaces.server.pages.links import PAGE_PATH, PageLinks
from genloom.interfaces.server.pages.view import MOST_STEPS, RunView, run_view
from genloom.interfaces.server.storage import LogRecord, RunRecord

__all__ = ["REFRESH_SECONDS", "render_refusal", "render_run", "run_page_router"]

REFRESH_SECONDS = 5
_LARGEST = 2**63 - 1


def run_page_router(storage: Any, links: PageLinks) -> APIRouter:  # Any: storage, as wide as its two queries here
    """Return the router that serves the page. A link that is forged, expired or of a run that is gone gives 404: nothing
    tells them apart."""
    router = APIRouter()
    rendering = asyncio.Semaphore(1)

    @router.head(f"{PAGE_PATH}/{{run_id}}", include_in_schema=False)
    @router.get(f"{PAGE_PATH}/{{run_id}}", include_in_schema=False)
    async def page(run_id: str, organization: str = "", expires: str = "", signature: str = "") -> HTMLResponse:
        numbers = _numbers(organization, run_id, expires)
        if numbers is None or not links.allows(*numbers, signature):
            return _answer(render_refusal(), 404)
        async with rendering:  # in a thread, since a large page takes a moment, and one at a time
            found = await _read(storage, numbers[0], numbers[1])
            html = None if found is None else await asyncio.to_thread(_rendered, *found)
        return _answer(render_refusal(), 404) if html is None else _answer(html, 200)

    return router


async def _read(storage: Any, organization_id: int, run_id: int) -> tuple[RunRecord, Sequence[LogRecord], int] | None:
    """Return a run with its newest steps, oldest first, and how many it has."""
    run = await storage.runs.get(organization_id, run_id)
    if run is None:
        return None
    newest, total = await storage.logs.page(organization_id, run_id, skip=0, limit=MOST_STEPS, reverse=True)
    return run, tuple(reversed(newest)), total


def _rendered(run: RunRecord, logs: Sequence[LogRecord], total_logs: int) -> str:
    return render_run(run_view(run, logs, total_logs))


def render_run(view: RunView) -> str:
    """Return the page of a run. Every text in the view is escaped."""
    return _templates().get_template("run.html").render(view=view, style=_style(), refresh_seconds=REFRESH_SECONDS)


def render_refusal() -> str:
    """Return the page of a link that does not work."""
    return _templates().get_template("refused.html").render(style=_style())


def _numbers(organization: str, run_id: str, expires: str) -> tuple[int, int, int] | None:
    texts = (organization, run_id, expires)
    if not all(text.isascii() and text.isdecimal() and len(text) <= 19 for text in texts):
        return None
    numbers = (int(organization), int(run_id), int(expires))
    return numbers if max(numbers) <= _LARGEST else None


def _answer(html: str, status: int) -> HTMLResponse:
    return HTMLResponse(html, status, headers=_headers())


@cache
def _headers() -> dict[str, str]:
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{digest}'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


@cache
def _style() -> Markup:
    """The style sheet, our own and static: the one text that is markup already."""
    return Markup(_text("page.css"))  # noqa: S704 - a file of this package


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, loader=jinja2.FunctionLoader(_text), auto_reload=False
    )


def _text(name: str) -> str:
    return files("genloom.interfaces.server.pages").joinpath(name).read_text(encoding="utf-8")
