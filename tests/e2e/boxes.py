"""Where boxes stand on the screen, compared with where the API says that faces are."""

from collections.abc import Sequence
from typing import Any

from playwright.sync_api import FloatRect, Page

CLOSE_PX = 1.0


def assert_boxes_match(page: Page, picture: str, faces: Sequence[dict[str, Any]]) -> None:
    """Every face has a box in the element `picture`, over its image where the API says, to the pixel."""
    image = rect(page, f"{picture} img")
    for face in faces:
        shown = rect(page, f"{picture} [data-face='{face['face']}']")
        wanted = _on_screen(face["box"], image)
        off = max(abs(shown[side] - wanted[side]) for side in ("x", "y", "width", "height"))
        assert off <= CLOSE_PX, f"face {face['face']} is shown at {shown}, not at {wanted}"


def rect(page: Page, selector: str) -> FloatRect:
    """Where an element is, in CSS pixels of the window."""
    found = page.locator(selector).first
    found.wait_for(state="visible")
    place = found.bounding_box()
    assert place is not None
    return place


def _on_screen(box: dict[str, float], image: FloatRect) -> FloatRect:
    return {
        "x": image["x"] + box["x"] * image["width"],
        "y": image["y"] + box["y"] * image["height"],
        "width": box["width"] * image["width"],
        "height": box["height"] * image["height"],
    }
