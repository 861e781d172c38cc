"""Answering what facekeep asks: by keyboard, many at once, and two people who are one."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.e2e.conftest import Open
from tests.e2e.serving import Serving

pytestmark = [pytest.mark.browser, pytest.mark.photos]

PROPOSE = """
INSERT INTO proposal (one, other, pack_id, distance, doubt, near, compared, nearest, mean)
SELECT least(%(one)s, %(other)s), greatest(%(one)s, %(other)s), (SELECT min(pack_id) FROM embedding),
       0.4, 0.5, 118, 124, 0.35, 0.45
"""

Who = dict[str, Any]


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


def asked_about(library: Serving, name: str, *, questions: int = 4, skip: int = 0) -> tuple[Who, list[int]]:
    """Somebody of whom facekeep only asks, and the faces it asks about: those that were taken off them."""
    unnamed = [one for one in library.everybody(named="false") if one["faces"] >= questions + 3]
    person = unnamed[skip]
    faces = [one["face"] for one in library.get(f"/faces?person={person['person']}&limit=100")["items"]]
    at = f"/people/{person['person']}"
    now = library.send("PATCH", at, {"name": name, "version": person["version"]})
    library.send("PATCH", f"{at}/details", {"auto": False, "version": now["version"]})
    library.send("POST", "/faces/remove", {"faces": faces[:questions], "reject": False})
    deadline = time.monotonic() + 20
    while len(queue(library, person)) < questions and time.monotonic() < deadline:
        library.send("POST", f"{at}/find-more", {"limit": 50})
        time.sleep(0.2)
    found = queue(library, person)
    assert len(found) >= questions
    return person, found


def queue(library: Serving, person: Who) -> list[int]:
    """The faces that are asked about, in the order of the page."""
    found = library.get(f"/suggestions?person={person['person']}&limit=100")["items"]
    return [one["face"] for one in found]


def settled(library: Serving, path: str) -> int:
    """How many there are, when that has not changed for two seconds: what remains is thought over."""
    seen: list[int] = []
    while len(seen) < 10 or len(set(seen[-10:])) > 1:
        seen.append(library.get(path)["total"])
        time.sleep(0.2)
    return seen[-1]


def whose(library: Serving, face: int) -> int | None:
    found: int | None = library.get(f"/faces/{face}")["person"]
    return found


def shown(page: Page, face: int) -> Locator:
    return page.locator(f"[data-question='{face}']")


def toast(page: Page, text: str) -> Locator:
    return page.get_by_role("status").locator(".toast", has_text=text)


def test_by_keyboard_yes_no_skip_and_back(library: Serving, open_window: Open) -> None:
    # One question each: of several faces that are nobody's for a moment grouping would make somebody.
    person, faces = asked_about(library, "Philippa", questions=1, skip=1)
    asked_about(library, "Quentin", questions=1, skip=1)
    page = open_window(f"{library.url}/review?person={person['person']}").page
    expect(shown(page, faces[0])).to_contain_text("Is this Philippa?")
    expect(shown(page, faces[0])).to_contain_text(re.compile(r"\d+ %\s*sure"))
    expect(shown(page, faces[0])).to_contain_text(re.compile(r"Looks like \d+ faces? of theirs"))
    asked = library.get("/suggestions?limit=1")["total"] + library.get("/proposals?limit=1")["total"]
    expect(page.get_by_role("link", name=re.compile(r"^Review"))).to_contain_text(str(asked))

    page.keyboard.press("s")
    expect(page.get_by_role("heading", name="Is this Quentin?")).to_be_visible()
    page.keyboard.press("z")
    expect(shown(page, faces[0])).to_be_visible()

    page.keyboard.press("n")
    expect(toast(page, "Not Philippa")).to_be_visible()
    assert faces[0] not in queue(library, person)
    page.keyboard.press("z")
    expect(toast(page, "Undone: Not Philippa")).to_be_visible()
    expect(shown(page, faces[0])).to_be_visible()

    page.keyboard.press("y")
    expect(toast(page, "Yes, Philippa")).to_be_visible()
    expect(page.get_by_role("heading", name="Is this Quentin?")).to_be_visible()
    assert whose(library, faces[0]) == person["person"]
    page.keyboard.press("Control+z")
    expect(shown(page, faces[0])).to_be_visible()
    assert whose(library, faces[0]) is None

    page.keyboard.press("f")
    expect(toast(page, "Not a face")).to_be_visible()
    assert library.get(f"/faces/{faces[0]}")["standing"] == "not_a_face"


def test_somebody_else_by_name(library: Serving, open_window: Open) -> None:
    person, faces = asked_about(library, "Georgina", questions=2)
    page = open_window(f"{library.url}/review?person={person['person']}").page
    expect(shown(page, faces[0])).to_be_visible()
    page.keyboard.press("o")
    page.get_by_label("Who it is instead").fill("Somebody from next door")
    page.keyboard.press("Enter")
    expect(toast(page, "This is Somebody from next door")).to_be_visible()
    assert library.get(f"/faces/{faces[0]}")["name"] == "Somebody from next door"
    expect(shown(page, faces[0])).to_have_count(0)


def test_many_are_accepted_and_rejected_at_once(library: Serving, open_window: Open) -> None:
    person, faces = asked_about(library, "Rosamund")
    page = open_window(f"{library.url}/review?person={person['person']}").page
    expect(shown(page, faces[0])).to_be_visible()
    page.keyboard.press("g")
    tiles = page.locator(".tile[data-face]")
    expect(tiles).to_have_count(len(faces))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.get_by_role("toolbar")).to_contain_text("2 faces")
    page.keyboard.press("n")
    expect(toast(page, "No: 2 faces are not Rosamund")).to_be_visible()
    assert queue(library, person) == faces[2:]
    expect(tiles).to_have_count(len(faces) - 2)

    tiles.nth(0).locator("a").click()
    tiles.nth(1).locator("a").click(modifiers=["Shift"])
    expect(page.get_by_role("toolbar")).to_contain_text("2 faces")
    page.keyboard.press("Escape")
    expect(page.get_by_role("toolbar")).to_have_count(0)

    sure = settled(library, f"/suggestions?person={person['person']}&minimum=0.5&limit=1")
    assert sure > 1
    page.get_by_role("button", name="Accept all above").click()
    page.get_by_label("From so many percent on").fill("50")
    yes = page.get_by_role("button", name=f"Yes to {sure} faces")
    expect(page.get_by_role("dialog")).to_contain_text(f"{sure} faces are Rosamund then")
    yes.click()
    expect(toast(page, f"Yes: {sure} faces are Rosamund")).to_be_visible()
    assert [whose(library, face) for face in faces[2 : 2 + sure]] == [person["person"]] * sure


def test_on_a_phone_every_answer_is_on_the_screen(library: Serving, open_window: Open) -> None:
    person, _ = asked_about(library, "Ottilie", questions=2)
    page = open_window(f"{library.url}/review?person={person['person']}", phone=True).page
    answers = page.get_by_role("group", name="Answers").get_by_role("button")
    expect(answers).to_have_count(7)
    assert all(inside(page, button) for button in answers.all())
    many = page.get_by_role("radio", name="Many at once")
    assert inside(page, page.locator("label", has=many))
    many.check(force=True)
    assert inside(page, page.get_by_role("button", name="Accept all above"))
    tiles = page.locator(".tile[data-face]")
    tiles.first.get_by_role("checkbox").check(force=True)
    ways = page.get_by_role("toolbar").get_by_role("button")
    expect(ways.first).to_be_visible()
    assert all(inside(page, button) for button in ways.all())


def inside(page: Page, one: Locator) -> bool:
    """Whether all of it is on the screen, and large enough for a finger."""
    expect(one).to_be_visible()
    box = one.bounding_box()
    assert box is not None
    width = page.evaluate("innerWidth")
    return bool(box["x"] >= 0 and box["x"] + box["width"] <= width and min(box["width"], box["height"]) >= 38)


def test_what_was_answered_meanwhile_is_said(library: Serving, open_window: Open) -> None:
    person, faces = asked_about(library, "Winifred", questions=2)
    page = open_window(f"{library.url}/review?person={person['person']}").page
    expect(shown(page, faces[0])).to_be_visible()
    library.send("PUT", f"/faces/{faces[0]}/person", {"name": "Faster"})
    page.keyboard.press("y")
    expect(toast(page, "answered by somebody else meanwhile")).to_be_visible()
    assert library.get(f"/faces/{faces[0]}")["name"] == "Faster"
    expect(shown(page, faces[0])).to_have_count(0)


def test_one_person_twice_is_merged_into_who_stays(library: Serving, open_window: Open) -> None:
    library.run_sql("DELETE FROM proposal")
    page = open_window(f"{library.url}/review/people").page
    expect(page.get_by_role("heading", name="Nobody seems to be there twice")).to_be_visible()
    one, other = apart_in_photos(library)
    library.run_sql(PROPOSE, one=one["person"], other=other["person"])
    page.reload()
    expect(page.get_by_text("118 of 124 pairs of faces are as near as one person's")).to_be_visible()
    stays = library.get("/proposals")["items"][0]["stays"]
    goes = ({one["person"], other["person"]} - {stays}).pop()
    expect(page.locator(f"[data-side='{stays}']")).to_contain_text("Stays")
    page.keyboard.press("n")
    expect(toast(page, "Two people")).to_be_visible()
    page.keyboard.press("z")
    expect(page.locator("[data-pair]")).to_be_visible()
    page.keyboard.press("x")
    expect(page.locator(f"[data-side='{goes}']")).to_contain_text("Stays")
    page.keyboard.press("y")
    expect(toast(page, "Now one person")).to_be_visible()
    assert library.get(f"/people/{stays}")["person"] == goes
    toast(page, "Now one person").get_by_role("button", name="Undo").click()
    expect(page.locator("[data-pair]")).to_be_visible()
    assert library.get(f"/people/{stays}")["person"] == stays
    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="Nobody seems to be there twice")).to_be_visible()


def apart_in_photos(library: Serving) -> tuple[Who, Who]:
    """Two people who are in no photo together."""
    few = [one for one in reversed(library.everybody(named="false")) if one["faces"] >= 2]
    photos = {one["person"]: photos_of(library, one) for one in few}
    return next(
        (one, other)
        for one in few
        for other in few
        if one is not other and not photos[one["person"]] & photos[other["person"]]
    )


def photos_of(library: Serving, person: Who) -> set[int]:
    return {one["photo"] for one in library.get(f"/faces?person={person['person']}&limit=100")["items"]}
