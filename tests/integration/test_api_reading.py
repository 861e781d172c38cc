"""The REST API on a real database behind a real server: what it tells."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from embedded_support import open_folder
from interface_support import BROKEN, Filled, serving_filled

API = "/api/v1"
JPEG = b"\xff\xd8\xff"


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Filled, httpx.Client]]:
    folder = open_folder()
    try:
        with serving_filled(folder) as both:
            yield both
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def api(served: tuple[Filled, httpx.Client]) -> httpx.Client:
    return served[1]


def got(api: httpx.Client, path: str, **query: Any) -> dict[str, Any]:
    answer = api.get(API + path, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def everything(api: httpx.Client, path: str, limit: int, **query: Any) -> list[dict[str, Any]]:
    """All items of a listing, page by page; every page says the same total."""
    items: list[dict[str, Any]] = []
    page = got(api, path, limit=limit, **query)
    total = page["total"]
    while True:
        assert page["total"] == total
        assert len(page["items"]) <= limit
        items += page["items"]
        if page["next"] is None:
            assert len(items) == total
            return items
        page = got(api, path, limit=limit, cursor=page["next"], **query)


def test_health_answers_without_the_database(api: httpx.Client) -> None:
    assert api.get("/healthz").json() == {"status": "ok", "instance": ""}


def test_status_counts_every_photo_once(api: httpx.Client) -> None:
    status = got(api, "/status")
    assert (status["photos"], status["done"], status["failed"], status["waiting"]) == (6, 5, 1, 0)
    assert (status["faces"], status["people"], status["named"], status["libraries"]) == (8, 2, 0, 1)
    assert set(status["activity"]) == {
        "state", "photos_done", "faces_found", "rate", "seconds_left", "message",
    }  # fmt: skip


def test_people_come_with_most_faces_first(api: httpx.Client) -> None:
    people = got(api, "/people")["items"]
    assert [(p["faces"], p["photos"], p["name"]) for p in people] == [(4, 4, None), (3, 3, None)]
    assert {"person", "name", "faces", "photos", "hidden", "cover", "version"} == set(people[0])


@pytest.mark.parametrize(
    ("path", "key", "total"), [("/faces", "face", 8), ("/photos", "photo", 6), ("/people", "person", 2)]
)
@pytest.mark.parametrize("limit", [1, 3, 100])
def test_pages_give_every_item_once(api: httpx.Client, path: str, key: str, total: int, limit: int) -> None:
    keys = [item[key] for item in everything(api, path, limit)]
    assert len(keys) == total
    assert len(set(keys)) == total


def test_a_face_has_every_field_of_the_contract(api: httpx.Client) -> None:
    face = got(api, "/faces", limit=1)["items"][0]
    assert set(face) == {
        "face", "photo", "files", "box", "box_px", "landmarks", "score", "quality", "source",
        "person", "name", "assigned_by", "confidence", "model", "standing", "box_by", "stale",
    }  # fmt: skip
    assert face["box"] == pytest.approx({"x": 0.1, "y": 0.2, "width": 0.1, "height": 0.3})
    assert face["box_px"] == {"x": 20, "y": 20, "width": 20, "height": 30}
    assert [len(point) for point in face["landmarks"]] == [2] * 5
    assert face["landmarks"][0] == pytest.approx([0.13, 0.3])
    assert (face["source"], face["assigned_by"], face["model"]) == ("detected", "auto", "bundled-1")


def test_faces_of_a_person_of_a_photo_and_of_nobody(api: httpx.Client) -> None:
    person = got(api, "/people")["items"][0]["person"]
    assert {face["person"] for face in got(api, "/faces", person=person)["items"]} == {person}
    alone = got(api, "/faces", unassigned=True)["items"]
    assert [face["person"] for face in alone] == [None]
    assert [Path(alone[0]["files"][0]).name] == ["e.png"]
    of_photo = got(api, "/faces", photo=alone[0]["photo"])["items"]
    assert of_photo == alone


def test_a_photo_shows_its_faces_and_both_of_its_files(served: tuple[Filled, httpx.Client]) -> None:
    data, api = served
    photos = {Path(photo["files"][0]).name: photo for photo in got(api, "/photos")["items"]}
    double = next(photo for photo in photos.values() if len(photo["files"]) == 2)
    one = got(api, f"/photos/{double['photo']}")
    assert sorted(one["files"]) == sorted([str(data.photos / "a.png"), str(data.photos / "caf\\xe9.png")])
    assert [face["photo"] for face in one["face_list"]] == [double["photo"]] * 2
    assert (one["width"], one["height"], one["faces"], one["state"]) == (200, 100, 2, "done")
    assert one["taken_at"] == "2024-05-06T07:08:09"


def test_photos_by_state_and_by_person(api: httpx.Client) -> None:
    failed = got(api, "/photos", state="failed")["items"]
    assert [Path(photo["files"][0]).name for photo in failed] == [BROKEN]
    person = got(api, "/people")["items"][0]["person"]
    assert got(api, "/photos", person=person)["total"] == 4


def test_failures_say_why(api: httpx.Client) -> None:
    (failure,) = got(api, "/failures")["items"]
    assert (failure["code"], failure["permanent"], failure["retry_at"]) == ("unreadable", True, None)
    assert Path(failure["files"][0]).name == BROKEN
    assert "empty" in failure["message"]
    assert got(api, "/failures", code="crashed")["total"] == 0
    (counted,) = got(api, "/failures/summary")["items"]
    assert (counted["code"], counted["count"]) == ("unreadable", 1)


def test_libraries_and_scans(served: tuple[Filled, httpx.Client]) -> None:
    data, api = served
    (library,) = got(api, "/libraries")["items"]
    assert (library["root"], library["online"], library["photos"]) == (str(data.photos), True, 6)
    (scan,) = got(api, "/scans")["items"]
    assert (scan["state"], scan["files_seen"], scan["library"]) == ("done", 7, library["library"])


@pytest.mark.parametrize(
    "path", ["/people/{}", "/faces/{}", "/photos/{}", "/faces/{}/crop", "/photos/{}/image"]
)
@pytest.mark.parametrize(
    ("number", "status"), [("999", 404), ("0", 422), ("-1", 422), ("x", 422), (str(2**63), 422)]
)
def test_what_is_not_there(api: httpx.Client, path: str, number: str, status: int) -> None:
    answer = api.get(API + path.format(number))
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == {404: "not_found", 422: "invalid_request"}[status]


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 1001}, {"q": "a\0b"}, {"q": "x" * 201}, {"named": "maybe"}]
)
def test_a_bad_query_is_refused_with_its_name(api: httpx.Client, query: dict[str, Any]) -> None:
    answer = api.get(f"{API}/people", params=query)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == f"query.{next(iter(query))}"


@pytest.mark.parametrize("cursor", ["x", "WzFd", "e30", "%00", "AAAA", "WyJ4IiwieSIsInoiXQ"])
def test_a_cursor_of_somebody_else_is_refused(api: httpx.Client, cursor: str) -> None:
    answer = api.get(f"{API}/people?cursor={cursor}")
    assert answer.status_code in (400, 422)


def test_a_crop_is_a_picture_that_need_not_be_sent_twice(api: httpx.Client) -> None:
    face = got(api, "/faces", limit=1)["items"][0]["face"]
    first = api.get(f"{API}/faces/{face}/crop", params={"size": 96})
    assert first.status_code == 200
    assert first.headers["content-type"] == "image/jpeg"
    assert first.content.startswith(JPEG)
    assert "private" in first.headers["cache-control"]
    for known in (
        first.headers["etag"],
        f"W/{first.headers['etag']}",
        f'"other", {first.headers["etag"]}',
        "*",
    ):
        again = api.get(f"{API}/faces/{face}/crop", params={"size": 96}, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    other = api.get(
        f"{API}/faces/{face}/crop", params={"size": 160}, headers={"If-None-Match": first.headers["etag"]}
    )
    assert other.status_code == 200


def test_a_crop_is_made_again_when_the_cache_lost_it(served: tuple[Filled, httpx.Client]) -> None:
    data, api = served
    face = got(api, "/faces", limit=1)["items"][0]["face"]
    first = api.get(f"{API}/faces/{face}/crop", params={"size": 320})
    shutil.rmtree(data.ctx.cache_folder)
    again = api.get(f"{API}/faces/{face}/crop", params={"size": 320})
    assert again.status_code == 200
    assert again.content == first.content


def test_a_photo_is_sent_smaller(api: httpx.Client) -> None:
    photo = got(api, "/photos", state="done", limit=1)["items"][0]["photo"]
    answer = api.get(f"{API}/photos/{photo}/image", params={"size": 320})
    assert answer.status_code == 200
    assert answer.content.startswith(JPEG)


def test_a_broken_photo_gives_a_reason_and_no_picture(api: httpx.Client) -> None:
    photo = got(api, "/photos", state="failed")["items"][0]["photo"]
    answer = api.get(f"{API}/photos/{photo}/image")
    assert answer.status_code == 422
    assert (answer.json()["code"], answer.json()["failure"]) == ("photo", "unreadable")


@pytest.mark.skipif(os.name != "posix", reason="needs a path of bytes")
def test_paths_that_are_not_utf8_are_shown_and_stay_valid_json(api: httpx.Client) -> None:
    text = api.get(f"{API}/photos").text
    assert "caf\\\\xe9.png" in text
