"""What is said of a person on their page, many of their faces at once, and what a viewer may not."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.e2e.conftest import Open
from tests.e2e.serving import Serving

pytestmark = [pytest.mark.browser, pytest.mark.photos]

PASSWORD = "four plain dull words"


@pytest.fixture(autouse=True)
def as_it_was(library: Serving) -> Iterator[None]:
    """Other tests have the same library: all that was decided here is taken back, the last first.

    Work is paused meanwhile: what is new in the library is not to be looked at in between.
    """
    before = library.get("/journal?limit=1")["items"][0]["decision"]
    library.send("POST", "/activity/pause")
    yield
    for row in library.get("/journal?actor=user&limit=100")["items"]:
        if row["decision"] > before and row["undoes"] is None and row["undone_by"] is None:
            library.send("POST", f"/journal/{row['decision']}/undo")
    library.send("POST", "/activity/resume")


def somebody(library: Serving, *, faces: int = 4) -> dict[str, Any]:
    """An unnamed person whom these tests may change."""
    return next(one for one in reversed(library.everybody(named="false")) if one["faces"] >= faces)


def toast(page: Page, text: str) -> Locator:
    return page.get_by_role("status").locator(".toast", has_text=text)


def test_details_are_edited_and_a_conflict_shows_what_was_decided(
    library: Serving, open_window: Open
) -> None:
    person = somebody(library)
    at = f"/people/{person['person']}"
    window = open_window(f"{library.url}{at}")
    window.expects("409")
    page = window.page
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.keyboard.press("e")
    expect(page.get_by_label(re.compile("^Other names"))).to_be_focused()
    page.get_by_label(re.compile("^Other names")).fill("Nono\nMum")
    page.get_by_label(re.compile("^Birth date")).fill("1890-05-02")

    version = library.get(f"{at}/details")["version"]
    library.send("PATCH", f"{at}/details", {"notes": "From next door", "version": version})
    page.get_by_role("button", name="Save", exact=True).click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Somebody changed this meanwhile")
    expect(alert).to_contain_text(re.compile("changed the notes of"))
    expect(page.get_by_label("Notes")).to_have_value("From next door")
    page.get_by_role("button", name="Save mine over it").click()
    expect(toast(page, "saved")).to_be_visible()
    expect(page.locator("header").nth(1)).to_contain_text("also Nono, Mum")
    kept = library.get(f"{at}/details")
    assert (kept["aliases"], kept["birth_date"]) == (["Nono", "Mum"], "1890-05-02")
    assert kept["notes"] == "From next door"
    toast(page, "saved").get_by_role("button", name="Undo").click()
    expect(page.get_by_text("also Nono, Mum")).to_have_count(0)


def test_a_selection_is_split_off_as_somebody_new(library: Serving, open_window: Open) -> None:
    person = somebody(library)
    page = open_window(f"{library.url}/people/{person['person']}").page
    page.locator("label", has_text="Faces").click()
    tiles = page.locator(".tile[data-face]")
    expect(tiles).to_have_count(person["faces"])
    chosen = [int(tiles.nth(at).get_attribute("data-face") or 0) for at in (0, 1)]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    tiles.nth(1).locator("a").click(modifiers=["Shift"])
    expect(page.get_by_role("toolbar")).to_contain_text("2 faces")
    page.keyboard.press("o")
    page.get_by_role("button", name="Somebody without a name").click()
    expect(toast(page, "2 faces are somebody else now")).to_be_visible()
    expect(tiles).to_have_count(person["faces"] - 2)
    [new] = {library.get(f"/faces/{face}")["person"] for face in chosen}
    assert new not in (None, person["person"])
    page.keyboard.press("Control+z")
    expect(tiles).to_have_count(person["faces"])
    assert {library.get(f"/faces/{face}")["person"] for face in chosen} == {person["person"]}

    tiles.nth(0).hover()
    tiles.nth(0).locator(".pick").click()
    page.get_by_role("toolbar").get_by_role("button", name="Ignore").click()
    expect(toast(page, "1 face ignored")).to_be_visible()
    expect(tiles).to_have_count(person["faces"] - 1)


def test_a_person_is_deleted_and_comes_back(library: Serving, open_window: Open) -> None:
    person = somebody(library)
    body = {"name": "Hildegard", "version": person["version"]}
    library.send("PATCH", f"/people/{person['person']}", body)
    page = open_window(f"{library.url}/people/{person['person']}").page
    page.get_by_role("button", name="Delete this person").click()
    expect(page).to_have_url(f"{library.url}/")
    expect(toast(page, "deleted")).to_contain_text(f"{person['faces']} faces unknown again")
    expect(page.locator("[data-person]").first).to_be_visible()
    expect(page.locator(f"[data-person='{person['person']}']")).to_have_count(0)
    toast(page, "deleted").get_by_role("button", name="Undo").click()
    # Their name is back for certain; grouping may have put their faces on somebody new meanwhile.
    expect(page.get_by_text("Undone: Hildegard deleted")).to_be_visible()
    assert library.get(f"/people/{person['person']}")["name"] == "Hildegard"


def test_find_more_leads_to_the_questions_about_them(library: Serving, open_window: Open) -> None:
    person = somebody(library, faces=5)
    at = f"/people/{person['person']}"
    now = library.send("PATCH", at, {"name": "Clementine", "version": person["version"]})
    library.send("PATCH", f"{at}/details", {"auto": False, "version": now["version"]})
    face = library.get(f"/faces?person={person['person']}")["items"][0]["face"]
    library.send("POST", "/faces/remove", {"faces": [face], "reject": False})
    page = open_window(f"{library.url}{at}").page
    page.get_by_role("button", name="Find more").click()
    expect(page).to_have_url(f"{library.url}/review?person={person['person']}")
    expect(page.locator(f"[data-question='{face}']")).to_contain_text("Is this Clementine?")


def test_a_viewer_sees_all_and_is_offered_nothing(library: Serving, open_window: Open) -> None:
    person = somebody(library)
    environment = {**os.environ, "FACEKEEP_PG_FOLDER": str(library.home.parent / "system")}
    for role in ("admin", "viewer"):
        command = [sys.executable, "-m", "facekeep", "users", "add", role, "--role", role, "--password-stdin"]
        subprocess.run(
            [*command, "--home", str(library.home)], input=PASSWORD.encode(), env=environment, check=True
        )
    window = open_window("about:blank")
    window.expects(r"status of 40[13]")
    page = window.page
    page.set_extra_http_headers({"X-Forwarded-For": "192.0.2.7"})
    page.goto(f"{library.url}/people/{person['person']}")
    page.get_by_label("Name", exact=True).fill("viewer")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Not yet named")
    for way in ("Add a name", "Same as…", "Hide", "Delete this person"):
        expect(page.get_by_role("button", name=way)).to_have_count(0)
    page.locator("label", has_text="Faces").click()
    expect(page.locator(".tile[data-face]").first).to_be_visible()
    expect(page.locator(".pick")).to_have_count(0)
    page.keyboard.press("n")
    expect(page.get_by_role("combobox")).to_have_count(0)
    page.get_by_role("link", name="People", exact=True).first.click()
    expect(page.locator("[data-person]").first).to_be_visible()
    expect(page.get_by_role("button", name="Add a name")).to_have_count(0)
    page.get_by_role("link", name="Journal").click()
    expect(page.locator("[data-decision]").first).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Undo"))).to_have_count(0)
