"""Taking decisions back on the page: in the toast, by the key, and in the journal."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.e2e.conftest import Open
from tests.e2e.serving import Serving

pytestmark = [pytest.mark.browser, pytest.mark.photos]


@pytest.fixture(autouse=True)
def as_it_was(library: Serving) -> Iterator[None]:
    """Other tests have the same library: all that was decided here is taken back, the last first."""
    before = library.get("/journal?limit=1")["items"][0]["decision"]
    yield
    for row in library.get("/journal?actor=user&limit=100")["items"]:
        if row["decision"] > before and row["undoes"] is None and row["undone_by"] is None:
            library.send("POST", f"/journal/{row['decision']}/undo")


def somebody(library: Serving, *, faces: int = 2) -> dict[str, Any]:
    """An unnamed person whom these tests may change."""
    return next(one for one in reversed(library.everybody(named="false")) if one["faces"] >= faces)


def look(library: Serving, person: dict[str, Any]) -> dict[str, Any]:
    now: dict[str, Any] = library.get(f"/people/{person['person']}")
    return now


def rename(page: Page, name: str) -> None:
    page.get_by_role("heading", level=1).get_by_role("button").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.keyboard.press("Enter")


def toast(page: Page, text: str) -> Locator:
    return page.get_by_role("status").locator(".toast", has_text=text)


def test_naming_is_undone_and_redone_from_the_toast(library: Serving, open_window: Open) -> None:
    person = somebody(library)
    page = open_window(f"{library.url}/people/{person['person']}").page
    heading = page.get_by_role("heading", level=1)
    rename(page, "Leonora")
    expect(heading).to_have_text("Leonora")
    toast(page, "Named Leonora").get_by_role("button", name="Undo").click()
    expect(heading).to_have_text("Who is this?")
    assert look(library, person)["name"] is None
    toast(page, "Undone: Named Leonora").get_by_role("button", name="Redo").click()
    expect(heading).to_have_text("Leonora")
    page.keyboard.press("Control+z")
    expect(heading).to_have_text("Who is this?")


def test_the_key_undoes_the_latest_of_this_tab_but_not_while_typing(
    library: Serving, open_window: Open
) -> None:
    person = somebody(library)
    page = open_window(f"{library.url}/people/{person['person']}").page
    rename(page, "Rosalind")
    expect(page.get_by_role("heading", level=1)).to_have_text("Rosalind")
    page.get_by_role("button", name="Hide").click()
    expect(page.get_by_role("button", name="Show")).to_be_visible()

    page.keyboard.press("n")
    page.get_by_label("Name", exact=True).fill("Rosa")
    page.keyboard.press("Control+z")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Show")).to_be_visible()

    page.keyboard.press("Control+z")
    expect(page.get_by_role("button", name="Hide")).to_be_visible()
    expect(toast(page, "Undone: Hidden")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rosalind")
    page.keyboard.press("Meta+z")
    expect(page.get_by_role("heading", level=1)).to_have_text("Who is this?")
    page.keyboard.press("Control+Shift+z")
    expect(page.get_by_role("heading", level=1)).to_have_text("Rosalind")
    page.keyboard.press("Control+z")
    expect(page.get_by_role("heading", level=1)).to_have_text("Who is this?")
    page.keyboard.press("Control+z")
    expect(toast(page, "Nothing to undo here")).to_be_visible()


def test_a_face_that_was_taken_off_comes_back(library: Serving, open_window: Open) -> None:
    person = somebody(library)
    page = open_window(f"{library.url}/people/{person['person']}").page
    page.locator("label", has_text="Faces").click()
    faces = page.locator(".tile[data-face]")
    expect(faces).to_have_count(person["faces"])
    faces.first.hover()
    faces.first.get_by_role("button", name="Not this person").click()
    expect(faces).to_have_count(person["faces"] - 1)
    toast(page, "Taken out of this group").get_by_role("button", name="Undo").click()
    expect(faces).to_have_count(person["faces"])
    assert look(library, person)["faces"] == person["faces"]


def test_a_merge_is_undone_from_the_journal(library: Serving, open_window: Open) -> None:
    *_, other, person = (one for one in library.everybody(named="false") if one["faces"] >= 2)
    body = {"name": "Augusta", "version": look(library, other)["version"]}
    library.send("PATCH", f"/people/{other['person']}", body)
    body = {"into": other["person"], "version": look(library, person)["version"]}
    library.send("POST", f"/people/{person['person']}/merge", body)
    page = open_window(library.url).page
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Journal").click()
    expect(page).to_have_title("Journal · facekeep")
    entry = page.locator("[data-decision]").first
    expect(entry).to_contain_text(f"You merged person {person['person']} into Augusta")
    entry.locator("summary").click()
    expect(entry.get_by_text(f"went from person {person['person']} to Augusta").first).to_be_visible()
    number = entry.get_attribute("data-decision")
    merge = page.locator(f"[data-decision='{number}']")
    merge.get_by_role("button", name=re.compile("^Undo")).click()
    expect(merge.get_by_text("Undone", exact=True)).to_be_visible()
    assert look(library, person)["person"] == person["person"]
    assert look(library, person)["faces"] == person["faces"]
    expect(page.locator("[data-decision]").first).to_contain_text("You undid “You merged")
    merge.get_by_role("button", name=re.compile("^Redo")).click()
    expect(merge.get_by_text("Undone", exact=True)).to_have_count(0)
    assert look(library, person)["person"] == other["person"]


def test_the_journal_tells_mine_from_automatic(library: Serving, open_window: Open) -> None:
    body = {"name": "Ida", "version": somebody(library)["version"]}
    library.send("PATCH", f"/people/{somebody(library)['person']}", body)
    page = open_window(f"{library.url}/journal").page
    expect(page.locator("[data-decision]").first).to_contain_text("Ida")
    page.locator("label", has_text="Automatic").click()
    expect(page.locator("[data-decision]").first).to_contain_text("facekeep")
    page.locator("label", has_text="Mine").click()
    expect(page.locator("[data-decision]").first).to_contain_text("You")
    expect(page.locator("[data-decision]", has_text="facekeep put")).to_have_count(0)


def test_what_cannot_be_undone_is_said(library: Serving, open_window: Open) -> None:
    """Another tab has undone it already."""
    person = somebody(library)
    body = {"name": "Edith", "version": look(library, person)["version"]}
    library.send("PATCH", f"/people/{person['person']}", body)
    window = open_window(f"{library.url}/journal")
    window.expects("409")
    entry = window.page.locator("[data-decision]").first
    expect(entry).to_contain_text("Edith")
    number = entry.get_attribute("data-decision")
    library.send("POST", f"/journal/{number}/undo")
    entry.get_by_role("button", name=re.compile("^Undo")).click()
    expect(toast(window.page, f"decision {number} was undone")).to_be_visible()
    shown = window.page.locator(f"[data-decision='{number}']")
    expect(shown.get_by_role("button", name=re.compile("^Redo"))).to_be_visible()
