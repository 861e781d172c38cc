"""The pictures in docs/screenshots: made only where FACEKEEP_SCREENSHOTS names the folder to put them in.

    FACEKEEP_SCREENSHOTS=docs/screenshots script/test tests/e2e/test_page_screenshots.py

Of the temporary folder and of the machine they tell nothing: `presentable` puts other words in their place.

The photographs are the MIT-licensed test sets of deepface and face-api.js; the first names are invented.
"""

import io
import os
import platform
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect
from tests.e2e.conftest import Open, Window
from tests.e2e.serving import Serving, serve

pytestmark = [pytest.mark.browser, pytest.mark.photos, pytest.mark.slow]

MOST_BYTES = 400_000
LOOKS = {
    "light": {},
    "dark": {"dark": True},
    "phone": {"phone": True, "sharp": True},
}
NAMES = ["Noor", "Robin", "Sasha", "Kim", "Jules", "Mika", "Charlie", "Toni", "Remy", "Alex", "Sam", "Andrea"]
"""Given to the people of the group photo and to those seen best; others stay unnamed."""
GROUP = "bbt5.jpg"

INTERFACE = ["#1d5c4c", "#9fd8c3", "#1b6350", "#84d1b5", "#2f8f75", "#55a88c", "#faf9f7", "#131211"]
"""Colours of the page that must survive a palette made for photographs."""

Shown = tuple[Serving, Path]


@pytest.fixture(scope="module")
def folder(repo_root: Path) -> Path:
    folder = repo_root / os.environ["FACEKEEP_SCREENSHOTS"]
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
    group = serving.get(f"/photos/{group_photo(serving)}")["face_list"]
    seen_well = [one["person"] for one in serving.everybody() if not in_grey(serving, one)]
    wanted = dict.fromkeys([*(face["person"] for face in group[:4]), *seen_well])
    for person, name in zip(wanted, NAMES, strict=False):
        body = {"name": name, "version": serving.get(f"/people/{person}")["version"]}
        serving.send("PATCH", f"/people/{person}", body)
    serving.wait_until_idle(photos=100)


def in_grey(serving: Serving, person: dict[str, Any]) -> bool:
    cover = serving.get(f"/faces/{person['cover']}")
    return bool(cover["files"][0].endswith(".png") or cover["quality"] < 0.5)


def group_photo(serving: Serving) -> int:
    found = serving.get("/photos?limit=1000")["items"]
    return next(int(one["photo"]) for one in found if one["files"][0].endswith(GROUP))


def presentable(window: Window, ground: Path) -> Page:
    """A page that is told of a home and a host as a user has them, in place of this machine's."""
    words = {str(ground): "/home/noor", socket.gethostname(): "living-room", platform.release(): "6.12"}

    def retell(route: Route) -> None:
        answer = route.fetch()
        body = answer.text()
        for ours, theirs in words.items():
            body = body.replace(ours, theirs)
        route.fulfill(response=answer, body=body)

    window.page.route(re.compile(r"/api/v1/(?!events|.*/(image|crop))"), retell)
    return window.page


def take(page: Page, folder: Path, name: str) -> None:
    """A PNG in few enough colours to be small, once every picture in the window is there."""
    page.wait_for_function("""() => [...document.images].every(one => {
      const { top, bottom } = one.getBoundingClientRect();
      return bottom <= 0 || top > innerHeight || (one.complete && one.naturalWidth > 0);
    })""")
    page.evaluate("document.fonts.ready")
    page.unroute_all(behavior="ignoreErrors")  # what is still on its way must not outlive the window
    shot = Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide"))).convert("RGB")
    path = folder / f"{name}.png"
    shot.save(path, optimize=True)
    for colours in (256, 160, 96):
        if path.stat().st_size < MOST_BYTES:
            return
        palette = with_interface(shot).quantize(colours, kmeans=3)
        shot.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)
    assert path.stat().st_size < MOST_BYTES


def with_interface(shot: Image.Image) -> Image.Image:
    """The picture with a band of the page's own colours below it, large enough to be heard."""
    band = 24
    larger = Image.new("RGB", (shot.width, shot.height + band * len(INTERFACE)))
    larger.paste(shot, (0, 0))
    for number, colour in enumerate(INTERFACE):
        larger.paste(colour, (0, shot.height + band * number, shot.width, shot.height + band * (number + 1)))
    return larger


def people(page: Page, serving: Serving) -> None:
    expect(page.locator("[data-person]").first).to_be_visible()


