"""From nothing to a named person, through the page alone, with the one photo that scikit-image has."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.boxes import assert_boxes_match
from tests.e2e.conftest import Open
from tests.e2e.photos import add_broken, make_portraits
from tests.e2e.serving import Serving

pytestmark = pytest.mark.browser


def add_folder(page: Page, folder: Path) -> None:
    page.get_by_label("Folder on the machine").fill(str(folder))
    page.get_by_role("button", name="Find the people").click()


def test_the_first_run_says_what_to_do_and_what_it_promises(fresh: Serving, open_window: Open) -> None:
    page = open_window(fresh.url).page
    expect(page.get_by_role("heading", level=1)).to_have_text("Who is in your photos?")
    expect(page.get_by_text("script/server")).to_be_visible()
    expect(page.get_by_text("nothing sent")).to_be_visible()
    expect(page.get_by_text("Your files are only read")).to_be_visible()


def test_a_folder_that_is_not_there_is_refused_with_a_reason(
    fresh: Serving, open_window: Open, tmp_path: Path
) -> None:
    window = open_window(fresh.url)
    window.expects("status of 4")
    add_folder(window.page, tmp_path / "no such folder")
    expect(window.page.get_by_role("alert")).to_contain_text("no such folder")
    assert fresh.get("/libraries")["items"] == []


def test_from_a_folder_to_a_name(fresh: Serving, open_window: Open, ground: Path) -> None:
    folder = make_portraits(ground / "portraits", 24)
    add_broken(folder)
    page = open_window(fresh.url).page
    add_folder(page, folder)

    # The work is seen while it goes on: a bar, and figures that grow without a reload.
    expect(page.get_by_role("progressbar").first).to_be_visible()
    tile = page.locator("[data-person]").first
    expect(tile).to_be_visible(timeout=90_000)
    fresh.wait_until_idle(photos=24)
    # The broken ones are photos too: 27 in all, 24 of them with her.
    expect(tile).to_contain_text("24 photos", timeout=20_000)

    tile.get_by_role("link").click()
    page.locator("[data-photo]").first.click()
    expect(page).to_have_url(re.compile(r"/photos/\d+\?person="))
    photo = int(page.url.split("/photos/")[1].split("?")[0])
    faces = fresh.get(f"/photos/{photo}")["face_list"]
    assert len(faces) == 1
    assert_boxes_match(page, ".frame", faces)

    page.locator(".frame [data-face]").click()
    page.get_by_label("Name of this face").fill("Eileen")
    page.keyboard.press("Enter")
    expect(page.locator(".frame [data-face]")).to_contain_text("Eileen")
    page.goto(fresh.url)
    expect(page.locator("[data-person]").first).to_contain_text("Eileen")
    assert [person["name"] for person in fresh.everybody()] == ["Eileen"]
