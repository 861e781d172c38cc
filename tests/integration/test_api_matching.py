"""The REST API and the command line: exemplars, who a face may be, finding more, and the switch."""

import shutil
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from cli_support import run
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
def data(server: tuple[Filled, httpx.Client]) -> Filled:
    refill(server[0])
    return server[0]


@pytest.fixture
def api(server: tuple[Filled, httpx.Client], data: Filled) -> httpx.Client:
    return server[1]


@pytest.fixture
def ada(api: httpx.Client) -> dict[str, Any]:
    """The person with most faces, named."""
    found = api.get(f"{API}/people").json()["items"]
    person = max(found, key=lambda row: int(row["faces"]))
    named = api.patch(f"{API}/people/{person['person']}", json={"name": "Ada", "version": person["version"]})
    assert named.status_code == 200, named.text
    return dict(named.json())


def faces(api: httpx.Client, **query: Any) -> list[int]:
    return [row["face"] for row in api.get(f"{API}/faces", params=query).json()["items"]]


def test_exemplars_are_listed_pinned_and_let_go(api: httpx.Client, ada: dict[str, Any]) -> None:
    url = f"{API}/people/{ada['person']}/exemplars"
    found = api.get(url)
    assert found.status_code == 200, found.text
    mine = faces(api, person=ada["person"])
    assert found.json()["exemplars"]
    assert {row["face"] for row in found.json()["exemplars"]} <= set(mine)
    assert found.json()["eras"] == [
        {"era": "2020-2024", "faces": len(mine), "exemplars": len(found.json()["exemplars"])}
    ]
    pinned = api.post(f"{url}/{mine[0]}")
    assert pinned.status_code == 200, pinned.text
    assert [row["face"] for row in pinned.json()["exemplars"] if row["pinned"]] == [mine[0]]
    decision = pinned.headers["x-facekeep-decision"]
    line = api.get(f"{API}/journal/{decision}").json()["summary"]
    assert line == f"You said that face {mine[0]} always stands for Ada"
    assert api.post(f"{API}/journal/{decision}/undo").status_code == 200
    assert not [row for row in api.get(url).json()["exemplars"] if row["pinned"]]
    assert api.delete(f"{url}/{mine[0]}").status_code == 400
    api.post(f"{url}/{mine[0]}")
    gone = api.delete(f"{url}/{mine[0]}")
    assert gone.status_code == 200
    assert "x-facekeep-decision" in gone.headers
    stranger = next(face for face in faces(api) if face not in mine)
    assert api.post(f"{url}/{stranger}").status_code == 400
    assert api.post(f"{url}/4711").status_code == 404
    assert api.get(f"{API}/people/4711/exemplars").status_code == 404


def test_candidates_say_who_and_why(api: httpx.Client, ada: dict[str, Any]) -> None:
    [first, *others] = faces(api, person=ada["person"])
    found = api.get(f"{API}/faces/{first}/candidates").json()
    best = found["items"][0]
    assert (best["person"], best["name"], best["likely"], best["excluded"]) == (
        ada["person"],
        "Ada",
        True,
        "",
    )
    assert {vote["face"] for vote in best["reason"]["voters"]} <= set(others)
    assert api.get(f"{API}/faces/4711/candidates").status_code == 404
    assert api.get(f"{API}/faces/{first}/candidates", params={"limit": 0}).status_code == 422
    api.delete(f"{API}/faces/{first}/person")
    again = api.get(f"{API}/faces/{first}/candidates").json()["items"][0]
    assert (again["person"], again["likely"], again["excluded"]) == (ada["person"], False, "rejected")


def test_more_of_a_person_is_found_while_machines_only_ask(api: httpx.Client, ada: dict[str, Any]) -> None:
    assert api.get(f"{API}/matching").json() == {"auto": True}
    assert api.patch(f"{API}/matching", json={"auto": False}).json() == {"auto": False}
    mine = faces(api, person=ada["person"])
    off = api.post(f"{API}/faces/remove", json={"faces": mine[:1], "reject": False})
    assert off.status_code == 200
    url = f"{API}/people/{ada['person']}/find-more"
    found = api.post(url, json={})
    assert found.status_code == 200, found.text
    assert [(row["face"], row["person"]) for row in found.json()["items"]] == [(mine[0], ada["person"])]
    assert (found.json()["looked_at"], found.json()["new"]) == (1, 1)
    again = api.post(url, json={"faces": mine[1:], "limit": 5}).json()
    assert (len(again["items"]), again["new"]) == (1, 0)
    assert api.post(url, json={"faces": [mine[0]]}).status_code == 400
    assert api.post(url, json={"faces": []}).status_code == 422
    assert api.post(f"{API}/people/4711/find-more", json={}).status_code == 404
    assert api.patch(f"{API}/matching", json={"auto": True}).json() == {"auto": True}


def test_the_same_on_the_command_line(data: Filled, api: httpx.Client, ada: dict[str, Any]) -> None:
    home = data.settings.home
    mine = faces(api, person=ada["person"])
    shown = run(home, "exemplars", ada["person"], "--pin", mine[0], "--json")
    assert shown.status == 0, shown.err
    assert [row["face"] for row in shown.items if row["pinned"]] == [mine[0]]
    table = run(home, "exemplars", ada["person"])
    assert "pinned" in table.out
    assert "2020-2024" in table.out
    assert run(home, "exemplars", ada["person"], "--pin", 1, "--unpin", 2).status == 2
    assert run(home, "exemplars", ada["person"], "--unpin", mine[0]).status == 0
    assert "asks" in run(home, "matching", "--no-auto").out
    assert run(home, "matching", "--json").items == [{"auto": False}]
    api.post(f"{API}/faces/remove", json={"faces": mine[:1], "reject": False})
    found = run(home, "find", ada["person"], "--from", mine[1], "--json")
    assert [(row["face"], row["person"]) for row in found.items] == [(mine[0], ada["person"])]
    assert "may be person" in run(home, "find", ada["person"]).out
    assert "by itself" in run(home, "matching", "--auto").out
