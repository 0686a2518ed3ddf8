"""A real browser on the browser UI.

``frontend``   everything on the fake gateway, started once; its state is fresh for every test
``ringi``      the embedded run with demo data, of each file that asks for it; ``desk`` opens pages on it
``open_page``  ``await open_page("approver", theme="dark", locale="en", size=PHONE, script=False)``: a signed-in page.
               With ``stopped_clock`` no timer of its documents fires before ``page.clock.run_for``, however slow the
               machine: neither the end of the time to undo, nor one that a script needs before it takes keys

Every page is watched: a violation of the content security policy or an error on the console fails the test.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect

from frontend.ui.build import build
from tests.deploy.conftest import Run
from tests.support.fake_gateway import PASSWORD
from tests.support.frontend import RunningFrontend, running_frontend

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK, PHONE = (1440, 900), (375, 812)
LANGUAGES = {"ja": "ja-JP", "en": "en-GB"}
# Tests wait for conditions and never assert how long something took: a slow machine must not fail one.
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)
SYSTEM_PATIENCE_MS = 60_000
"""Of the embedded run, whose services, workflows and broker share the machine."""
DEMO_PASSWORD = "ringi-demo-2026"

OpenPage = Callable[..., Awaitable[Page]]


@dataclass
class Watch:
    """What a page complained about. Failed loads are expected where a test makes something fail."""

    complaints: list[str] = field(default_factory=list)
    expects_failures: bool = False

    def fault(self, error: object) -> None:
        """An error that no script caught. Chromium reports its own when a page is left before the view transition that
        brought it has run; that is nobody's fault."""
        if not str(error).startswith("Transition was "):
            self.complaints.append(str(error))

    def hear(self, message: ConsoleMessage) -> None:
        is_load = "Failed to load resource" in message.text or "htmx:" in message.text
        if message.type == "error" and not (is_load and self.expects_failures):
            self.complaints.append(message.text)


@pytest.fixture(scope="session")
def frontend_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFrontend]:
    build()
    with running_frontend(tmp_path_factory.mktemp("frontend")) as running:
        yield running


@pytest.fixture
def frontend(frontend_servers: RunningFrontend) -> RunningFrontend:
    frontend_servers.gateway.reset()
    return frontend_servers


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    if shutil.which(CHROMIUM) is None:
        pytest.fail("Chromium is needed: apt-get install chromium fonts-noto-cjk")
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        await launched.close()


@pytest.fixture
async def watch() -> AsyncIterator[Watch]:
    watching = Watch()
    yield watching
    assert watching.complaints == []


@pytest.fixture
async def open_page(browser: Browser, frontend: RunningFrontend, watch: Watch) -> AsyncIterator[OpenPage]:
    contexts = []

    async def open_(
        user: str | None,
        path: str = "/",
        *,
        theme: str = "light",
        locale: str = "ja",
        size: tuple[int, int] = DESK,
        script: bool = True,
        stopped_clock: bool = False,
    ) -> Page:
        context = await browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale=LANGUAGES[locale],
            color_scheme=theme,  # type: ignore[arg-type]  # "light" or "dark"
            java_script_enabled=script,
            base_url=frontend.url,
        )
        contexts.append(context)
        page = await context.new_page()
        page.on("console", lambda message: watch.hear(message))
        page.on("pageerror", watch.fault)
        if stopped_clock:
            await page.clock.install()
            await page.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))
        if user is not None:
            await sign_in(page, user)
        await page.goto(path)
        return page

    yield open_
    for context in contexts:
        await context.close()


@pytest.fixture(scope="module")
def ringi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    run = Run(tmp_path_factory.mktemp("ringi") / "home")
    started = run.ringi("up", "--detach", RINGI_DEMO_PASSWORD=DEMO_PASSWORD)
    assert started.returncode == 0, started.stdout + started.stderr
    yield run
    run.ringi("down")


@pytest.fixture
async def desk(browser: Browser, ringi: Run, watch: Watch) -> AsyncIterator[OpenPage]:
    """``await desk("approver", "/absences", theme="dark", locale="en")``: a page of the embedded run, signed in unless
    the user is None."""
    contexts = []

    async def open_(user: str | None, path: str = "/", *, theme: str = "light", locale: str = "ja") -> Page:
        context = await browser.new_context(
            viewport={"width": DESK[0], "height": DESK[1]},
            locale=LANGUAGES[locale],
            color_scheme=theme,  # type: ignore[arg-type]  # "light" or "dark"
            base_url=f"http://localhost:{ringi.port}",
        )
        contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(SYSTEM_PATIENCE_MS)
        page.on("console", lambda message: watch.hear(message))
        page.on("pageerror", watch.fault)
        if user is not None:
            await sign_in(page, user, DEMO_PASSWORD)
            await page.goto(path)
        return page

    yield open_
    for context in contexts:
        await context.close()


async def sign_in(page: Page, user: str, password: str = PASSWORD) -> None:
    """Send the form and wait for its answer: a `goto` before that would cancel it, or come without the session."""
    await page.goto("/login")
    await page.fill("#login-email", f"{user}@ringi.example")
    await page.fill("#login-password", password)
    async with page.expect_navigation(wait_until="commit"):
        await page.click("form[action='/login'] button")
