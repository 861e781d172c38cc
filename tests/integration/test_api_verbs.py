"""The REST API: what is said of a person beside the name, and of many faces at once."""

import shutil
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from embedded_support import open_folder
from interface_support import Filled, refill, serving_filled

API = "/api/v1"


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Filled, httpx.Client]]:
    folder = open_folder()
    try:
        with serving_filled(folder) as both:
            yield both
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def api(server: tuple[Filled, httpx.Client]) -> httpx.Client:
    refill(server[0])
    return server[1]


def items(api: httpx.Client, path: str, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(f"{API}/{path}", params=query).json()["items"]
    return found


def biggest(api: httpx.Client) -> dict[str, Any]:
    return max(items(api, "people"), key=lambda row: int(row["faces"]))


def test_details_are_kept_and_checked(api: httpx.Client) -> None:
    person = biggest(api)
    url = f"{API}/people/{person['person']}/details"
    before = api.get(url).json()
    assert (before["aliases"], before["auto"], before["birth_date"]) == ([], True, None)
    edit = {
        "aliases": ["Countess"],
        "birth_date": "1815-12-10",
        "notes": "maths",
        "version": before["version"],
    }
    after = api.patch(url, json=edit)
    assert after.status_code == 200, after.text
    assert after.json()["birth_date"] == "1815-12-10"
    assert after.json()["aliases"] == ["Countess"]
    assert "x-facekeep-decision" in after.headers
    stale = api.patch(url, json=edit)
    assert (stale.status_code, stale.json()["code"]) == (409, "conflict")
    now = after.json()["version"]
    assert api.patch(url, json={"version": now}).status_code == 400
    assert api.patch(url, json={"birth_date": "1500-01-01", "version": now}).status_code in (400, 409, 422)
    assert api.patch(url, json={"nickname": "x", "version": now}).status_code == 422
    assert api.get(f"{API}/people/4711/details").status_code == 404


def test_faces_are_split_off_moved_and_taken_off(api: httpx.Client) -> None:
    person = biggest(api)
    mine = [row["face"] for row in items(api, "faces", person=person["person"])]
    split = api.post(f"{API}/people/{person['person']}/split", json={"faces": mine[:1], "name": "Hedy"})
    assert split.status_code == 200, split.text
    new = split.json()["person"]
    assert split.json()["items"] == [{"face": mine[0], "outcome": "moved"}]
    assert api.get(f"{API}/people/{new}").json()["name"] == "Hedy"
    back = api.post(f"{API}/faces/move", json={"faces": [mine[0], 4711], "person": person["person"]}).json()
    assert [item["outcome"] for item in back["items"]] == ["moved", "not_found"]
    off = api.post(f"{API}/faces/remove", json={"faces": [mine[0]]}).json()
    assert (off["person"], off["items"][0]["outcome"]) == (None, "removed")
    assert api.post(f"{API}/faces/move", json={"faces": [], "person": 1}).status_code == 422
    both = {"faces": [mine[0]], "person": person["person"], "name": "X"}
    assert api.post(f"{API}/faces/move", json=both).status_code == 400
    assert api.post(f"{API}/people/{new}/split", json={"faces": mine}).status_code == 400


def test_whole_photos_go_to_somebody_else(api: httpx.Client) -> None:
    person = biggest(api)
    [photo, *_] = {row["photo"] for row in items(api, "faces", person=person["person"])}
    url = f"{API}/people/{person['person']}/photos"
    moved = api.post(f"{url}/move", json={"photos": [photo], "name": "Hedy"})
    assert moved.status_code == 200, moved.text
    assert [item["outcome"] for item in moved.json()["items"]] == ["moved"]
    assert api.post(f"{url}/remove", json={"photos": [photo]}).status_code == 400, "not in it any more"


def test_who_is_deleted_comes_back_by_an_undo(api: httpx.Client) -> None:
    person = biggest(api)
    gone = api.delete(f"{API}/people/{person['person']}", params={"version": person["version"]})
    assert gone.status_code == 200, gone.text
    assert len(gone.json()["faces"]) == person["faces"]
    assert api.get(f"{API}/people/{person['person']}").status_code == 404
    decision = gone.headers["x-facekeep-decision"]
    assert "deleted" in api.get(f"{API}/journal/{decision}").text
    assert api.post(f"{API}/journal/{decision}/undo").status_code == 200
    assert api.get(f"{API}/people/{person['person']}").json()["faces"] == person["faces"]
