"""The pictures in docs/screenshots: made only where FACEKEEP_SCREENSHOTS names the folder to put them in.

    FACEKEEP_SCREENSHOTS=docs/screenshots script/test tests/e2e/test_page_screenshots.py

The photographs are the MIT-licensed test sets of deepface and face-api.js; the first names are invented.
"""

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from tests.e2e.conftest import Open
from tests.e2e.serving import Serving, serve

pytestmark = [pytest.mark.browser, pytest.mark.photos, pytest.mark.slow]

MOST_BYTES = 400_000
LOOKS = {
    "light": {},
    "dark": {"dark": True},
    "phone": {"phone": True, "sharp": True},
}
NAMES = ["Nora", "Elias", "Amina", "Tomasz", "Linnéa", "Ravi", "Imani", "Sofia", "Jonas", "Mei"]
"""Given to the people with the most faces in colour photos; others stay unnamed."""

Shown = tuple[Serving, Path]


@pytest.fixture(scope="module")
def folder(repo_root: Path) -> Path:
    wanted = os.environ.get("FACEKEEP_SCREENSHOTS")
    if not wanted:
        pytest.skip("screenshots are made only where FACEKEEP_SCREENSHOTS names a folder")
    folder = repo_root / wanted
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def gallery(folder: Path, photos: Path, ground: Path, built_page: Path) -> object:
    """The photographs looked at, and some of the people named."""
    serving = serve(ground, photos, name="gallery")
    try:
        serving.wait_until_idle(photos=100)
        name_some(serving)
        yield serving
    finally:
        serving.stop()


def name_some(serving: Serving) -> None:
    names = iter(NAMES)
    for person in serving.everybody():
        cover = serving.get(f"/faces/{person['cover']}")
        grey = all(str(cover["files"][0]).endswith(end) for end in (".png",))
        name = None if grey or cover["quality"] < 0.5 else next(names, None)
        if name is not None:
            body = {"name": name, "version": serving.get(f"/people/{person['person']}")["version"]}
            serving.send("PATCH", f"/people/{person['person']}", body)
    serving.wait_until_idle(photos=100)


def take(page: Page, folder: Path, name: str) -> None:
    """A PNG in few enough colours to be small, once every picture in the window is there."""
    page.wait_for_function("""() => [...document.images].every(one => {
      const { top, bottom } = one.getBoundingClientRect();
      return bottom < 0 || top > innerHeight || (one.complete && one.naturalWidth > 0);
    })""")
    page.evaluate("document.fonts.ready")
    shot = Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide"))).convert("RGB")
    path = folder / f"{name}.png"
    for colours in (256, 160, 96, 64):
        shot.quantize(colours, dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)
        if path.stat().st_size < MOST_BYTES:
            return
    raise AssertionError(f"{path.name} has {path.stat().st_size} bytes")


def people(page: Page, serving: Serving) -> None:
    expect(page.locator("[data-person]").first).to_be_visible()


def person(page: Page, serving: Serving) -> None:
    page.goto(f"{serving.url}/people/{serving.everybody()[0]['person']}")
    expect(page.locator("[data-photo] [data-face]").first).to_be_visible()


def photo(page: Page, serving: Serving) -> None:
    found = serving.get("/photos?limit=1000")["items"]
    group = next(one for one in found if one["files"][0].endswith("bbt5.jpg"))
    page.goto(f"{serving.url}/photos/{group['photo']}")
    expect(page.locator(".frame [data-face]").first).to_be_visible()


def activity(page: Page, serving: Serving) -> None:
    page.goto(f"{serving.url}/activity")
    page.locator("[data-code] summary").first.click()
    expect(page.locator("[data-code] li").first).to_be_visible()


SCREENS: dict[str, Callable[[Page, Serving], None]] = {
    "people": people,
    "person": person,
    "photo": photo,
    "activity": activity,
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("screen", SCREENS)
def test_screen(screen: str, look: str, gallery: Serving, folder: Path, open_window: Open) -> None:
    page = open_window(gallery.url, **LOOKS[look]).page
    SCREENS[screen](page, gallery)
    take(page, folder, f"{screen}-{look}")


@pytest.mark.parametrize("look", LOOKS)
def test_first_run(look: str, folder: Path, fresh: Serving, open_window: Open) -> None:
    page = open_window(fresh.url, **LOOKS[look]).page
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    take(page, folder, f"first-run-{look}")


def test_naming(gallery: Serving, folder: Path, open_window: Open) -> None:
    page = open_window(gallery.url).page
    unnamed = page.get_by_role("button", name="Add a name").nth(2)
    unnamed.click()
    page.keyboard.type("i")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    take(page, folder, "naming-light")
