"""What every screen shares: themes, phone width, missing pages, contrast, and a server that goes away."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.e2e.conftest import Open
from tests.e2e.serving import Serving

pytestmark = pytest.mark.browser

CONTRASTS = [
    # ink, ground, at least; WCAG 2.2 AA: 4.5 for text, 3 for edges of controls and signs.
    ("--text", "--ground", 4.5),
    ("--text", "--ground-raised", 4.5),
    ("--text", "--ground-float", 4.5),
    ("--text-quiet", "--ground", 4.5),
    ("--text-quiet", "--ground-raised", 4.5),
    ("--text-quiet", "--ground-float", 4.5),
    ("--text-quiet", "--ground-sunken", 4.5),
    ("--text-on-accent", "--accent", 4.5),
    ("--text-on-accent", "--accent-strong", 4.5),
    ("--accent", "--ground", 4.5),
    ("--accent", "--accent-soft", 4.5),
    ("--notice", "--notice-soft", 4.5),
    ("--notice", "--ground-raised", 4.5),
    ("--danger", "--ground-raised", 4.5),
    ("--danger", "--danger-soft", 4.5),
    ("--text", "--notice-soft", 4.5),
    ("--text-quiet", "--accent-soft", 4.5),
    ("--stage-text", "--stage", 4.5),
    ("--stage-quiet", "--stage", 4.5),
    ("--line-control", "--ground-raised", 3.0),
    ("--accent-line", "--ground", 3.0),
    ("--accent-line", "--ground-raised", 3.0),
    ("--notice-line", "--ground-raised", 3.0),
    ("--danger-line", "--ground-raised", 3.0),
]

MEASURE_CONTRAST = """pairs => {
  const probe = document.body.appendChild(document.createElement("i"));
  const light = name => {
    probe.style.color = `var(${name})`;
    const channels = getComputedStyle(probe).color.match(/[0-9.]+/g).slice(0, 3).map(Number);
    const [r, g, b] = channels.map(value => value / 255)
      .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratios = pairs.map(([ink, ground]) => {
    const [low, high] = [light(ink), light(ground)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  });
  probe.remove();
  return ratios;
}"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_colours_keep_their_contrast(fresh: Serving, open_window: Open, dark: bool) -> None:
    page = open_window(fresh.url, dark=dark).page
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    ratios = page.evaluate(MEASURE_CONTRAST, [pair[:2] for pair in CONTRASTS])
    weak = [
        (*pair, round(ratio, 2)) for pair, ratio in zip(CONTRASTS, ratios, strict=True) if ratio < pair[2]
    ]
    assert weak == []


def test_the_theme_follows_the_system_until_it_is_chosen(fresh: Serving, open_window: Open) -> None:
    page = open_window(fresh.url, dark=True).page
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    night = page.evaluate(ground)
    page.get_by_role("button", name="Theme: as the system").click()
    expect(page.get_by_role("button", name="Theme: light")).to_be_visible()
    day = page.evaluate(ground)
    assert day != night
    page.reload()
    expect(page.get_by_role("button", name="Theme: light")).to_be_visible()
    assert page.evaluate(ground) == day
    page.get_by_role("button", name="Theme: light").click()
    page.get_by_role("button", name="Theme: dark").click()
    expect(page.get_by_role("button", name="Theme: as the system")).to_be_visible()
    assert page.evaluate(ground) == night


@pytest.mark.photos
def test_a_phone_never_scrolls_sideways(library: Serving, open_window: Open) -> None:
    person = library.everybody()[0]["person"]
    photo = library.get("/photos?limit=1")["items"][0]["photo"]
    window = open_window(library.url, phone=True)
    for path in ("/", f"/people/{person}", "/photos", f"/photos/{photo}", "/activity", "/nothing"):
        window.page.goto(library.url + path)
        expect(window.page.locator("main").locator("img, h2").first).to_be_visible()
        width = window.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, f"{path} is {width} pixels wide"
    window.page.goto(f"{library.url}/activity")
    window.page.locator("[data-code] summary").first.click()
    window.page.locator("[data-failure] input").first.check()
    assert window.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_missing_pages_say_so(fresh: Serving, open_window: Open) -> None:
    window = open_window(f"{fresh.url}/no/such/page")
    window.expects("404")
    expect(window.page.get_by_text("There is no such page")).to_be_visible()
    window.page.goto(f"{fresh.url}/people/987654")
    expect(window.page.get_by_text("There is no such person")).to_be_visible()
    window.page.goto(f"{fresh.url}/photos/987654")
    expect(window.page.get_by_text("There is no such photo")).to_be_visible()
    window.page.get_by_role("link", name="Go to People").click()
    expect(window.page).to_have_url(re.compile("/$"))


def test_nothing_is_asked_of_another_machine(fresh: Serving, open_window: Open) -> None:
    window = open_window("about:blank")
    asked: list[str] = []
    window.page.on("request", lambda request: asked.append(request.url))
    window.page.goto(fresh.url)
    expect(window.page.get_by_role("heading", level=1)).to_be_visible()
    window.page.goto(f"{fresh.url}/activity")
    expect(window.page.get_by_role("heading", level=1)).to_have_text("Activity")
    assert len(asked) > 5
    assert [url for url in asked if not url.startswith(fresh.url)] == []


def test_an_empty_folder_is_said_to_be_empty(fresh: Serving, open_window: Open, ground: Path) -> None:
    folder = ground / "nothing but text"
    folder.mkdir()
    (folder / "notes.txt").write_text("no photo here")
    fresh.send("POST", "/libraries", {"root": str(folder)})
    fresh.wait_until_idle(photos=0)
    page = open_window(fresh.url).page
    expect(page.get_by_text("No photos in your folders yet")).to_be_visible()


def test_a_server_that_goes_away_is_told_and_its_return_noticed(fresh: Serving, open_window: Open) -> None:
    window = open_window(f"{fresh.url}/activity")
    window.expects("net::ERR_")
    expect(window.page.get_by_role("region", name="Photo folders")).to_be_visible()
    fresh.stop()
    away = window.page.get_by_text("This page keeps trying.")
    expect(away).to_be_visible(timeout=20_000)
    window.page.get_by_label("Folder on the machine").fill("/anywhere")
    window.page.get_by_role("button", name="Add folder").click()
    expect(window.page.get_by_role("alert")).to_contain_text("Nothing was changed")
    fresh.restart()
    expect(away).to_have_count(0, timeout=30_000)
