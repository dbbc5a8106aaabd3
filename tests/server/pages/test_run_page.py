"""The run page over HTTP, and in a real browser."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from run_record import HIDDEN, HOSTILE, run_record

from genloom.interfaces.server.pages import run_page
from genloom.interfaces.server.pages.links import PageLinks
from genloom.interfaces.server.pages.run_page import REFRESH_SECONDS, run_page_router
from genloom.interfaces.server.pages.view import RunView
from genloom.interfaces.server.storage import RunRecord, Storage
from genloom.tools.codegen.wire import CreateAgentRunInput

if TYPE_CHECKING:
    from running_server import RunningServer

SECRET = b"s" * 32
MINUTE = 60.0


class Pages:
    """A server with run pages, and links to them."""

    def __init__(self, serve: Callable[..., RunningServer]) -> None:
        self.now = 1_800_000_000.0
        self.links = PageLinks(SECRET, "", seconds=10 * MINUTE, clock=lambda: self.now)
        self.server = serve(parts=lambda storage: {"routers": [run_page_router(storage, self.links)]})

    def begun(self, prompt: str = "Double a number") -> RunRecord:
        """A run that is being worked on."""

        async def begin(storage: Storage) -> RunRecord:
            await storage.runs.create(1, 1, CreateAgentRunInput(prompt=prompt), graph="generation", most_queued=100)
            leased = await storage.runs.lease("a worker")
            assert leased is not None
            return leased

        return self.server.do(begin)

    def ended(self, text: str = "plain") -> RunRecord:
        """A run that completed, with that text wherever a model's or caller's text can stand."""
        run, told = self.begun(text), dict(run_record().outcome or {})
        told = {**told, "reason": text, "diff": f"+{text}\n-{text}"}
        entry = {"message_type": text, "tool_name": text, "thought": text, "tool_output": {"x": text}}

        async def end(storage: Storage) -> None:
            await storage.logs.append(1, run.id, run.lease_epoch, [entry])
            done = await storage.runs.finish(
                run.id, run.lease_epoch, status="completed", result=text, summary=text, outcome=told
            )
            assert done

        self.server.do(end)
        return run

    def url(self, run: RunRecord, *, organization: int = 1) -> str:
        return self.server.base_url + self.links.url(organization, run.id)

    def get(self, url: str) -> httpx.Response:
        return httpx.get(url, trust_env=False)


@pytest.fixture
def pages(serve: Callable[..., RunningServer]) -> Pages:
    return Pages(serve)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestOverHttp:
    def test_a_link_needs_no_key_and_lets_nothing_run_or_leak(self, pages: Pages) -> None:
        answer = pages.get(pages.url(pages.ended()))
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "unsafe" not in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"

    def test_who_asks_for_the_head_alone_gets_it(self, pages: Pages) -> None:
        url = pages.url(pages.ended())
        for asked in (url, url.replace("signature=", "signature=0"), f"{pages.server.base_url}/healthz"):
            head = httpx.head(asked, trust_env=False)
            assert (head.status_code, head.content) == (pages.get(asked).status_code, b"")

    def test_others_are_answered_while_a_page_is_made(self, pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
        began, answered, real = threading.Event(), threading.Event(), run_page.render_run

        def slow(view: RunView) -> str:
            began.set()
            assert answered.wait(30)
            return real(view)

        monkeypatch.setattr(run_page, "render_run", slow)
        with ThreadPoolExecutor(1) as pool:
            page = pool.submit(pages.get, pages.url(pages.ended()))
            assert began.wait(30)
            assert pages.get(f"{pages.server.base_url}/healthz").status_code == 200
            answered.set()
            assert page.result().status_code == 200

    def test_no_link_opens_anything_but_its_own_run(self, pages: Pages) -> None:
        run = pages.ended()
        url = pages.url(run)
        wrong = [
            url.replace("signature=", "signature=0"),
            url.partition("&signature")[0],
            url.partition("?")[0],
            url.replace(f"/{run.id}?", f"/{run.id + 1}?"),
            url.replace("organization=1", "organization=2"),
            url.replace("expires=1", "expires=2"),
            url.replace("expires=1", f"expires={'9' * 5000}"),
            url.replace("signature=", "signature=%00%ff"),
            pages.url(run, organization=2),
        ]
        bodies = {(answer.status_code, answer.text) for answer in map(pages.get, wrong)}
        assert len(bodies) == 1
        assert bodies.pop()[0] == 404

    def test_a_link_expires(self, pages: Pages) -> None:
        url = pages.url(pages.ended())
        assert pages.get(url).status_code == 200
        pages.now += 12 * MINUTE
        assert pages.get(url).status_code == 404


@pytest.fixture
def browser() -> Iterator[Any]:  # Any: playwright's own types, which not everybody has
    """A real Chromium without a window."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium is installed")
    with api.sync_playwright() as driver:
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        running = driver.chromium.launch(executable_path=chromium, args=options)
        yield running
        running.close()


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestInABrowser:
    def test_verdict_checks_diff_and_steps_are_shown_in_our_style(self, pages: Pages, browser: Any) -> None:
        page = browser.new_page()
        page.goto(pages.url(pages.ended()))
        assert page.inner_text("#status") == "completed"
        assert page.inner_text("#verdict") == "passed"
        assert "double(2) == 4" in page.inner_text("#checks")
        assert page.inner_text("#diff").splitlines()[:2] == ["+plain", "-plain"]
        assert "plain" in page.inner_text("#steps")
        assert page.evaluate("getComputedStyle(document.body).maxWidth") == "960px"  # the policy lets our style through

    def test_hostile_text_does_not_run(self, pages: Pages, browser: Any) -> None:
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        url = pages.url(pages.ended(HOSTILE + HIDDEN))
        page.goto(url)
        page.wait_for_timeout(300)
        assert page.evaluate("window.hit") is None
        assert page.title() == "Run 1: completed"
        assert page.locator("script, img, svg, iframe, object, link, form").count() == 0
        assert HOSTILE in page.inner_text("#prompt")
        assert [request for request in asked if not request.endswith("/favicon.ico")] == [url]

    def test_even_a_script_in_the_page_would_not_run(self, pages: Pages, browser: Any) -> None:
        """The second line of defence, tried alone: the policy, on markup that is not escaped."""
        page = browser.new_page()
        page.route("**/agent/trace/**", lambda route: _with_script(route))
        page.goto(pages.url(pages.ended()))
        assert page.locator("script").count() == 1
        assert page.evaluate("window.hit") is None

    def test_page_of_a_run_under_way_reads_itself_again(self, pages: Pages, browser: Any) -> None:
        run = pages.begun()
        page = browser.new_page()
        page.goto(pages.url(run))
        assert page.inner_text("#status") == "in progress"
        pages.server.do(
            lambda storage: storage.runs.finish(
                run.id, run.lease_epoch, status="failed", result=None, summary="No draft passed."
            )
        )
        page.wait_for_selector("#status:has-text('failed')", timeout=(REFRESH_SECONDS + 20) * 1000)
        assert page.inner_text("#summary") == "No draft passed."

    def test_page_fits_a_phone_and_the_dark(self, pages: Pages, browser: Any) -> None:
        url = pages.url(pages.ended("x" * 500))
        light = browser.new_page(viewport={"width": 360, "height": 700}, color_scheme="light")
        dark = browser.new_page(viewport={"width": 360, "height": 700}, color_scheme="dark")
        colours = []
        for page in (light, dark):
            page.goto(url)
            assert page.evaluate("document.documentElement.scrollWidth") <= 360
            colours.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert colours == ["rgb(255, 255, 255)", "rgb(13, 17, 23)"]

    def test_an_expired_link_shows_nothing_of_the_run(self, pages: Pages, browser: Any) -> None:
        url = pages.url(pages.ended("a secret thought"))
        pages.now += 12 * MINUTE
        page = browser.new_page()
        assert page.goto(url).status == 404
        assert "does not work" in page.inner_text("h1")
        assert "secret thought" not in page.content()


def _with_script(route: Any) -> None:  # Any: playwright's own type
    answer = route.fetch()
    body = answer.text().replace("</main>", "<script>window.hit=1</script></main>")
    route.fulfill(response=answer, body=body)
