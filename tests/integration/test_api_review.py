"""The REST API: what is asked of reviewers, paging through it while answering, and answers."""

import shutil
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from embedded_support import open_folder
from interface_support import Filled, refill, serving_filled
from review_support import propose, suggest

from facekeep.actions import people
from facekeep.api.app import openapi

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
def asked(data: Filled) -> tuple[int, int, list[int]]:
    """Two people with names, and forty faces of nobody that are asked about: who, who, and the faces."""
    first, second = (person for person, _ in _people(data))
    for person, name in ((first, "Ada"), (second, "Grace")):
        people.name_person(data.ctx, person, name)
    faces = _strangers(data, 40)
    for number, face in enumerate(faces):
        suggest(data.ctx, face, first if number % 4 else second, 0.5 + 0.1 * (number % 5))
    return first, second, faces


def _people(data: Filled) -> list[tuple[int, int]]:
    with data.ctx.database.read() as reader:
        query = "SELECT person_id, count(*) FROM assignment GROUP BY 1 ORDER BY 2 DESC LIMIT 2"
        return [(int(person), int(count)) for person, count in reader.tuples(query)]


def _strangers(data: Filled, count: int) -> list[int]:
    with data.ctx.database.write() as writer:
        made = [
            int(row[0])
            for row in writer.tuples(
                "WITH made AS (INSERT INTO photo (content_hash, size_bytes, width, height)"
                " SELECT sha256(n::text::bytea), 1, 200, 100 FROM generate_series(1, %(count)s) AS n"
                " RETURNING id)"
                " INSERT INTO face"
                " (photo_id, x, y, width, height, landmarks, score, found_by, quality, grouped)"
                " SELECT id, 0.1, 0.2, 0.3, 0.4, array_fill(0.5::float8, ARRAY[10]), 0.9, %(pack)s, 0.8, true"
                " FROM made RETURNING id",
                {"count": count, "pack": data.ctx.pack_id},
            )
        ]
        writer.run(
            "INSERT INTO embedding SELECT f, %(pack)s, array_fill(0.12::real, ARRAY[128])::vector"
            " FROM unnest(%(faces)s::bigint[]) AS f",
            {"faces": made, "pack": data.ctx.pack_id},
        )
    return made


