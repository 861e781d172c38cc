"""The REST API: forgetting somebody, and exporting what is known of people."""

import csv
import io
import json
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


def named(api: httpx.Client) -> dict[str, Any]:
    """The person with most faces, named."""
    people = api.get(f"{API}/people").json()["items"]
    person: dict[str, Any] = max(people, key=lambda row: int(row["faces"]))
    body = {"name": "Ada", "version": person["version"]}
    answer = api.patch(f"{API}/people/{person['person']}", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_forgetting_is_counted_confirmed_and_final(api: httpx.Client) -> None:
    person = named(api)
    url = f"{API}/people/{person['person']}/forget"
    face = api.get(f"{API}/faces", params={"person": person["person"]}).json()["items"][0]["face"]
    assert api.get(f"{API}/faces/{face}/crop").status_code == 200
    assert api.post(url, json={}).status_code == 400
    counted = api.post(url, json={"dry_run": True})
    assert counted.status_code == 200, counted.text
    assert (counted.json()["faces"], counted.json()["dry_run"]) == (person["faces"], True)
    assert "x-facekeep-decision" not in counted.headers
    version = counted.json()["version"]
    stale = api.post(url, json={"confirm": version + 1})
    assert (stale.status_code, stale.json()["code"]) == (409, "conflict")
    done = api.post(url, json={"confirm": version})
    assert done.status_code == 200, done.text
    assert done.json() == counted.json() | {"dry_run": False}
    decision = done.headers["x-facekeep-decision"]
    undone = api.post(f"{API}/journal/{decision}/undo")
    assert (undone.status_code, undone.json()["code"]) == (409, "nothing_to_undo")
    assert api.get(f"{API}/faces/{face}/crop").status_code == 404
    assert api.post(url, json={"dry_run": True}).status_code == 404
    assert api.post(f"{API}/people/999999/forget", json={"dry_run": True}).status_code == 404
    assert "Ada" not in api.get(f"{API}/journal").text


def test_export_in_three_forms(api: httpx.Client) -> None:
    person = named(api)
    lines = api.get(f"{API}/export/people")
    assert lines.headers["content-type"] == "application/jsonl"
    assert lines.headers["content-disposition"] == 'attachment; filename="people.jsonl"'
    records = [json.loads(line) for line in lines.text.splitlines()]
    assert records[-1] == {"kind": "end", "people": 1, "photos": person["photos"], "faces": person["faces"]}
    whole = api.get(f"{API}/export/people", params={"format": "json"}).json()
    assert [record["kind"] for record in whole] == [record["kind"] for record in records]
    table = api.get(f"{API}/export/people", params={"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(table.text, newline="")))
    assert {row["name"] for row in rows} == {"Ada"}
    everything = api.get(f"{API}/export/people", params={"unnamed": True, "vectors": True}).text
    assert "bundled-1" in everything
    assert api.get(f"{API}/export/people", params={"person": 999_999}).status_code == 404
    assert api.get(f"{API}/export/people", params={"format": "xml"}).status_code == 422
    copies = api.post(f"{API}/people/{person['person']}/forget", json={"dry_run": True}).json()["copies"]
    assert [copy["place"] for copy in copies] == ["sent over the API"]
