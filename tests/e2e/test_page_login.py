"""Logging in on the page: who comes from elsewhere is asked, goes in and out, and is told what they may not.

Elsewhere is played by the headers of a reverse proxy, which the browser sends with every request.
"""

import os
import re
import subprocess
import sys

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.conftest import Open, Window
from tests.e2e.serving import Serving

pytestmark = pytest.mark.browser

PASSWORD = "four plain dull words"
REFUSED = r"status of 40[0139]|status of 429"


@pytest.fixture(scope="module")
def house(fresh: Serving) -> Serving:
    """A server with one account of each role."""
    for role in ("admin", "editor", "viewer"):
        environment = {**os.environ, "FACEKEEP_PG_FOLDER": str(fresh.home.parent / "system")}
        command = [sys.executable, "-m", "facekeep", "users", "add", role, "--role", role, "--password-stdin"]
        subprocess.run(
            [*command, "--home", str(fresh.home)], input=PASSWORD.encode(), env=environment, check=True
        )
    return fresh


def from_elsewhere(open_window: Open, url: str, **how: bool) -> Window:
    window = open_window("about:blank", **how)
    # A stranger's first requests are refused, and the browser says so.
    window.expects(REFUSED)
    window.page.set_extra_http_headers({"X-Forwarded-For": "192.0.2.7"})
    window.page.goto(url)
    return window


def log_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.get_by_label("Name", exact=True).fill(name)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")


def test_at_this_machine_nobody_is_asked(house: Serving, open_window: Open) -> None:
    page = open_window(house.url).page
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    expect(page.get_by_role("button", name="Account")).to_have_count(0)


def test_from_elsewhere_the_keyboard_gets_in_and_out(house: Serving, open_window: Open) -> None:
    page = from_elsewhere(open_window, f"{house.url}/journal").page
    expect(page.get_by_role("heading", name="Log in to facekeep")).to_be_visible()
    expect(page.get_by_role("navigation", name="Main")).to_have_count(0)
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    log_in(page, "editor", "wrong words")
    expect(page.get_by_role("alert")).to_contain_text("the name or the password is wrong")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Journal")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Journal")).to_be_visible()
    page.get_by_role("button", name="Account: editor").press("Enter")
    expect(page.get_by_role("dialog", name="editor")).to_contain_text("decide who people are")
    page.get_by_role("button", name="Log out", exact=True).press("Enter")
    expect(page.get_by_role("heading", name="Log in to facekeep")).to_be_visible()
    expect(page.get_by_text("Your session has ended")).to_have_count(0)


def test_a_session_that_is_ended_elsewhere_asks_again(house: Serving, open_window: Open) -> None:
    page = from_elsewhere(open_window, f"{house.url}/activity").page
    log_in(page, "admin")
    expect(page.get_by_role("heading", name="Activity", level=1)).to_be_visible()
    house.run_sql("DELETE FROM session")
    # The page may have noticed by itself by now, and then has no link to press.
    page.get_by_role("link", name="Journal").evaluate_all("links => links.forEach((link) => link.click())")
    expect(page.get_by_text("Your session has ended")).to_be_visible()
    log_in(page, "admin")
    expect(page.get_by_role("heading", name=re.compile("^(Journal|Activity)$"), level=1)).to_be_visible()


def test_a_viewer_is_told_what_they_may_not(house: Serving, open_window: Open) -> None:
    page = from_elsewhere(open_window, f"{house.url}/activity").page
    log_in(page, "viewer")
    page.get_by_role("button", name="Pause", exact=False).first.click()
    expect(page.get_by_text("this needs admin")).to_be_visible()


def test_another_password(house: Serving, open_window: Open) -> None:
    page = from_elsewhere(open_window, house.url).page
    log_in(page, "viewer")
    page.get_by_role("button", name="Account: viewer").click()
    page.get_by_label("Old password").fill("wrong words")
    page.get_by_label("New password").fill("other plain words")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_role("alert")).to_contain_text("the old password is wrong")
    page.get_by_label("Old password").fill(PASSWORD)
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("Your password is changed")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_the_screen_fits(house: Serving, open_window: Open, phone: bool, dark: bool) -> None:
    page = from_elsewhere(open_window, house.url, phone=phone, dark=dark).page
    button = page.get_by_role("button", name="Log in")
    expect(button).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= (390 if phone else 1280)
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    log_in(page, f"nobody {phone} {dark}", "wrong words")
    expect(page.get_by_role("alert")).to_contain_text("wrong")
    picture(page, "login", phone, dark)
    log_in(page, "editor")
    expect(page.get_by_role("button", name="Account: editor")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= (390 if phone else 1280)
    page.get_by_role("button", name="Account: editor").click()
    expect(page.get_by_role("dialog", name="editor")).to_be_visible()
    picture(page, "account", phone, dark)


def picture(page: Page, name: str, phone: bool, dark: bool) -> None:
    """For whoever wants to look."""
    if folder := os.environ.get("FACEKEEP_SCREENSHOTS"):
        size, colours = "phone" if phone else "desktop", "dark" if dark else "light"
        page.screenshot(path=f"{folder}/{name}-{size}-{colours}.png")