def get(api: httpx.Client, path: str, **query: Any) -> dict[str, Any]:
    answer = api.get(f"{API}/{path}", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def paged(api: httpx.Client, path: str, **query: Any) -> Iterator[dict[str, Any]]:
    cursor = None
    while True:
        page = get(api, path, **query, **({} if cursor is None else {"cursor": cursor}))
        yield from page["items"]
        cursor = page["next"]
        if cursor is None:
            return


def test_the_queue_is_listed_surest_first(api: httpx.Client, asked: tuple[int, int, list[int]]) -> None:
    ada, _, faces = asked
    page = get(api, "suggestions", limit=15)
    assert (page["total"], len(page["items"])) == (40, 15)
    first = page["items"][0]
    assert (first["confidence"], first["distance"], first["reason"]) == (0.9, 0.5, {"votes": 3})
    assert first["box_px"] == {"x": 20, "y": 20, "width": 60, "height": 40}
    assert first["name"] in ("Ada", "Grace")
    assert first["skipped"] is False
    every = list(paged(api, "suggestions", limit=7))
    assert sorted(row["face"] for row in every) == sorted(faces)
    keys = [(-row["confidence"], row["face"]) for row in every]
    assert keys == sorted(keys)
    of_ada = list(paged(api, "suggestions", limit=7, person=ada, minimum=0.8))
    assert of_ada == [row for row in every if row["person"] == ada and row["confidence"] >= 0.8]
    assert get(api, "suggestions", person=ada, minimum=0.8)["total"] == len(of_ada)
    [one] = get(api, "suggestions", face=faces[3])["items"]
    assert get(api, "suggestions", photo=one["photo"])["items"] == [one]


def test_who_is_asked_about(api: httpx.Client, asked: tuple[int, int, list[int]]) -> None:
    ada, grace, _ = asked
    page = get(api, "suggestions/people")
    assert page["total"] == 2
    assert {row["person"]: row["suggestions"] for row in page["items"]} == {ada: 30, grace: 10}
    assert all(row["best"] == pytest.approx(0.9) and len(row["faces"]) == 6 for row in page["items"])
    assert [row["person"] for row in paged(api, "suggestions/people", limit=1)] == [
        row["person"] for row in page["items"]
    ]
    of_first = page["items"][0]["person"]
    answers = [
        {"face": row["face"], "person": of_first, "answer": "skip"}
        for row in paged(api, "suggestions", person=of_first)
    ]
    assert "x-facekeep-decision" not in answer(api, "suggestions", answers).headers
    last = get(api, "suggestions/people")["items"][-1]
    assert (last["person"], last["skipped"]) == (of_first, last["suggestions"])


def answer(api: httpx.Client, path: str, answers: list[dict[str, Any]]) -> httpx.Response:
    found = api.post(f"{API}/{path}/answer", json={"answers": answers})
    assert found.status_code == 200, found.text
    return found


def test_the_order_stays_while_it_is_answered(api: httpx.Client, asked: tuple[int, int, list[int]]) -> None:
    """Every face is met once by somebody who answers each page before they ask for the next."""
    met: list[int] = []
    cursor = None
    while True:
        page = get(api, "suggestions", limit=6, **({} if cursor is None else {"cursor": cursor}))
        assert page["total"] == 40 - len(met)
        met += [row["face"] for row in page["items"]]
        words = ["accept", "reject"]
        answer(
            api,
            "suggestions",
            [
                {"face": row["face"], "person": row["person"], "answer": words[row["face"] % 2]}
                for row in page["items"]
            ],
        )
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(met) == sorted(asked[2])


def test_answers_have_a_word_for_each_and_can_be_undone(
    api: httpx.Client, asked: tuple[int, int, list[int]]
) -> None:
    ada, grace, faces = asked
    person = {row["face"]: row["person"] for row in paged(api, "suggestions")}
    one, other, third, fourth = faces[:4]
    done = answer(
        api,
        "suggestions",
        [
            {"face": one, "person": person[one], "answer": "accept"},
            {"face": other, "person": person[other], "answer": "reject"},
            {"face": third, "person": person[third], "answer": "other", "name": "Hedy"},
            {"face": fourth, "person": person[fourth], "answer": "skip"},
            {"face": 10**9, "person": ada, "answer": "accept"},
        ],
    )
    outcomes = [item["outcome"] for item in done.json()["items"]]
    assert outcomes == ["accepted", "rejected", "reassigned", "skipped", "not_found"]
    assert done.json()["items"][0] == {
        "face": one,
        "person": person[one],
        "outcome": "accepted",
        "now": person[one],
    }
    again = answer(api, "suggestions", [{"face": one, "person": person[one], "answer": "reject"}])
    assert again.json()["items"][0]["outcome"] == "answered"
    assert "x-facekeep-decision" not in again.headers
    number = done.headers["x-facekeep-decision"]
    assert get(api, "suggestions")["total"] == 37
    assert api.post(f"{API}/journal/{number}/undo").status_code == 200
    assert get(api, "suggestions")["total"] == 40
    assert grace in person.values()


def test_all_of_a_person(api: httpx.Client, asked: tuple[int, int, list[int]]) -> None:
    ada, grace, _ = asked
    sure = get(api, "suggestions", person=ada, minimum=0.75)["total"]
    done = api.post(f"{API}/people/{ada}/suggestions/accept", json={"minimum": 0.75, "limit": 5})
    assert done.status_code == 200
    assert ([item["outcome"] for item in done.json()["items"]], done.json()["left"]) == (
        ["accepted"] * 5,
        sure - 5,
    )
    assert "x-facekeep-decision" in done.headers
    none = api.post(f"{API}/people/{grace}/suggestions/reject", json={})
    assert {item["outcome"] for item in none.json()["items"]} == {"rejected"}
    assert get(api, "suggestions", person=grace)["total"] == 0
    assert api.post(f"{API}/people/{10**9}/suggestions/accept", json={}).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"answers": []},
        {"answers": [{"face": 1, "person": 1, "answer": "maybe"}]},
        {"answers": [{"face": 1, "person": 1, "answer": "other"}]},
        {"answers": [{"face": 1, "person": 1, "answer": "accept"}] * 2},
        {"answers": [{"face": 1, "person": 1, "answer": "accept", "sure": True}]},
    ],
)
def test_answers_that_cannot_be_are_refused(api: httpx.Client, wrong: dict[str, Any]) -> None:
    assert api.post(f"{API}/suggestions/answer", json=wrong).status_code in (400, 422)


