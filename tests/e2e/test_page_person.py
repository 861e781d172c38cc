"""One person: their photos with boxes in the right places, and taking back what the machine got wrong."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from tests.e2e.boxes import assert_boxes_match
from tests.e2e.conftest import Open
from tests.e2e.serving import Serving

pytestmark = [pytest.mark.browser, pytest.mark.photos]

STANDS_STILL = """() => {
  const at = scrollY;
  return new Promise((done) => setTimeout(() => done(scrollY === at), 250));
}"""

TILE_IN_VIEW = """() => {
  for (const tile of document.querySelectorAll("[data-person] a")) {
    const { left, top, bottom, width, height } = tile.getBoundingClientRect();
    if (top > 80 && bottom < innerHeight) return [left + width / 2, top + height / 2];
  }
}"""
"""The middle of a tile that can be clicked without scrolling to it."""


def with_most_faces(library: Serving) -> dict[str, Any]:
    return max(library.everybody(), key=lambda person: (person["faces"], -person["person"]))


def with_some_faces(library: Serving) -> dict[str, Any]:
    """An unnamed person with a few faces, whom these tests may change."""
    return next(one for one in reversed(library.everybody(named="false")) if one["faces"] >= 3)


def test_boxes_lie_on_the_faces(library: Serving, open_window: Open) -> None:
    person = with_most_faces(library)
    page = open_window(f"{library.url}/people/{person['person']}").page
    expect(page.locator("[data-photo]").first).to_be_visible()
    compared = 0
    for tile in page.locator("[data-photo]").all()[:4]:
        photo = tile.get_attribute("data-photo")
        faces = library.get(f"/photos/{photo}")["face_list"]
        expect(tile.locator("[data-face]")).to_have_count(len(faces))
        assert_boxes_match(page, f"[data-photo='{photo}']", faces)
        compared += len(faces)
    assert compared >= 3


def test_boxes_can_be_put_away_and_stay_away(library: Serving, open_window: Open) -> None:
    page = open_window(f"{library.url}/people/{with_most_faces(library)['person']}").page
    expect(page.locator("[data-photo] [data-face]").first).to_be_visible()
    page.keyboard.press("b")
    expect(page.locator("[data-photo] [data-face]")).to_have_count(0)
    page.reload()
    expect(page.locator("[data-photo]").first).to_be_visible()
    expect(page.locator("[data-photo] [data-face]")).to_have_count(0)
    page.get_by_role("button", name="Boxes").click()
    expect(page.locator("[data-photo] [data-face]").first).to_be_visible()


def test_going_back_finds_the_same_place(library: Serving, open_window: Open) -> None:
    page = open_window(library.url).page
    expect(page.locator("[data-person]").first).to_be_visible()
    page.mouse.wheel(0, 500)
    page.wait_for_function("scrollY > 300")
    page.wait_for_function(STANDS_STILL)  # a wheel turns on for a moment
    before = page.evaluate("scrollY")
    middle = page.evaluate(TILE_IN_VIEW)
    page.mouse.click(*middle)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.go_back()
    expect(page.locator("[data-person]").first).to_be_visible()
    page.wait_for_function("before => Math.abs(scrollY - before) < 5", arg=before)


def test_an_answer_that_comes_late_does_not_lead_back(library: Serving, open_window: Open) -> None:
    page = open_window(library.url).page
    person = page.locator("[data-person] a").first
    address = person.get_attribute("href")
    held: list[Route] = []
    page.route(f"**/api/v1{address}", lambda route: held.append(route))
    person.click()
    expect(page).to_have_url(f"{library.url}{address}")
    page.go_back()
    expect(page.locator("[data-person] a").first).to_be_visible()
    assert len(held) == 1
    with page.expect_response(f"**/api/v1{address}"):
        held[0].continue_()
    page.wait_for_timeout(300)
    expect(page).to_have_url(f"{library.url}/")


def test_not_this_person_takes_the_face_off_and_is_remembered(library: Serving, open_window: Open) -> None:
    person = with_some_faces(library)
    page = open_window(f"{library.url}/people/{person['person']}").page
    page.locator("label", has_text="Faces").click()
    faces = page.locator(".tile[data-face]")
    expect(faces).to_have_count(person["faces"])
    face = faces.first.get_attribute("data-face")
    faces.first.hover()
    faces.first.get_by_role("button", name="Not this person").click()
    expect(faces).to_have_count(person["faces"] - 1)
    expect(page.get_by_text("will not suggest it again")).to_be_visible()
    assert library.get(f"/faces/{face}")["person"] != person["person"]
    assert library.get(f"/people/{person['person']}")["faces"] == person["faces"] - 1


def test_hidden_people_leave_the_grid_and_can_be_found_again(library: Serving, open_window: Open) -> None:
    person = with_some_faces(library)
    page = open_window(f"{library.url}/people/{person['person']}").page
    page.get_by_role("button", name="Hide").click()
    expect(page.get_by_text("Hidden", exact=True).first).to_be_visible()
    page.goto(library.url)
    expect(page.locator("[data-person]").first).to_be_visible()
    expect(page.locator(f"[data-person='{person['person']}']")).to_have_count(0)
    page.locator("label", has_text="Hidden").click()
    page.locator(f"[data-person='{person['person']}'] a").click()
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("button", name="Hide")).to_be_visible()
    assert library.get(f"/people/{person['person']}")["hidden"] is False


def test_same_as_merges_into_the_one_chosen(library: Serving, open_window: Open) -> None:
    *_, other, person = library.everybody(named="false")
    body = {"name": "Wilhelmina", "version": library.get(f"/people/{other['person']}")["version"]}
    into = library.send("PATCH", f"/people/{other['person']}", body)
    page = open_window(f"{library.url}/people/{person['person']}").page
    page.get_by_role("button", name="Same as…").click()
    page.get_by_label("The same person as").fill("wilh")
    page.get_by_role("option", name="Wilhelmina").click()
    page.get_by_role("button", name="Same person").click()
    expect(page).to_have_url(re.compile(rf"/people/{into['person']}$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Wilhelmina")
    assert library.get(f"/people/{into['person']}")["faces"] >= into["faces"] + person["faces"]
    # The old address leads to the one that stayed.
    page.goto(f"{library.url}/people/{person['person']}")
    expect(page).to_have_url(re.compile(rf"/people/{into['person']}$"))


def test_renaming_and_taking_the_name_away(library: Serving, open_window: Open) -> None:
    person = with_some_faces(library)
    page = open_window(f"{library.url}/people/{person['person']}").page
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("Who is this?")
    _rename(page, "Ottilie")
    expect(heading).to_have_text("Ottilie")
    expect(page).to_have_title("Ottilie · facekeep")
    _rename(page, "Ottilie Weiß")
    expect(heading).to_have_text("Ottilie Weiß")
    page.get_by_role("button", name="Remove name").click()
    expect(heading).to_have_text("Who is this?")
    assert library.get(f"/people/{person['person']}")["name"] is None


def _rename(page: Page, name: str) -> None:
    page.get_by_role("heading", level=1).get_by_role("button").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.keyboard.press("Enter")
