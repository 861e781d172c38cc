"""One photo: boxes in the right places, names on them, and saying who somebody is."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.e2e.boxes import assert_boxes_match
from tests.e2e.conftest import Open
from tests.e2e.serving import Serving

pytestmark = [pytest.mark.browser, pytest.mark.photos]


def group_photo(library: Serving) -> dict[str, Any]:
    """The photo with the most faces."""
    found = max(library.get("/photos?limit=1000")["items"], key=lambda photo: photo["faces"])
    photo: dict[str, Any] = library.get(f"/photos/{found['photo']}")
    assert photo["faces"] >= 3
    return photo


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_boxes_lie_on_the_faces(library: Serving, open_window: Open, phone: bool) -> None:
    photo = group_photo(library)
    page = open_window(f"{library.url}/photos/{photo['photo']}", phone=phone).page
    expect(page.locator(".frame [data-face]")).to_have_count(photo["faces"])
    assert_boxes_match(page, ".frame", photo["face_list"])


def test_naming_a_face_names_its_group_and_correcting_it_moves_that_face_alone(
    library: Serving, open_window: Open
) -> None:
    photo = group_photo(library)
    face = next(one for one in photo["face_list"] if one["name"] is None and one["person"] is not None)
    group = library.get(f"/people/{face['person']}")
    page = open_window(f"{library.url}/photos/{photo['photo']}").page
    box = page.locator(f".frame [data-face='{face['face']}']")
    box.click()
    expect(page.get_by_label("Name of this face")).to_be_focused()
    page.keyboard.type("Tobias")
    page.keyboard.press("Enter")
    expect(box).to_contain_text("Tobias")
    expect(box).to_be_focused()
    assert library.get(f"/people/{group['person']}")["name"] == "Tobias"

    page.keyboard.press("Enter")
    expect(page.get_by_label("Who it is instead")).to_be_focused()
    page.keyboard.type("Not Tobias at all")
    page.keyboard.press("Enter")
    expect(box).to_contain_text("Not Tobias at all")
    moved = library.get(f"/faces/{face['face']}")
    assert moved["person"] != group["person"]
    assert moved["assigned_by"] == "user"
    assert library.get(f"/people/{group['person']}")["name"] == "Tobias"

    box.click()
    page.get_by_role("button", name="Not Not Tobias at all").click()
    expect(page.get_by_text("will not suggest it again")).to_be_visible()
    assert library.get(f"/faces/{face['face']}")["person"] != moved["person"]


def test_keys_turn_the_pages_of_a_persons_photos(library: Serving, open_window: Open) -> None:
    library.wait_until_idle(photos=100)
    person = max(library.everybody(), key=lambda one: one["photos"])["person"]
    wanted = [photo["photo"] for photo in library.get(f"/photos?person={person}")["items"]]
    page = open_window(f"{library.url}/people/{person}").page
    page.locator("[data-photo]").first.click()
    expect(page).to_have_url(re.compile(rf"/photos/{wanted[0]}\?"))
    expect(page.get_by_text(f"1 of {len(wanted)}")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(rf"/photos/{wanted[1]}\?"))
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile(rf"/photos/{wanted[0]}\?"))
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(rf"/people/{person}$"))


def test_facts_of_the_photo(library: Serving, open_window: Open) -> None:
    photo = group_photo(library)
    page = open_window(f"{library.url}/photos/{photo['photo']}").page
    about = page.get_by_role("complementary", name="About this photo")
    expect(about).to_contain_text(photo["files"][0])
    expect(about).to_contain_text(f"{photo['width']:,} × {photo['height']:,}")


def test_all_photos_are_listed(library: Serving, open_window: Open) -> None:
    total = library.get("/photos?limit=1")["total"]
    page = open_window(f"{library.url}/photos").page
    expect(page.get_by_text(f"{total} photos, newest first")).to_be_visible()
    expect(page.locator("[data-photo]").first).to_be_visible()
