"""A real browser on the real page of the real server.

A test fails when the page writes an error or a warning into the console, throws, or breaks its Content
Security Policy, unless the test said beforehand which message it provokes (`window.expects`).
"""

import itertools
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright
from tests.e2e.photos import add_broken
from tests.e2e.serving import Serving, serve

# Left out rather than skipped: that no screenshots were asked for is no gap in the proof.
collect_ignore = [] if os.environ.get("FACEKEEP_SCREENSHOTS") else ["test_page_screenshots.py"]

ARGUMENTS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# A machine that runs other things as well may take its time.
expect.set_options(timeout=15_000)

DESKTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}


@dataclass(slots=True)
class Window:
    """A page in a browser context of its own, and what went wrong in it."""

    page: Page
    context: BrowserContext
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expects(self, pattern: str) -> None:
        """A complaint that this test provokes on purpose, as a regular expression."""
        self.expected.append(pattern)

    def unexpected(self) -> list[str]:
        return [one for one in self.complaints if not any(re.search(each, one) for each in self.expected)]


Open = Callable[..., Window]

_numbers = itertools.count()


@pytest.fixture(scope="session")
def built_page(repo_root: Path) -> Path:
    """The page as its build made it."""
    page = repo_root / "src/facekeep/api/page/index.html"
    if not page.is_file():
        pytest.fail("the page is not built: run script/setup")
    return page


@pytest.fixture(scope="session")
def ground() -> Iterator[Path]:
    """A temporary folder that the database's unprivileged user can enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="facekeep-e2e-"))
    folder.chmod(0o755)
    (folder / "system").mkdir(mode=0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def photos(shared_photos: Path, ground: Path) -> Path:
    """The real photographs and a few files that only look like photos."""
    folder = ground / "Photos"
    shutil.copytree(shared_photos, folder)
    add_broken(folder)
    return folder


@pytest.fixture(scope="session")
def library(photos: Path, ground: Path, built_page: Path) -> Iterator[Serving]:
    """A server that has looked at all the photographs. Tests share it, each with people of its own."""
    serving = serve(ground, photos, name="library")
    try:
        serving.wait_until_idle(photos=100)
        yield serving
    finally:
        serving.stop()


@pytest.fixture(scope="module")
def fresh(ground: Path, built_page: Path) -> Iterator[Serving]:
    """A server that knows no photos yet; one per module, so a module's tests go from less to more."""
    serving = serve(ground, name=f"fresh-{next(_numbers)}")
    try:
        yield serving
    finally:
        serving.stop()


# One per module: while it is open an event loop counts as running, which other tests may mind.
@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium_path, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def open_window(browser: Browser) -> Iterator[Open]:
    """Opens windows: `open_window(url, phone=True, dark=True)`. Their complaints fail the test at its end."""
    windows: list[Window] = []

    def opened(
        url: str, *, phone: bool = False, dark: bool = False, sharp: bool = False, moving: bool = False
    ) -> Window:
        context = browser.new_context(
            viewport=PHONE if phone else DESKTOP,  # type: ignore[arg-type]
            device_scale_factor=2 if sharp else 1,
            is_mobile=phone,
            has_touch=phone,
            color_scheme="dark" if dark else "light",
            reduced_motion="no-preference" if moving else "reduce",
        )
        context.set_default_timeout(15_000)
        window = Window(context.new_page(), context)
        windows.append(window)
        _listen(window)
        window.page.goto(url)
        return window

    yield opened
    for window in windows:
        window.context.close()
    complaints = [complaint for window in windows for complaint in window.unexpected()]
    assert complaints == []


def _listen(window: Window) -> None:
    def console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            window.complaints.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    window.page.on("console", console)
    window.page.on("pageerror", lambda error: window.complaints.append(f"thrown: {error}"))
