"""The grid of people: what it shows, and naming in it by mouse and by keyboard alone."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.e2e.conftest import Open
from tests.e2e.serving import Serving

pytestmark = [pytest.mark.browser, pytest.mark.photos]


def spare(library: Serving, count: int) -> list[dict[str, Any]]:
    """So many unnamed people, those with the fewest photos, in the order of the grid."""
    found = library.everybody(named="false")
    assert len(found) >= count, "the tests have used up the unnamed people"
    return found[-count:]


def tile(page: Page, person: dict[str, Any]) -> Locator:
    return page.locator(f"[data-person='{person['person']}']")


def name_by_api(library: Serving, person: dict[str, Any], name: str) -> dict[str, Any]:
    now = library.get(f"/people/{person['person']}")
    body = {"name": name, "version": now["version"]}
    named: dict[str, Any] = library.send("PATCH", f"/people/{person['person']}", body)
    return named


def test_everybody_is_shown_with_a_face_and_a_count(library: Serving, open_window: Open) -> None:
    page = open_window(library.url).page
    everybody = library.everybody()
    assert len(everybody) >= 15
    expect(page.locator("[data-person]").first).to_be_visible()
    shown = page.locator("[data-person]")
    for number, person in enumerate(everybody[:12]):
        expect(shown.nth(number)).to_have_attribute("data-person", str(person["person"]))
        expect(shown.nth(number)).to_contain_text(f"{person['photos']} photo")
    for number in range(6):
        expect(shown.nth(number).locator("img")).to_have_js_property("naturalWidth", 320)


def test_naming_by_mouse(library: Serving, open_window: Open) -> None:
    (person,) = spare(library, 1)
    page = open_window(library.url, moving=True).page
    tile(page, person).get_by_role("button", name="Add a name").click()
    page.keyboard.type("  Noor   van Dijk ")
    page.keyboard.press("Enter")
    expect(tile(page, person)).to_contain_text("Noor van Dijk")
    assert library.get(f"/people/{person['person']}")["name"] == "Noor van Dijk"
    page.reload()
    expect(page.locator("[data-person]").first).to_contain_text("Noor van Dijk")


def test_naming_with_the_keyboard_alone(library: Serving, open_window: Open) -> None:
    """From a fresh page: arrows to a face, `n`, a name, Tab to the next unnamed one, its name, Enter."""
    page = open_window(library.url).page
    expect(page.locator("[data-person]").first).to_be_visible()
    unnamed = [number for number, one in enumerate(library.everybody()) if one["name"] is None]
    everybody = library.everybody()
    first, second = everybody[unnamed[-3]], everybody[unnamed[-2]]

    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(tile(page, first).get_by_role("link")).to_be_focused()
    page.keyboard.press("n")
    expect(tile(page, first).get_by_role("combobox")).to_be_focused()
    page.keyboard.type("Åsa Öberg")
    page.keyboard.press("Tab")
    expect(tile(page, second).get_by_role("combobox")).to_be_focused()
    page.keyboard.type("Zoë")
    page.keyboard.press("Enter")
    expect(tile(page, first)).to_contain_text("Åsa Öberg")
    expect(tile(page, second)).to_contain_text("Zoë")
    expect(tile(page, second).get_by_role("link")).to_be_focused()
    assert library.get(f"/people/{first['person']}")["name"] == "Åsa Öberg"
    assert library.get(f"/people/{second['person']}")["name"] == "Zoë"


def test_arrows_move_by_rows_and_enter_opens(library: Serving, open_window: Open) -> None:
    page = open_window(library.url).page
    page.get_by_text("Unnamed", exact=False).first.click()
    expect(page.locator("[data-person]").first).to_be_visible()
    page.locator("[data-person] a").first.focus()
    links = page.locator("[data-person] a")
    top = links.first.bounding_box()
    page.keyboard.press("ArrowDown")
    below = page.locator("a:focus").bounding_box()
    assert top is not None
    assert below is not None
    assert below["y"] > top["y"]
    assert abs(below["x"] - top["x"]) < 1
    page.keyboard.press("ArrowUp")
    expect(links.first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/people/\d+$"))
    page.keyboard.press("Escape")
    expect(page.locator("[data-person] a").first).to_be_focused()


def test_escape_leaves_everything_as_it_was(library: Serving, open_window: Open) -> None:
    (person,) = spare(library, 1)
    page = open_window(library.url).page
    tile(page, person).get_by_role("button", name="Add a name").click()
    page.keyboard.type("Not meant")
    page.keyboard.press("Escape")
    expect(tile(page, person)).to_contain_text("Add a name")
    expect(tile(page, person).get_by_role("link")).to_be_focused()
    assert library.get(f"/people/{person['person']}")["name"] is None


def test_a_known_name_is_offered_and_taking_it_merges_after_a_question(
    library: Serving, open_window: Open
) -> None:
    other, person = spare(library, 2)
    known = name_by_api(library, other, "Gwendolyn Carter")
    page = open_window(library.url).page
    tile(page, person).get_by_role("button", name="Add a name").click()
    page.keyboard.type("gwen")
    option = page.get_by_role("option", name="Gwendolyn Carter")
    expect(option).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")

    question = page.get_by_role("dialog", name="Is this Gwendolyn Carter?")
    expect(question.locator("img")).to_have_count(2)
    expect(question.get_by_role("button", name="Same person")).to_be_focused()
    question.get_by_role("button", name="Cancel").click()
    expect(question).to_have_count(0)
    assert library.get(f"/people/{person['person']}")["name"] is None

    tile(page, person).get_by_role("button", name="Add a name").click()
    page.keyboard.type("gwen")
    option.click()
    question.get_by_role("button", name="Same person").click()
    expect(tile(page, person)).to_have_count(0)
    merged = library.get(f"/people/{known['person']}")
    assert merged["faces"] >= known["faces"] + person["faces"]
    assert library.get(f"/people/{person['person']}")["person"] == known["person"]


def test_typing_a_taken_name_in_full_asks_and_can_make_a_namesake(
    library: Serving, open_window: Open
) -> None:
    other, person = spare(library, 2)
    name_by_api(library, other, "Maria")
    page = open_window(library.url).page
    tile(page, person).get_by_role("button", name="Add a name").click()
    page.keyboard.type("maria")
    page.keyboard.press("Enter")
    question = page.get_by_role("dialog", name="There is already a Maria")
    question.get_by_role("button", name="Somebody else with that name").click()
    expect(tile(page, person)).to_contain_text("Maria")
    assert [one["name"] for one in library.get("/people/names?q=maria")["items"]] == ["Maria", "Maria"]


def test_a_change_from_another_tab_is_not_overwritten(library: Serving, open_window: Open) -> None:
    (person,) = spare(library, 1)
    window = open_window(library.url)
    window.expects("409")
    page = window.page
    tile(page, person).get_by_role("button", name="Add a name").click()
    name_by_api(library, person, "Faster")
    page.keyboard.type("Slower")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Somebody changed this in another tab")).to_be_visible()
    expect(page.get_by_text("named Faster", exact=False)).to_be_visible()
    expect(tile(page, person)).to_contain_text("Faster")
    assert library.get(f"/people/{person['person']}")["name"] == "Faster"


def test_a_name_that_looks_like_markup_stays_text(library: Serving, open_window: Open) -> None:
    (person,) = spare(library, 1)
    name = '<img src=x onerror=alert(1)> & "Bobby"'
    page = open_window(library.url).page
    tile(page, person).get_by_role("button", name="Add a name").click()
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    expect(tile(page, person)).to_contain_text(name)
    page.goto(f"{library.url}/people/{person['person']}")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def test_search_and_filters(library: Serving, open_window: Open) -> None:
    (person,) = spare(library, 1)
    name_by_api(library, person, "Quentin Searched-For")
    page = open_window(library.url).page
    expect(page.locator("[data-person]").first).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("quent")
    expect(page.locator("[data-person]")).to_have_count(1)
    expect(page.locator("[data-person]")).to_contain_text("Quentin Searched-For")
    page.keyboard.type("zzz")
    expect(page.get_by_text("Nobody called")).to_be_visible()
    page.get_by_role("button", name="Show everybody").click()
    page.locator("label", has_text="Named").first.click()
    named = len(library.everybody(named="true"))
    expect(page.locator("[data-person]")).to_have_count(named)


def test_help_lists_the_keys(library: Serving, open_window: Open) -> None:
    page = open_window(library.url).page
    expect(page.locator("[data-person]").first).to_be_visible()
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_contain_text("on to the next unnamed")
    page.keyboard.press("Escape")
    expect(keys).to_have_count(0)
