"""Pause, resume, what holds the work up and who does it, as they happen on a server of their own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.e2e.conftest import Open
from tests.e2e.photos import make_portraits
from tests.e2e.serving import Serving, serve

pytestmark = pytest.mark.browser

DIED = """
INSERT INTO worker (id, role, host, pid, version, started_at, seen_at, state, done, in_hand)
VALUES (77, 'worker', 'attic', 4711, '0.1', now() - interval '2 hours', now() - interval '5 minutes',
        'analysing', 40, 2)
"""
TRIED_LATER = """
WITH put_off AS (
    UPDATE photo SET state = 'waiting', due_at = now() + interval '10 minutes'
    WHERE id = (SELECT min(id) FROM photo) RETURNING id
)
INSERT INTO failure (photo_id, code, message, detail, attempts, tries, permanent, retry_at)
SELECT id, 'internal', 'the network had no weights', 'Traceback: line 3 of 7', 0, 2, false,
       now() + interval '10 minutes' FROM put_off
"""
DATABASE_AWAY = """
  window.EventSource = class extends EventTarget {
    constructor() {
      super();
      const hint = "It is tried again by itself.";
      const told = { code: "storage", detail: "The database does not answer.", hint };
      setTimeout(() => {
        this.dispatchEvent(new Event("open"));
        this.dispatchEvent(new MessageEvent("problem", { data: JSON.stringify(told) }));
      }, 20);
    }
    close() {}
  };
"""
PROBLEM = {
    "code": "storage",
    "detail": "The database does not answer.",
    "hint": "It is tried again by itself.",
}


@pytest.fixture(scope="module")
def steered(ground: Path, built_page: Path) -> Iterator[Serving]:
    """A server that is paused before it knows of three photos."""
    serving = serve(ground, name="steered")
    try:
        serving.send("POST", "/activity/pause")
        serving.send("POST", "/libraries", {"root": str(make_portraits(ground / "Portraits", 3))})
        yield serving
    finally:
        serving.stop()


def progress(page: Page) -> Locator:
    return page.get_by_role("region", name="Progress")


def test_a_pause_is_told_and_outlives_a_reload(steered: Serving, open_window: Open) -> None:
    page = open_window(f"{steered.url}/activity").page
    for _ in range(2):
        expect(progress(page)).to_contain_text("Paused")
        expect(progress(page)).to_contain_text("No worker takes up new photos since")
        expect(progress(page).locator("div", has_text="Waiting").locator("dd").first).to_be_visible()
        expect(page.get_by_role("link", name="Paused")).to_be_visible()
        page.reload()
    expect(progress(page)).to_contain_text("3 photos")
    expect(figure(page, "Waiting")).to_have_text("3")


def test_a_refused_step_is_taken_back_and_told(steered: Serving, open_window: Open) -> None:
    window = open_window(f"{steered.url}/activity")
    window.expects("status of 503")
    window.page.route("**/api/v1/activity/resume", lambda route: route.fulfill(status=503, json=PROBLEM))
    window.page.get_by_role("button", name="Resume").click()
    expect(window.page.get_by_text("The database does not answer.")).to_be_visible()
    expect(window.page.get_by_role("button", name="Resume")).to_be_focused()
    assert steered.get("/activity")["paused"]


def test_a_folder_that_goes_away_is_told(steered: Serving, ground: Path, open_window: Open) -> None:
    page = open_window(f"{steered.url}/activity").page
    expect(figure(page, "Waiting")).to_have_text("3")
    shutil.move(ground / "Portraits", ground / "unplugged")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Pause")).to_be_focused()
    held = page.locator("[data-breaker='library_offline']")
    expect(held).to_contain_text("Paused: the disk of “Portraits” is away", timeout=30_000)
    expect(held).to_contain_text("Plug it in or mount the share")
    expect(held).to_contain_text("ext try")
    shutil.move(ground / "unplugged", ground / "Portraits")  # it comes back while other things are tested


def test_workers_are_told_and_the_dead_marked(steered: Serving, open_window: Open) -> None:
    steered.run_sql(DIED)
    page = open_window(f"{steered.url}/activity").page
    workers = page.get_by_role("region", name="Workers")
    alive = steered.get("/activity")["workers"][-1]
    mine = workers.locator(f"[data-worker='{alive['worker']}']")
    expect(mine).to_contain_text(alive["host"])
    expect(mine).to_contain_text(f"Server, process {alive['pid']}")
    expect(mine).to_contain_text("Heard of")
    dead = workers.locator("[data-worker='77']")
    expect(dead).to_contain_text("attic")
    expect(dead).to_contain_text("Gone")
    expect(dead).to_contain_text("Last heard of 5 min ago")


def test_memory_is_given_back_on_request(steered: Serving, open_window: Open) -> None:
    page = open_window(f"{steered.url}/activity").page
    workers = page.get_by_role("region", name="Workers")
    workers.locator("summary").click()
    workers.get_by_role("button", name="Give memory back").click()
    expect(page.get_by_text("Memory is given back")).to_be_visible()


def test_a_database_that_is_away_is_told_not_hidden(steered: Serving, open_window: Open) -> None:
    window = open_window("about:blank")
    window.expects("status of 503")
    window.page.add_init_script(DATABASE_AWAY)
    window.page.route("**/api/v1/*", lambda route: route.fulfill(status=503, json=PROBLEM))
    window.page.route("**/api/v1/failures/summary", lambda route: route.fulfill(status=503, json=PROBLEM))
    window.page.goto(f"{steered.url}/activity")
    main = window.page.get_by_role("main")
    expect(main).to_contain_text("The database does not answer.")
    expect(main.get_by_role("button", name="Try again")).to_be_visible()
    expect(window.page.get_by_role("status").filter(has_text="tried again by itself")).to_be_visible()
    window.page.unroute_all()
    main.get_by_role("button", name="Try again").click()
    expect(window.page.get_by_role("region", name="Photo folders")).to_contain_text("Portraits")


def test_a_folder_that_is_back_goes_on_by_itself(steered: Serving, open_window: Open) -> None:
    page = open_window(f"{steered.url}/activity").page
    expect(progress(page)).to_contain_text("Everything is looked at", timeout=60_000)
    expect(page.locator("[data-breaker]")).to_have_count(0)
    assert steered.get("/failures")["total"] == 0


def test_what_is_tried_again_is_shown_with_its_picture(steered: Serving, open_window: Open) -> None:
    steered.run_sql(TRIED_LATER)
    page = open_window(f"{steered.url}/activity").page
    expect(figure(page, "Tried again later")).to_contain_text("in 10 min")
    group = page.locator("[data-code='internal']")
    group.locator("summary").click()
    row = group.locator("[data-failure]")
    expect(row).to_contain_text("Tried 2 times")
    expect(row).to_contain_text("Tried again in 10 min")
    row.locator("img").scroll_into_view_if_needed()
    expect(row.locator("img")).to_have_js_property("complete", True)
    assert row.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 320
    row.get_by_role("button", name="details").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Full text of the error").click()
    expect(dialog.get_by_role("region", name="Full text of the error")).to_have_text("Traceback: line 3 of 7")
    dialog.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("1 photo will be tried again")).to_be_visible()
    expect(page.get_by_text("Every photo so far could be looked at.")).to_be_visible(timeout=30_000)


def figure(page: Page, label: str) -> Locator:
    """The number under a word in the progress."""
    return progress(page).locator("dl > div").filter(has=page.get_by_text(label, exact=True)).locator("dd")
