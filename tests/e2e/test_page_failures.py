"""Steering what failed: one, some, all of a reason; all that is known of it; and the report about it."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.e2e.conftest import Open, Window
from tests.e2e.photos import BROKEN
from tests.e2e.serving import Serving

pytestmark = [pytest.mark.browser, pytest.mark.photos]

WITHOUT_CLIPBOARD = """
  Object.defineProperty(navigator, "clipboard", { value: undefined });
  document.execCommand = () => false;
"""


def opened(window: Window) -> Locator:
    """The group of what cannot be read, unfolded."""
    group = window.page.locator("[data-code='unreadable']")
    group.locator("summary").click()
    expect(group.locator("[data-failure]")).to_have_count(len(BROKEN))
    return group


def failure(library: Serving, name: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = library.get("/failures")["items"]
    return next(one for one in found if Path(one["files"][0]).name == name)


def test_giving_up_can_be_undone(library: Serving, open_window: Open) -> None:
    window = open_window(f"{library.url}/activity")
    group, page = opened(window), window.page
    group.get_by_role("button", name="Give up empty.jpg").click()
    expect(page.get_by_text("1 photo given up")).to_be_visible()
    expect(group.get_by_role("button", name="Re-open empty.jpg")).to_be_visible()
    expect(group.locator("summary")).to_contain_text("1 given up")
    assert failure(library, "empty.jpg")["given_up"]
    page.get_by_role("button", name="Undo").click()
    expect(group.get_by_role("button", name="Give up empty.jpg")).to_be_visible()
    assert not failure(library, "empty.jpg")["given_up"]
    library.wait_until_idle(photos=100)


def test_the_keyboard_selects_and_steers(library: Serving, open_window: Open) -> None:
    window = open_window(f"{library.url}/activity")
    group, page = opened(window), window.page
    boxes = group.locator("[data-failure] input")
    boxes.first.focus()
    page.keyboard.press("x")
    page.keyboard.press("ArrowDown")
    expect(boxes.nth(1)).to_be_focused()
    page.keyboard.press("Space")
    expect(group.get_by_text("2 selected")).to_be_visible()
    expect(group.get_by_role("checkbox", name="Select all on this page")).to_have_js_property(
        "indeterminate", True
    )
    page.keyboard.press("g")
    expect(page.get_by_text("2 photos given up")).to_be_visible()
    expect(group.get_by_text("selected")).to_have_count(0)
    assert sum(one["given_up"] for one in library.get("/failures")["items"]) == 2
    group.get_by_role("button", name="Re-open").first.click()
    expect(group.get_by_role("button", name="Re-open")).to_have_count(1)
    group.get_by_role("checkbox", name="Select all on this page").check()
    expect(group.get_by_text(f"{len(BROKEN)} selected")).to_be_visible()
    group.get_by_role("button", name="Try again", exact=True).click()
    expect(page.get_by_text(f"{len(BROKEN)} photos will be tried again")).to_be_visible()
    library.wait_until_idle(photos=100)
    assert not any(one["given_up"] for one in library.get("/failures")["items"])


def test_all_that_is_known_is_a_click_away(library: Serving, open_window: Open) -> None:
    window = open_window(f"{library.url}/activity")
    name = next(name for name in BROKEN if "<b>" in name)
    one = failure(library, name)
    button = opened(window).get_by_role("button", name=f"{name}: details")
    button.focus()
    window.page.keyboard.press("Enter")
    dialog = window.page.get_by_role("dialog", name=name)
    expect(dialog).to_contain_text(one["files"][0])
    expect(dialog).to_contain_text(one["message"].removeprefix(f"{one['files'][0]}: ")[1:])
    expect(dialog).to_contain_text("Not tried again by itself")
    expect(dialog).to_contain_text("unreadable")
    window.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(button).to_be_focused()


def test_a_report_holds_nothing_private_unless_ticked(
    library: Serving, ground: Path, open_window: Open
) -> None:
    window = open_window(f"{library.url}/activity")
    window.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dialog = report_dialog(window.page)
    field = dialog.get_by_label("The report")
    expect(field).to_have_value(holding("unreadable"))
    assert str(ground) not in field.input_value()
    assert not any(name in field.input_value() for name in BROKEN)
    dialog.get_by_role("button", name="Copy").click()
    expect(window.page.get_by_text("Report copied")).to_be_visible()
    assert window.page.evaluate("navigator.clipboard.readText()") == field.input_value()
    dialog.get_by_label("Include paths").check()
    expect(field).to_have_value(holding(str(ground)))
    expect(dialog).to_contain_text("Holds paths and file names")
    dialog.get_by_label("Include the names of people").check()
    expect(field).to_have_value(holding("people:"))
    with window.page.expect_download() as saved:
        dialog.get_by_role("button", name="Download").click()
    assert saved.value.suggested_filename.startswith("facekeep-report-")
    assert saved.value.path().read_text() == field.input_value()


def test_a_report_can_be_copied_by_hand_where_the_browser_forbids_it(
    library: Serving, open_window: Open
) -> None:
    window = open_window("about:blank")
    window.page.add_init_script(WITHOUT_CLIPBOARD)
    window.page.goto(f"{library.url}/activity")
    dialog = report_dialog(window.page)
    field = dialog.get_by_label("The report")
    expect(field).to_have_value(holding("unreadable"))
    dialog.get_by_role("button", name="Copy").click()
    expect(dialog.get_by_role("alert")).to_contain_text("press Ctrl+C")
    expect(field).to_be_focused()
    selected = field.evaluate("field => field.value.slice(field.selectionStart, field.selectionEnd)")
    assert selected == field.input_value()


def report_dialog(page: Page) -> Locator:
    page.get_by_role("button", name="Copy report").click()
    return page.get_by_role("dialog", name="Copy report")


def holding(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text))
