"""Grouping over the REST API and on the command line, and by the worker in the background."""

import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest
from cli_support import Ran
from embedded_support import open_folder
from interface_support import Filled, refill, serving_filled
from typer.testing import CliRunner

from facekeep.actions.group import GROUP_LOCK
from facekeep.actions.regroup import ask_to_regroup, run_asked
from facekeep.cli.main import app
from facekeep.store import grouping, regrouping
from facekeep.store.regrouping import Run
from facekeep.worker.analysing import Analyser, Progress
from facekeep.worker.children import Children

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
    with server[0].ctx.database.write() as writer:
        writer.run("TRUNCATE regrouping RESTART IDENTITY")
    return server[0]


@pytest.fixture
def api(server: tuple[Filled, httpx.Client], data: Filled) -> httpx.Client:
    return server[1]


def done(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def facekeep(data: Filled, *arguments: object, status: int = 0) -> Ran:
    result = CliRunner().invoke(app, [*map(str, arguments), "--home", str(data.settings.home)])
    assert result.exit_code == status, result.stderr
    return Ran(result.exit_code, result.stdout, result.stderr)


def break_up(data: Filled) -> None:
    """Ada in two."""
    with data.ctx.database.write(verb="group") as writer:
        [new] = grouping.make_people(writer, 1)
        ada = "(SELECT person_id FROM assignment GROUP BY person_id ORDER BY count(*) DESC LIMIT 1)"
        moved = f"SELECT face_id FROM assignment WHERE person_id = {ada} ORDER BY face_id DESC LIMIT 2"
        writer.run(f"UPDATE assignment SET person_id = %(new)s WHERE face_id IN ({moved})", {"new": new})


def test_the_state(api: httpx.Client) -> None:
    assert done(api.get(f"{API}/grouping")) == {"waiting": 0, "regroup": None}


def test_asked_for_and_done_in_the_background(data: Filled, api: httpx.Client) -> None:
    break_up(data)
    asked = done(api.post(f"{API}/grouping/regroup", json={"dry_run": False}))
    assert (asked["state"], asked["regroup"], asked["outcome"]) == ("queued", 1, None)
    twice = done(api.post(f"{API}/grouping/regroup", json={}), 409)
    assert twice["code"] == "conflict"
    said: list[Progress] = []
    children = Children(1, data.ctx.models_folder)
    try:
        Analyser(data.ctx, children, said.append).run(lambda: False)
    finally:
        children.close()
    after = done(api.get(f"{API}/grouping"))["regroup"]
    assert (after["state"], after["stage"]) == ("done", "")
    assert (after["outcome"]["moved"], after["outcome"]["gone"]) == (2, 1)
    entry = done(api.get(f"{API}/journal/{after['decision']}"))
    assert (entry["verb"], entry["actor"]) == ("regroup", "user")
    assert done(api.post(f"{API}/journal/{after['decision']}/undo"))["left_total"] == 0
    assert "comparing 8 faces" in [progress.message for progress in said]
    assert said[-1] == replace(said[-1], state="idle", message="")


def test_cancelled(api: httpx.Client) -> None:
    assert done(api.delete(f"{API}/grouping/regroup"), 404)["code"] == "not_found"
    done(api.post(f"{API}/grouping/regroup", json={"dry_run": True}))
    assert done(api.delete(f"{API}/grouping/regroup"))["state"] == "cancelled"
    done(api.post(f"{API}/grouping/regroup", json={"dry_run": True}))


def test_one_person_twice(data: Filled, api: httpx.Client) -> None:
    break_up(data)
    assert done(api.post(f"{API}/proposals/find")) == {"people": 3, "proposed": 1, "withdrawn": 0}
    [row] = facekeep(data, "twice", "--json").items
    assert (row["one_name"], row["other_faces"], row["skipped"]) == (None, 2, False)
    told = facekeep(data, "twice").out
    assert "1 pair may be one person, of 3 people" in told


def test_the_parts_of_a_person(data: Filled, api: httpx.Client) -> None:
    ada, grace = (row["person"] for row in done(api.get(f"{API}/people"))["items"])
    done(api.post(f"{API}/people/{grace}/merge", json={"into": ada, "version": 1}))
    found = done(api.get(f"{API}/people/{ada}/parts"))
    assert [len(part["faces"]) for part in found["parts"]] == [4, 3]
    assert found["parts"][1]["distance"] > 1
    lines = facekeep(data, "parts", ada, "--json").items
    assert [line["faces"] for line in lines] == [part["faces"] for part in found["parts"]]
    assert "2 parts; 0 faces like none" in facekeep(data, "parts", ada).out
    done(api.get(f"{API}/people/999/parts"), 404)
    facekeep(data, "parts", 999, status=2)


def test_regroup_on_the_command_line(data: Filled) -> None:
    break_up(data)
    [dry] = facekeep(data, "regroup", "--dry-run", "--json").items
    assert (dry["state"], dry["dry_run"], dry["decision"]) == ("done", True, None)
    assert dry["outcome"]["moved"] == 2
    assert "2 faces would move" in facekeep(data, "regroup", "--dry-run").out
    told = facekeep(data, "regroup").out
    assert "2 faces moved; `facekeep undo " in told
    assert "0 faces moved" in facekeep(data, "regroup").out


def test_the_command_is_refused_while_it_is_asked_already(data: Filled) -> None:
    ask_to_regroup(data.ctx, dry_run=True)
    assert "already" in facekeep(data, "regroup", status=2).err


def test_the_command_follows_whoever_does_it(data: Filled) -> None:
    """A worker was quicker: it holds grouping, and does it a moment later."""
    with ThreadPoolExecutor(1) as pool:
        with data.ctx.database.hold(*GROUP_LOCK):
            command = pool.submit(facekeep, data, "regroup", "--dry-run", "--json")
            while done_by(data) is None:
                time.sleep(0.05)
        run_asked(data.ctx)
        [told] = command.result(60).items
    assert told["state"] == "done"


def done_by(data: Filled) -> Run | None:
    with data.ctx.database.read() as reader:
        return regrouping.opened(reader)