def person(page: Page, serving: Serving) -> None:
    page.goto(f"{serving.url}/people/{serving.everybody()[0]['person']}")
    expect(page.locator("[data-photo] [data-face]").first).to_be_visible()


def photo(page: Page, serving: Serving) -> None:
    page.goto(f"{serving.url}/photos/{group_photo(serving)}")
    expect(page.locator(".frame [data-face]").first).to_be_visible()


def activity(page: Page, serving: Serving) -> None:
    page.goto(f"{serving.url}/activity")
    page.locator("[data-code] summary").first.click()
    expect(page.locator("[data-failure]").first).to_be_visible()
    expect(page.get_by_text("Everything is looked at")).to_be_visible()
    page.evaluate("scrollTo(0, 0)")


def journal(page: Page, serving: Serving) -> None:
    decide_some(serving)
    page.goto(f"{serving.url}/journal")
    page.locator("[data-decision] summary").nth(1).click()
    expect(page.get_by_role("list", name="What it changed").get_by_role("listitem").first).to_be_visible()


def decide_some(serving: Serving) -> None:
    """A merge that stands, and a hiding that was undone; once for all looks."""
    if serving.get("/journal?verb=merge")["total"]:
        return
    named, unnamed = serving.everybody(named="true")[-1], serving.everybody(named="false")[-1]
    body = {"hidden": True, "version": named["version"]}
    serving.send("PATCH", f"/people/{named['person']}", body)
    serving.send("POST", f"/journal/{serving.get('/journal')['items'][0]['decision']}/undo")
    body = {"into": named["person"], "version": unnamed["version"]}
    serving.send("POST", f"/people/{unnamed['person']}/merge", body)


def review(page: Page, serving: Serving) -> None:
    ask_some(serving)
    page.goto(f"{serving.url}/review")
    expect(page.locator("[data-question]")).to_be_visible()
    expect(page.get_by_role("list", name="Faces of").get_by_role("listitem")).to_have_count(6)


def ask_some(serving: Serving) -> None:
    """A face is taken off some of the named, of whom facekeep only asks from then on; once for all looks.

    One each: several that look alike would be grouped by themselves.
    """
    if serving.get("/suggestions?limit=1")["total"]:
        return
    most = sorted(serving.everybody(named="true"), key=lambda one: -one["faces"])[:6]
    for one in most:
        at = f"/people/{one['person']}"
        serving.send("PATCH", f"{at}/details", {"auto": False, "version": one["version"]})
        faces = [face["face"] for face in serving.get(f"/faces?person={one['person']}&limit=100")["items"]]
        serving.send("POST", "/faces/remove", {"faces": faces[1:2], "reject": False})
        serving.send("POST", f"{at}/find-more", {"limit": 50})


SCREENS: dict[str, Callable[[Page, Serving], None]] = {
    "people": people,
    "person": person,
    "photo": photo,
    "activity": activity,
    "journal": journal,
    "review": review,
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("screen", SCREENS)
def test_screen(
    screen: str, look: str, gallery: Serving, folder: Path, ground: Path, open_window: Open
) -> None:
    page = presentable(open_window("about:blank", **LOOKS[look]), ground)
    page.goto(gallery.url)
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


@pytest.mark.parametrize("look", LOOKS)
def test_failures(look: str, gallery: Serving, folder: Path, ground: Path, open_window: Open) -> None:
    page = presentable(open_window("about:blank", **LOOKS[look]), ground)
    activity(page, gallery)
    group = page.locator("[data-code]").first
    group.locator("[data-failure] input").nth(1).check()
    group.evaluate("group => scrollTo(0, group.getBoundingClientRect().top + scrollY - 140)")
    take(page, folder, f"failures-{look}")


def test_paused(gallery: Serving, folder: Path, ground: Path, open_window: Open) -> None:
    page = presentable(open_window("about:blank"), ground)
    page.goto(f"{gallery.url}/activity")
    page.get_by_role("button", name="Pause").click()
    try:
        expect(page.get_by_role("link", name="Paused")).to_be_visible()
        expect(page.locator("[data-worker]")).to_contain_text("Paused")
        take(page, folder, "paused-light")
    finally:
        gallery.send("POST", "/activity/resume")


def test_report(gallery: Serving, folder: Path, ground: Path, open_window: Open) -> None:
    page = presentable(open_window("about:blank"), ground)
    page.goto(f"{gallery.url}/activity")
    page.get_by_role("button", name="Copy report").click()
    expect(page.get_by_label("The report")).to_have_value(re.compile("facekeep"))
    take(page, folder, "report-light")
