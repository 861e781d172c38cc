"""The REST API on a real database behind a real server: what a user says through it."""

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
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
def served(server: tuple[Filled, httpx.Client]) -> tuple[Filled, httpx.Client]:
    refill(server[0])
    return server


@pytest.fixture
def api(served: tuple[Filled, httpx.Client]) -> httpx.Client:
    return served[1]


def people(api: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = api.get(f"{API}/people", params=query).json()["items"]
    return items


def done(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_naming_confirms_the_faces_and_is_found_by_name(api: httpx.Client) -> None:
    first = people(api)[0]
    row = done(
        api.patch(
            f"{API}/people/{first['person']}", json={"name": "  Ada   Lovelace ", "version": first["version"]}
        )
    )
    assert row["name"] == "Ada Lovelace"
    assert row["version"] > first["version"]
    faces = api.get(f"{API}/faces", params={"person": first["person"]}).json()["items"]
    assert {(face["name"], face["assigned_by"]) for face in faces} == {("Ada Lovelace", "user")}
    for typed in ("ada", "LOVE", "Ada Lovelace"):
        assert [p["name"] for p in done(api.get(f"{API}/people/names", params={"q": typed}))["items"]] == [
            "Ada Lovelace"
        ]
    assert [p["name"] for p in people(api, named=True)] == ["Ada Lovelace"]
    assert len(people(api, named=False)) == 1


def test_a_stale_version_changes_nothing(api: httpx.Client) -> None:
    first = people(api)[0]
    path = f"{API}/people/{first['person']}"
    done(api.patch(path, json={"name": "Ada", "version": first["version"]}))
    late = api.patch(path, json={"name": "Grace", "version": first["version"]})
    assert late.status_code == 409
    assert late.json()["code"] == "conflict"
    assert late.json()["hint"]
    assert done(api.get(path))["name"] == "Ada"


def test_of_two_at_once_one_wins_and_the_other_is_told(api: httpx.Client) -> None:
    first = people(api)[0]
    together = threading.Barrier(2)

    def rename(name: str) -> int:
        together.wait()
        body = {"name": name, "version": first["version"]}
        return api.patch(f"{API}/people/{first['person']}", json=body).status_code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(rename, ["Ada", "Grace"])) == [200, 409]


def test_name_and_hide_together_then_take_the_name_away(api: httpx.Client) -> None:
    first = people(api)[0]
    path = f"{API}/people/{first['person']}"
    row = done(api.patch(path, json={"name": "Ada", "hidden": True, "version": first["version"]}))
    assert (row["name"], row["hidden"]) == ("Ada", True)
    assert first["person"] not in [p["person"] for p in people(api)]
    assert [p["person"] for p in people(api, hidden=True)] == [first["person"]]
    row = done(api.patch(path, json={"name": None, "version": row["version"]}))
    assert (row["name"], row["hidden"]) == (None, True)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "Ada"}, 422),
        ({"version": 1}, 400),
        ({"name": "   ", "version": 1}, 400),
        ({"name": "", "version": 1}, 400),
        ({"name": "x" * 201, "version": 1}, 422),
        ({"name": "a\0b", "version": 1}, 422),
        ({"name": "a\u202eb", "version": 1}, 400),
        ({"name": 7, "version": 1}, 422),
        ({"name": "Ada", "version": 2**70}, 422),
        ({"name": "Ada", "version": 1, "hiden": True}, 422),
    ],
)
def test_what_is_no_change_is_refused(api: httpx.Client, body: dict[str, Any], status: int) -> None:
    first = people(api)[0]
    answer = api.patch(f"{API}/people/{first['person']}", json=body)
    assert answer.status_code == status, answer.text
    assert people(api)[0] == first


def test_merging_leaves_a_pointer(api: httpx.Client) -> None:
    into, gone = people(api)
    row = done(
        api.post(
            f"{API}/people/{gone['person']}/merge", json={"into": into["person"], "version": gone["version"]}
        )
    )
    assert (row["person"], row["faces"]) == (into["person"], into["faces"] + gone["faces"])
    assert done(api.get(f"{API}/people/{gone['person']}"))["person"] == into["person"]
    again = api.post(f"{API}/people/{gone['person']}/merge", json={"into": into["person"], "version": 1})
    assert again.status_code == 409


def test_a_face_goes_to_a_person_to_a_new_name_and_off_again(api: httpx.Client) -> None:
    alone = api.get(f"{API}/faces", params={"unassigned": True}).json()["items"][0]["face"]
    path = f"{API}/faces/{alone}/person"
    first = people(api)[0]
    assert done(api.put(path, json={"person": first["person"]}))["person"] == first["person"]
    off = done(api.delete(path))
    assert (off["person"], off["assigned_by"]) == (None, None)
    assert done(api.delete(path))["person"] is None  # once more is no mistake
    new = done(api.put(path, json={"name": "Grace"}))
    assert (new["name"], new["assigned_by"]) == ("Grace", "user")


@pytest.mark.parametrize(
    "body", [{}, {"person": 1, "name": "Ada"}, {"person": 999}, {"name": " "}, {"person": "x"}]
)
def test_a_face_that_goes_nowhere_stays(api: httpx.Client, body: dict[str, Any]) -> None:
    before = api.get(f"{API}/faces/1").json()
    assert api.put(f"{API}/faces/1/person", json=body).status_code in (400, 404, 422)
    assert api.get(f"{API}/faces/1").json() == before


def test_failures_are_tried_again_on_request(api: httpx.Client) -> None:
    photo = api.get(f"{API}/failures").json()["items"][0]["photo"]
    assert done(api.post(f"{API}/failures/retry", json={"code": "crashed"})) == {"retried": 0}
    assert done(api.post(f"{API}/failures/retry", json={"photos": [photo]})) == {"retried": 1}
    assert api.post(f"{API}/failures/retry", json={"code": "bad luck"}).status_code == 422


def test_a_folder_is_taken_in_and_scanned(served: tuple[Filled, httpx.Client], tmp_path: Path) -> None:
    data, api = served
    more = data.photos.parent / "more"
    more.mkdir()
    library = done(api.post(f"{API}/libraries", json={"root": str(more)}), 201)
    assert library["root"] == str(more)
    assert done(api.post(f"{API}/libraries", json={"root": str(more)}), 201)["library"] == library["library"]
    scan = done(api.post(f"{API}/libraries/{library['library']}/scan"), 202)
    assert scan["library"] == library["library"]
    assert done(api.post(f"{API}/scans/{scan['scan']}/stop"))["scan"] == scan["scan"]
    assert library["library"] in [s["library"] for s in api.get(f"{API}/scans").json()["items"]]


@pytest.mark.parametrize("root", ["/nonexistent", "photos", "", "/etc/passwd", "HOME", "a\0b"])
def test_a_folder_that_cannot_be_a_library_is_refused(served: tuple[Filled, httpx.Client], root: str) -> None:
    data, api = served
    before = api.get(f"{API}/libraries").json()
    answer = api.post(f"{API}/libraries", json={"root": root.replace("HOME", str(data.settings.home))})
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["detail"]
    assert api.get(f"{API}/libraries").json() == before
