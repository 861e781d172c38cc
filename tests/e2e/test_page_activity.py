"""What goes on: progress, folders, and every failure with its reason and what to do."""

from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.e2e.conftest import Open
from tests.e2e.photos import BROKEN
from tests.e2e.serving import Serving

pytestmark = [pytest.mark.browser, pytest.mark.photos]


def test_failures_are_listed_with_their_reasons(library: Serving, open_window: Open) -> None:
    failed = library.get("/failures")["items"]
    assert len(failed) == len(BROKEN)
    page = open_window(f"{library.url}/activity").page
    for one in library.get("/failures/summary")["items"]:
        group = page.locator(f"[data-code='{one['code']}']")
        group.locator("summary").click()
        expect(group.locator("summary")).to_contain_text(f"{one['count']} photo")
        for failure in failed:
            if failure["code"] == one["code"]:
                expect(group).to_contain_text(Path(failure["files"][0]).name)
                reason = failure["message"].removeprefix(f"{failure['files'][0]}: ")
                expect(group).to_contain_text(reason[1:])  # the first letter is made a capital
        expect(group).to_contain_text(one["meaning"][1:])
        expect(group).to_contain_text(one["next"][1:])
    unreadable = page.locator("[data-code='unreadable']")
    expect(unreadable).to_contain_text("Cannot be read as a picture")
    expect(unreadable).to_contain_text("Replace it, and it is tried again")


def test_retrying_tries_again_and_tells(library: Serving, open_window: Open) -> None:
    page = open_window(f"{library.url}/activity").page
    before = {one["photo"]: one["attempts"] for one in library.get("/failures")["items"]}
    page.get_by_role("button", name="Try all again").click()
    expect(page.get_by_text(f"{len(before)} photos will be tried again")).to_be_visible()
    library.wait_until_idle(photos=100)
    # They are as broken as before: each has its reason still.
    assert {one["photo"] for one in library.get("/failures")["items"]} == set(before)
    expect(page.locator("[data-code='unreadable'] summary")).to_contain_text(f"{len(before)} photos")


def test_figures_and_folders(library: Serving, open_window: Open) -> None:
    status = library.get("/status")
    page = open_window(f"{library.url}/activity").page
    progress = page.get_by_role("region", name="Progress")
    expect(progress).to_contain_text("Everything is looked at")
    for label in ("photos", "faces", "people"):
        expect(progress).to_contain_text(f"{status[label]:,}")
    folders = page.get_by_role("region", name="Photo folders")
    root = library.get("/libraries")["items"][0]["root"]
    expect(folders.locator(f"[title='{root}']")).to_be_visible()


def test_scan_now_runs_a_scan(library: Serving, open_window: Open) -> None:
    page = open_window(f"{library.url}/activity").page
    before = len(library.get("/scans")["items"])
    page.get_by_role("button", name="Scan now").click()
    expect(page.get_by_text("Scan started")).to_be_visible()
    library.wait_until_idle(photos=100)
    assert len(library.get("/scans")["items"]) == before + 1
    expect(page.get_by_text("nothing new").first).to_be_visible()


def test_a_folder_that_is_a_file_is_refused(library: Serving, photos: Path, open_window: Open) -> None:
    window = open_window(f"{library.url}/activity")
    window.expects("status of 4")
    window.page.get_by_label("Folder on the machine").fill(str(photos / "empty.jpg"))
    window.page.get_by_role("button", name="Add folder").click()
    expect(window.page.get_by_role("alert")).to_contain_text("empty.jpg")
    assert len(library.get("/libraries")["items"]) == 1
