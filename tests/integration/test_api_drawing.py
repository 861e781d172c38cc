"""Faces themselves over HTTP and on the command line: drawn, moved, put away, alike, searched by picture."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cli_support
import httpx
import pytest
from embedded_support import open_folder
from interface_support import serving
from PIL import Image
from worker_support import astronaut, bomb

from facekeep import bootstrap
from facekeep.actions import journal
from facekeep.actions.context import Context
from facekeep.actions.libraries import add_library
from facekeep.actions.scan import scan_library
from facekeep.api.app import create_app
from facekeep.settings import Settings, load
from facekeep.worker.analysing import Analyser

WALL = {"x": 0.02, "y": 0.02, "width": 0.12, "height": 0.12}
FLAG = {"x": 0.05, "y": 0.6, "width": 0.12, "height": 0.12}
HEADER = "X-Facekeep-Decision"


@dataclass(frozen=True, slots=True)
class Served:
    """A server on two photos of one face."""

    client: httpx.Client
    ctx: Context
    settings: Settings
    photos: Path

    def faces(self, **query: object) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.ask("GET", "faces", params=query)["items"]
        return items

    def ask(self, method: str, path: str, status: int = 200, **request: Any) -> dict[str, Any]:
        answer = self.client.request(method, f"/api/v1/{path}", **request)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def undo(self) -> None:
        journal.undo_latest(self.ctx)


@pytest.fixture(scope="module")
def served(models: Path) -> Iterator[Served]:
    folder = open_folder()
    photos = folder / "photos"
    photos.mkdir()
    picture = Image.fromarray(astronaut())
    picture.save(photos / "one.png")
    picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).resize((480, 480)).save(photos / "two.png")
    settings = load({"home": folder / "home", "workers": 1}, environ={})
    with bootstrap.open_context(settings) as ctx, bootstrap.open_children(settings, count=1) as painter:
        shutil.copytree(models, settings.home / "models")
        scan_library(ctx, add_library(ctx, photos).library)
        Analyser(ctx, painter).run(lambda: False)
        ctx = replace(ctx, renderer=painter, looker=painter)
        with serving(create_app(ctx, page=folder / "page")) as client:
            yield Served(client, ctx, settings, photos)


@pytest.fixture
def face(served: Served) -> dict[str, Any]:
    """The face in the first photo."""
    return served.faces()[0]


def test_draw_and_undo(served: Served, face: dict[str, Any]) -> None:
    before = served.faces()
    path = f"/api/v1/photos/{face['photo']}/faces"
    answer = served.client.post(path, json={"box": WALL, "name": "Hedy"})
    assert answer.status_code == 201
    drawn = answer.json()
    assert drawn["box"] == WALL
    assert (drawn["source"], drawn["standing"], drawn["box_by"], drawn["stale"]) == (
        "drawn",
        "shown",
        "user",
        False,
    )
    assert (drawn["name"], drawn["model"]) == ("Hedy", "bundled-1")
    assert drawn in served.faces()
    twice = served.ask("POST", f"photos/{face['photo']}/faces", 409, json={"box": WALL})
    assert twice["code"] == "conflict"
    served.ask("POST", f"journal/{answer.headers[HEADER]}/undo")
    assert served.faces() == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"box": {**WALL, "x": 0.95}}, 400),
        ({"box": {**WALL, "x": -0.1}}, 422),
        ({"box": {**WALL, "width": 0}}, 422),
        ({"box": {**WALL, "height": 1e-12}}, 400),
        ({"box": {**WALL, "depth": 1}}, 422),
        ({"box": WALL, "person": 1, "name": "Ada"}, 400),
        ({"box": WALL, "person": 2**40}, 404),
        ({}, 422),
    ],
)
def test_what_cannot_be_drawn(
    served: Served, face: dict[str, Any], body: dict[str, Any], status: int
) -> None:
    before = served.faces()
    served.ask("POST", f"photos/{face['photo']}/faces", status, json=body)
    served.ask("POST", "photos/123456/faces", 404, json={"box": WALL})
    assert served.faces() == before


def test_move_and_a_stale_tab(served: Served, face: dict[str, Any]) -> None:
    path, was = f"faces/{face['face']}", face["box"]
    wider = {**was, "width": was["width"] + 0.02}
    moved = served.ask("PATCH", path, json={"box": wider, "was": was})
    assert (moved["box"], moved["box_by"], moved["stale"]) == (wider, "user", False)
    late = served.ask("PATCH", path, 409, json={"box": WALL, "was": was})
    assert "changed since you looked" in late["detail"]
    served.ask("PATCH", path, 422, json={"box": WALL})
    served.ask("PATCH", path, 422, json={"box": WALL, "was": was, "standing": "ignored"})
    served.ask("PATCH", "faces/123456", 404, json={"box": WALL, "was": was})
    served.undo()
    again = served.ask("GET", path)
    assert (again["box"], again["box_by"], again["stale"]) == (was, "auto", True)
    measured = served.ask("POST", f"{path}/measure")
    assert (measured["stale"], measured["quality"]) == (False, pytest.approx(face["quality"], abs=0.15))


def test_put_away_and_shown(served: Served, face: dict[str, Any]) -> None:
    path = f"faces/{face['face']}"
    status = served.ask("GET", "status")["faces"]
    said = served.ask("PATCH", path, json={"standing": "not_a_face"})
    assert (said["standing"], said["person"]) == ("not_a_face", None)
    assert [row["face"] for row in served.faces(standing="not_a_face")] == [face["face"]]
    assert face["face"] not in [row["face"] for row in served.faces()]
    photo = served.ask("GET", f"photos/{face['photo']}")
    assert (photo["faces"], photo["face_list"]) == (0, [])
    assert served.ask("GET", "status")["faces"] == status - 1
    assert served.client.get(f"/api/v1/{path}/crop").status_code == 200
    served.undo()
    assert served.ask("GET", path) == face
    assert served.ask("DELETE", path)["standing"] == "deleted"
    again = served.client.delete(f"/api/v1/{path}")
    assert (again.status_code, HEADER in again.headers) == (200, False)
    served.ask("DELETE", "faces/123456", 404)
    stood = served.ask("POST", "faces/standing", json={"faces": [face["face"], 123456], "standing": "shown"})
    assert [item["outcome"] for item in stood["items"]] == ["done", "not_found"]
    served.undo()
    served.undo()
    assert served.ask("GET", path) == face


def test_similar(served: Served, face: dict[str, Any]) -> None:
    other = served.faces()[1]
    [like] = served.ask("GET", f"faces/{face['face']}/similar")["items"]
    assert (like["face"], like["photo"], like["person"]) == (other["face"], other["photo"], other["person"])
    assert like["distance"] < 0.4
    assert like["confidence"] > 0.9
    served.ask("GET", "faces/123456/similar", 404)
    served.ask("GET", f"faces/{face['face']}/similar", 422, params={"limit": 100_000})


def test_search_by_a_picture(served: Served, face: dict[str, Any]) -> None:
    content = (served.photos / "two.png").read_bytes()
    assert len(content) > 64 * 1024
    answer = served.ask("POST", "search/picture", content=content, headers={"Content-Type": "image/png"})
    [seen] = answer["items"]
    assert [like["face"] for like in seen["faces"]] == [row["face"] for row in reversed(served.faces())]
    assert seen["faces"][0]["distance"] < 0.1
    assert seen["people"][0]["person"] == face["person"]
    assert set(seen["quality"]) == {"overall", "size", "sharpness", "pose", "exposure"}


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "usage"),
        (b"{}", 422, "photo"),
        (b"GIF89a" + bytes(1000), 422, "photo"),
        (bomb(12_000), 422, "photo"),
        (bytes(32 * 2**20 + 1), 413, "body_too_large"),
    ],
    ids=["empty", "text", "broken", "bomb", "large"],
)
def test_a_picture_that_is_refused(served: Served, content: bytes, status: int, code: str) -> None:
    assert served.ask("POST", "search/picture", status, content=content)["code"] == code


def test_other_bodies_stay_small(served: Served) -> None:
    assert served.ask("POST", "faces/standing", 413, content=bytes(70_000))["code"] == "body_too_large"

    def endless() -> Iterator[bytes]:
        for _ in range(33):
            yield bytes(2**20)

    assert served.client.post("/api/v1/search/picture", content=endless()).status_code == 413


def test_the_commands(served: Served, face: dict[str, Any]) -> None:
    home, number = served.settings.home, face["face"]

    def facekeep(*arguments: object) -> list[dict[str, Any]]:
        ran = cli_support.run(home, *arguments, "--json")
        assert ran.status == 0, ran.err
        return ran.items

    [drawn] = facekeep("draw", face["photo"], *FLAG.values(), "--name", "Hedy")
    assert (drawn["name"], drawn["stale"]) == ("Hedy", False)
    lower = {**FLAG, "y": 0.65}
    [moved] = facekeep("resize", drawn["face"], *lower.values())
    assert (moved["box"], moved["box_by"]) == (lower, "user")
    assert facekeep("ignore", drawn["face"], "--not-a-face")[0]["outcome"] == "done"
    assert [row["face"] for row in facekeep("faces", "--standing", "not_a_face")] == [drawn["face"]]
    assert facekeep("show", drawn["face"])[0]["outcome"] == "done"
    assert [row["face"] for row in facekeep("similar", number, "--limit", 1)] == [served.faces()[1]["face"]]
    [seen] = facekeep("like", served.photos / "two.png")
    assert seen["faces"][0]["face"] == served.faces()[1]["face"]
    for _ in range(4):
        facekeep("undo")
    assert served.ask("GET", f"faces/{number}") == face
    assert drawn["face"] not in [row["face"] for row in served.faces()]
    for wrong in (("draw", 1, 0.9, 0.9, 0.5, 0.5), ("ignore", 1, "--delete", "--not-a-face")):
        assert cli_support.run(home, *wrong).status == 2
    assert cli_support.run(home, "like", home / "none").status == 2
    assert cli_support.run(home, "like", __file__).status == 1