@pytest.mark.parametrize("path", ["suggestions", "suggestions/people", "proposals"])
def test_cursors_that_are_not_ours_are_refused(api: httpx.Client, path: str) -> None:
    assert api.get(f"{API}/{path}", params={"cursor": "WzEsMl0"}).json()["code"] == "usage"


def test_proposals(api: httpx.Client, data: Filled, asked: tuple[int, int, list[int]]) -> None:
    ada, grace, _ = asked
    propose(data.ctx, ada, grace, anyway=True)
    [row] = get(api, "proposals")["items"]
    one, other = sorted((ada, grace))
    assert (row["one"]["person"], row["other"]["person"]) == (one, other)
    assert row["reason"] == {"near": 3, "compared": 9, "nearest": 0.35, "mean": 0.45}
    assert row["stays"] == ada, "she has more faces"
    assert len(row["one"]["shown"]) == row["one"]["faces"]
    assert get(api, "proposals", person=ada)["total"] == 1
    done = answer(api, "proposals", [{"one": ada, "other": grace, "answer": "merge", "into": grace}])
    assert done.json()["items"] == [{"one": ada, "other": grace, "outcome": "merged", "person": grace}]
    assert get(api, "proposals")["total"] == 0
    assert api.post(f"{API}/journal/{done.headers['x-facekeep-decision']}/undo").status_code == 200
    apart = answer(api, "proposals", [{"one": ada, "other": grace, "answer": "apart"}])
    assert apart.json()["items"][0]["outcome"] == "apart"
    assert get(api, "proposals", person=grace)["items"] == []


def test_it_is_described(api: httpx.Client) -> None:
    names = {
        operation["operationId"]
        for path in openapi()["paths"].values()
        for operation in path.values()
        if {"suggestions", "proposals"} & set(operation["tags"])
    }
    assert names == {
        "suggestions_list",
        "suggestions_people",
        "suggestions_answer",
        "suggestions_accept",
        "suggestions_reject",
        "proposals_find",
        "proposals_list",
        "proposals_answer",
    }


def test_a_thousand_answers_fit_one_request(api: httpx.Client, data: Filled) -> None:
    [(ada, _), *_] = _people(data)
    faces = _strangers(data, 1040)[40:]
    with data.ctx.database.write() as writer:
        writer.run(
            "INSERT INTO suggestion (face_id, person_id, pack_id, confidence, distance)"
            " SELECT f, %(ada)s, %(pack)s, 0.5, 0.5 FROM unnest(%(faces)s::bigint[]) AS f",
            {"ada": ada, "pack": data.ctx.pack_id, "faces": faces},
        )
    began = time.monotonic()
    done = answer(api, "suggestions", [{"face": face, "person": ada, "answer": "accept"} for face in faces])
    assert {item["outcome"] for item in done.json()["items"]} == {"accepted"}
    assert time.monotonic() - began < 20
