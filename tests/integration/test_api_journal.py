"""The journal over the REST API: the number of each decision, the listing, undo and redo."""

import shutil
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from embedded_support import open_folder
from interface_support import Filled, refill, serving_filled

API = "/api/v1"
HEADER = "X-Facekeep-Decision"


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


def done(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def get(api: httpx.Client, path: str, **query: Any) -> dict[str, Any]:
    return done(api.get(f"{API}{path}", params=query))


def people(api: httpx.Client) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = get(api, "/people")["items"]
    return items


def name(api: httpx.Client, person: int, name: str | None) -> httpx.Response:
    version = get(api, f"/people/{person}")["version"]
    return api.patch(f"{API}/people/{person}", json={"name": name, "version": version})


def face_of(api: httpx.Client, person: int) -> int:
    return int(get(api, "/faces", person=person)["items"][0]["face"])


def told(api: httpx.Client, answer: httpx.Response) -> dict[str, Any]:
    done(answer)
    return get(api, f"/journal/{answer.headers[HEADER]}")


def test_every_decision_of_a_user_is_told_by_its_number(api: httpx.Client) -> None:
    first, second = (row["person"] for row in people(api))
    assert told(api, name(api, first, "Ada"))["summary"] == f"You named person {first} Ada: 4 faces confirmed"
    face = face_of(api, second)
    unassigned = told(api, api.delete(f"{API}/faces/{face}/person"))
    assert unassigned["faces"] == [face]  # once, though its person and a rejection have changed
    assert unassigned["summary"] == f"You said that face {face} is not person {second}"
    assigned = told(api, api.put(f"{API}/faces/{face}/person", json={"name": "Hedy"}))
    assert assigned["summary"] == f"You put face {face} on Hedy, somebody new"
    body = {"into": first, "version": get(api, f"/people/{second}")["version"]}
    merged = told(api, api.post(f"{API}/people/{second}/merge", json=body))
    assert merged["summary"] == f"You merged person {second} into Ada: 2 faces"
    assert (merged["actor"], merged["about"]) == ("user", {"from": second, "into": first})


def test_naming_and_hiding_at_once_is_one_decision(api: httpx.Client) -> None:
    first = people(api)[0]
    body = {"name": "Ada", "hidden": True, "version": first["version"]}
    decision = told(api, api.patch(f"{API}/people/{first['person']}", json=body))
    assert decision["summary"] == f"You named person {first['person']} Ada, and hid them: 4 faces confirmed"
    done(api.post(f"{API}/journal/{decision['decision']}/undo"))
    row = get(api, f"/people/{first['person']}")
    assert (row["name"], row["hidden"]) == (None, False)


def test_what_changed_nothing_has_no_number(api: httpx.Client) -> None:
    first = people(api)[0]["person"]
    face = face_of(api, first)
    assert HEADER in api.delete(f"{API}/faces/{face}/person").headers
    again = api.delete(f"{API}/faces/{face}/person")
    assert again.status_code == 200
    assert HEADER not in again.headers
    assert HEADER not in api.get(f"{API}/people").headers


def test_undo_and_redo(api: httpx.Client) -> None:
    first = people(api)[0]["person"]
    before = get(api, "/faces", person=first)["items"]
    decision = name(api, first, "Ada").headers[HEADER]
    answer = api.post(f"{API}/journal/{decision}/undo")
    undone = done(answer)
    assert undone == {
        "decision": int(answer.headers[HEADER]), "undid": int(decision), "restored": 5,
        "left_total": 0, "left": [], "looked_at_again": 0,
    }  # fmt: skip
    assert get(api, "/faces", person=first)["items"] == before
    assert get(api, f"/journal/{decision}")["undone_by"] == undone["decision"]
    line = get(api, f"/journal/{undone['decision']}")["summary"]
    assert line == f"You undid “You named person {first} Ada: 4 faces confirmed”"
    done(api.post(f"{API}/journal/{decision}/redo"))
    assert get(api, f"/people/{first}")["name"] == "Ada"
    assert get(api, "/journal")["items"][0]["summary"].startswith("You redid “You named")


def test_what_cannot_be_undone_is_a_problem_with_a_code(api: httpx.Client) -> None:
    first = people(api)[0]["person"]
    old = name(api, first, "Ada").headers[HEADER]
    assert done(api.post(f"{API}/journal/{old}/redo"), 409)["code"] == "not_undone"
    done(api.post(f"{API}/journal/{old}/undo"))
    assert done(api.post(f"{API}/journal/{old}/undo"), 409)["code"] == "already_undone"
    one = name(api, first, "Bea").headers[HEADER]
    other = name(api, first, "Cleo").headers[HEADER]
    done(api.post(f"{API}/journal/{other}/undo"))
    again = name(api, first, "Dora").headers[HEADER]
    assert again not in (one, other)
    assert done(api.post(f"{API}/journal/{other}/redo"), 409)["code"] == "nothing_to_undo"
    assert get(api, f"/people/{first}")["name"] == "Dora"
    for verb in ("undo", "redo"):
        assert done(api.post(f"{API}/journal/4711/{verb}"), 404)["code"] == "not_found"


def test_what_is_left_is_said(api: httpx.Client) -> None:
    first = people(api)[0]["person"]
    named = name(api, first, "Ada").headers[HEADER]
    face = face_of(api, first)
    done(api.delete(f"{API}/faces/{face}/person"))
    undone = done(api.post(f"{API}/journal/{named}/undo"))
    assert undone["left_total"] == 1
    assert undone["left"] == [
        {"kind": "assignment", "face": face, "person": None, "other": None, "reason": "changed since"}
    ]
    assert get(api, f"/faces/{face}")["person"] is None


def test_pages_filters_and_true_totals(api: httpx.Client) -> None:
    first, second = (row["person"] for row in people(api))
    for wanted in ("Ada", "Bea", "Cleo"):
        name(api, first, wanted)
    name(api, second, "Grace")
    whole = get(api, "/journal")
    assert whole["total"] == len(whole["items"])
    assert [row["decision"] for row in whole["items"]] == sorted(
        (row["decision"] for row in whole["items"]), reverse=True
    )
    page = get(api, "/journal", limit=2, actor="user")
    assert (page["total"], len(page["items"])) == (4, 2)
    rest = get(api, "/journal", limit=2, actor="user", cursor=page["next"])
    assert (rest["total"], rest["next"]) == (4, None)
    assert [row["about"]["name"] for row in page["items"] + rest["items"]] == ["Grace", "Cleo", "Bea", "Ada"]
    assert get(api, "/journal", person=second, actor="user")["total"] == 1
    assert get(api, "/journal", person=second)["total"] == 2  # with the grouping that made them
    assert get(api, "/journal", verb="group")["items"][0]["actor"] == "machine"
    assert get(api, "/journal", face=face_of(api, second), verb="name")["total"] == 1
    assert get(api, "/journal", verb="never")["items"] == []
    assert done(api.get(f"{API}/journal", params={"cursor": "no"}), 400)["code"] == "usage"


def test_what_a_decision_changed(api: httpx.Client) -> None:
    first = people(api)[0]["person"]
    decision = name(api, first, "Ada").headers[HEADER]
    page = get(api, f"/journal/{decision}/changes", limit=3)
    rest = get(api, f"/journal/{decision}/changes", limit=3, cursor=page["next"])
    items = page["items"] + rest["items"]
    assert (page["total"], len(items), rest["next"]) == (5, 5, None)
    assert items[-1]["summary"] == f"person {first} was named Ada"
    assert items[-1]["after"].items() >= {"name": "Ada", "hidden": False}.items()
    assert {item["summary"].split(" stayed")[1] for item in items[:4]} == {" with Ada, confirmed"}
    assert api.get(f"{API}/journal/4711/changes").status_code == 404


def test_a_stale_tab_is_told_what_changed(api: httpx.Client) -> None:
    """Two tabs look at a person; one merges somebody into it, the other is stopped and told."""
    one, other = api.get("/api/v1/people").json()["items"][:2]
    person = f"/api/v1/people/{one['person']}"
    named = api.patch(person, json={"name": "Ada", "version": one["version"]}).json()
    merged = {"into": one["person"], "version": other["version"]}
    assert api.post(f"/api/v1/people/{other['person']}/merge", json=merged).status_code == 200
    stale = api.patch(person, json={"name": "Grace", "version": named["version"]})
    assert (stale.status_code, stale.json()["code"]) == (409, "conflict")
    assert stale.json()["since"][0].startswith("You merged person")
    assert "You merged person" in stale.json()["detail"]
    assert api.get(person).json()["name"] == "Ada"
