"""The grid at 100,000 people: what is in the document stays small, and any name is a search away."""

from collections.abc import Iterator
from importlib import resources
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect
from tests.e2e.conftest import Open
from tests.e2e.serving import Serving, serve

from facekeep.bootstrap import open_context
from facekeep.settings import load

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PEOPLE = 100_000
FAILURES = 100_000
IN_A_PHOTO = 100

FILL = [
    "INSERT INTO library (root) VALUES (convert_to(%(root)s, 'UTF8'))",
    """INSERT INTO photo (content_hash, size_bytes, width, height, state, due_at, analysed_by, analysed_at)
       SELECT sha256(%(jpeg)s || n::text::bytea), 1, 256, 256, 'done', NULL, (SELECT min(id) FROM pack), now()
       FROM generate_series(1, %(photos)s) n""",
    """INSERT INTO photo_file (photo_id, library_id, path, size_bytes, mtime_ns, seen_in)
       SELECT p.id, l.id, convert_to('photo-' || p.id || '.jpg', 'UTF8'), 1, 1, 1 FROM photo p, library l""",
    # A hundred boxes a photo, in ten rows of ten.
    """INSERT INTO face (photo_id, x, y, width, height, quality, source, grouped)
       SELECT p.id, mod(n, 10) / 10.0, (n / 10) / 10.0, 0.09, 0.09, 0.5, 'drawn', true
       FROM photo p, generate_series(0, 99) n""",
    """INSERT INTO person (name)
       SELECT CASE WHEN mod(n, 10) = 0 THEN 'Person ' || to_char(n, 'FM000000') END
       FROM generate_series(1, %(people)s) n""",
    """INSERT INTO assignment (face_id, photo_id, person_id, decided_by, confidence)
       SELECT f.id, f.photo_id, p.id, 'auto', 0.9
       FROM (SELECT id, photo_id, row_number() OVER (ORDER BY id) AS n FROM face) f
       JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM person) p USING (n)""",
    """WITH broken AS (
         INSERT INTO photo (content_hash, size_bytes, state, due_at)
         SELECT sha256(n::text::bytea), 1, 'failed', NULL FROM generate_series(1, %(failures)s) n RETURNING id
       )
       INSERT INTO failure (photo_id, code, message, attempts, permanent)
       SELECT id, 'unreadable', 'it is empty', 1, true FROM broken""",
    "SELECT count_everything_again()",
    "ANALYZE",
]


@pytest.fixture(scope="module")
def crowd(chromium_path: str, ground: Path, built_page: Path) -> Iterator[Serving]:
    """A server with 100,000 people, one face each, written straight into the database."""
    photos = make_photos(ground / "crowd-photos", PEOPLE // IN_A_PHOTO)
    settings = load({"home": ground / "crowd"}, environ={})
    values = {"root": str(photos), "photos": PEOPLE // IN_A_PHOTO, "people": PEOPLE}
    values |= {"jpeg": picture(), "failures": FAILURES}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FACEKEEP_PG_FOLDER", str(ground / "system"))
        with open_context(settings) as context, context.database.write("user") as writer:
            for statement in FILL:
                writer.run(statement, values)
    serving = serve(ground, name="crowd")
    yield serving
    serving.stop()


def make_photos(folder: Path, count: int) -> Path:
    """The same small picture under so many names, with its number after its end."""
    folder.mkdir()
    content = picture()
    for number in range(1, count + 1):
        (folder / f"photo-{number}.jpg").write_bytes(content + str(number).encode())
    return folder


def picture() -> bytes:
    """A small JPEG."""
    made = BytesIO()
    with resources.files("skimage").joinpath("data/astronaut.png").open("rb") as file:
        Image.open(file).convert("RGB").resize((256, 256)).save(made, "JPEG")
    return made.getvalue()


def test_scrolling_keeps_the_document_small(crowd: Serving, open_window: Open) -> None:
    page = open_window(crowd.url).page
    tiles = page.locator("[data-person]")
    expect(page.get_by_text(f"{PEOPLE:,} people in")).to_be_visible()
    expect(tiles.first).to_be_visible()
    seen = set()
    for _ in range(12):
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        page.wait_for_timeout(150)
        seen.add(tiles.last.get_attribute("aria-posinset"))
        assert tiles.count() < 200
    assert len(seen) > 4, "scrolling did not bring new people"
    expect(tiles.last).to_have_attribute("aria-setsize", str(PEOPLE))


def test_any_name_is_a_search_away(crowd: Serving, open_window: Open) -> None:
    page = open_window(crowd.url).page
    expect(page.locator("[data-person]").first).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("Person 099990")
    # Names that are nearly so come after it.
    expect(page.locator("[data-person]").first).to_contain_text("Person 099990")


def test_names_are_offered_as_quickly(crowd: Serving, open_window: Open) -> None:
    page = open_window(crowd.url).page
    page.locator("label", has_text="Unnamed").click()
    page.get_by_role("button", name="Add a name").first.click()
    page.keyboard.type("Person 05551")
    expect(page.get_by_role("option").first).to_contain_text("Person 055510")


def test_a_hundred_thousand_failures_come_in_pages(crowd: Serving, open_window: Open) -> None:
    page = open_window(f"{crowd.url}/activity").page
    group = page.locator("[data-code='unreadable']")
    expect(group.locator("summary")).to_contain_text(f"{FAILURES:,} photos")
    group.locator("summary").click()
    rows = group.locator("[data-failure]")
    expect(rows).to_have_count(20)
    first = rows.first.get_attribute("data-failure")
    group.get_by_role("button", name="Next page").click()
    expect(group.get_by_text(f"21–40 of {FAILURES:,}")).to_be_visible()
    assert rows.first.get_attribute("data-failure") != first
    assert page.locator("*").count() < 2500
    group.get_by_role("button", name="Page before").click()
    expect(rows.first).to_have_attribute("data-failure", str(first))
