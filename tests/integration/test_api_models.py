"""The model packs over HTTP."""

from collections.abc import Iterator

import httpx
import pytest
from interface_support import Filled, serving_filled
from made_packs import write_opencv

from facekeep.actions import bringing
from facekeep.domain.packs import OPENCV

MODELS = "/api/v1/models"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Filled, httpx.Client]]:
    folder = tmp_path_factory.mktemp("served")
    with serving_filled(folder) as (data, client):
        by_hand = write_opencv(folder / "given")
        bringing.add(data.ctx.models_folder, OPENCV, folder / "given", accepted=True, by_hand=by_hand)
        yield data, client


@pytest.fixture
def client(served: tuple[Filled, httpx.Client]) -> Iterator[httpx.Client]:
    yield served[1]
    served[1].post(f"{MODELS}/cancel")


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_the_packs_and_which_is_in_use(client: httpx.Client) -> None:
    found = client.get(MODELS).json()
    packs = {item["name"]: item for item in found["items"]}
    assert list(packs) == ["bundled", "opencv", "buffalo_s", "buffalo_l"]
    assert (packs["bundled"]["active"], packs["bundled"]["faces"]) == (True, 8)
    assert (packs["opencv"]["active"], packs["opencv"]["ready"], packs["opencv"]["calibrated"]) == (
        False,
        True,
        False,
    )
    assert "non-commercial" in packs["buffalo_l"]["terms"]
    assert (found["change"], found["waiting"], found["failed"]) == (None, 0, [])


def test_a_change_is_begun_paused_gone_on_with_and_ended(client: httpx.Client) -> None:
    begun = client.post(f"{MODELS}/use", json={"model": "opencv"})
    assert begun.status_code == 202
    change = begun.json()["change"]
    assert (change["active"], change["wanted"]) == ("bundled-1", "opencv-1")
    assert (change["photos"], change["done"], change["waiting"], change["paused"]) == (5, 0, 5, False)
    assert client.get("/api/v1/status").json()["model_change"]["wanted"] == "opencv-1"
    assert client.post(f"{MODELS}/pause").json()["change"]["paused"] is True
    assert client.post(f"{MODELS}/resume").json()["change"]["paused"] is False
    assert client.post(f"{MODELS}/cancel").json()["change"] is None
    assert client.get("/api/v1/status").json()["model_change"] is None
    assert problem(client.post(f"{MODELS}/pause")) == (409, "conflict")


def test_the_live_status_tells_of_the_change(client: httpx.Client) -> None:
    client.post(f"{MODELS}/use", json={"model": "opencv-1"})
    with client.stream("GET", "/api/v1/events") as events:
        line = next(line for line in events.iter_lines() if line.startswith("data:"))
    assert '"wanted":"opencv-1"' in line


def test_what_is_refused(client: httpx.Client) -> None:
    use = f"{MODELS}/use"
    assert problem(client.post(use, json={"model": "yolo"})) == (404, "not_found")
    assert problem(client.post(use, json={"model": "buffalo_s"})) == (403, "terms_not_accepted")
    accepted = {"model": "buffalo_s", "accept_terms": True}
    assert problem(client.post(use, json=accepted)) == (503, "model")
    assert problem(client.post(use, json={"model": "opencv", "pack": 1})) == (422, "invalid_request")
