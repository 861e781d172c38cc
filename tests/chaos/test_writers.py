"""Eight clients decide at once, about the same few people, by the real server: nothing is lost; no two wait
for each other for ever. A minute in the full form."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from interface_support import Filled, look, serving_filled
from PIL import Image
from tests.chaos import figures
from tests.chaos.plan import Plan
from tests.machine.invariants import broken, replayed, stored

from facekeep.actions.group import group_new_faces
from facekeep.actions.scan import scan_library
from facekeep.domain.errors import Conflict

CLIENTS = 8
PHOTOS = 24
PEOPLE = 6
"""All clients decide about the first few: they meet all the time."""

EXPECTED = {200, 404, 409}
"""Somebody else was quicker, or the person is gone: the client is told, and looks again."""


class Client:
    """Somebody with a browser tab of their own. Remembers what the server said was done."""

    def __init__(self, where: httpx.Client, seed: int) -> None:
        self.http = httpx.Client(base_url=where.base_url, timeout=60, trust_env=False)
        self.random, self.name = random.Random(seed), f"client{seed}"
        self.answers: Counter[str] = Counter()
        self.problems: list[str] = []
        self.decisions: list[int] = []
        self.written: list[tuple[int, str]] = []
        """(decision, token): what was put into somebody's notes by read, change and write."""
        self.took: list[float] = []

    def live(self, until: float) -> None:
        verbs: list[Callable[[], None]] = [
            *(self.rename, self.hide, self.note, self.note, self.note, self.merge, self.split),
            *(
                self.assign,
                self.assign,
                self.move,
                self.remove,
                self.unassign,
                self.undo,
                self.undo,
                self.redo,
            ),
        ]
        with self.http:
            while time.monotonic() < until and not self.problems:
                self.random.choice(verbs)()

    def ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        began = time.monotonic()
        answer = self.http.request(method, f"/api/v1{path}", json=body)
        self.took.append(time.monotonic() - began)
        self.answers[f"{method} {answer.status_code}"] += 1
        if answer.status_code not in EXPECTED or "gave way" in answer.text:
            self.problems.append(f"{method} {path} {body}: {answer.status_code} {answer.text}")
        decision = answer.headers.get("X-Facekeep-Decision")
        if decision is not None:
            self.decisions.append(int(decision))
        return answer

    def somebody(self) -> dict[str, int]:
        found: list[dict[str, int]] = self.ask("GET", f"/people?limit={PEOPLE}").json()["items"]
        return self.random.choice(found) if found else {"person": 1, "version": 1}

    def faces(self, count: int) -> list[int]:
        items = self.ask("GET", "/faces?limit=100").json()["items"]
        return [row["face"] for row in self.random.sample(items, min(count, len(items)))]

    def rename(self) -> None:
        who = self.somebody()
        name = self.random.choice(["Ada", "Grace", "Linda", None])
        self.ask("PATCH", f"/people/{who['person']}", {"name": name, "version": who["version"]})

    def hide(self) -> None:
        who = self.somebody()
        wanted = {"hidden": self.random.random() < 0.2, "version": who["version"]}
        self.ask("PATCH", f"/people/{who['person']}", wanted)

    def note(self) -> None:
        """Read, change, write: what two clients do at once to one person may not lose either's word."""
        who = self.ask("GET", f"/people/{self.somebody()['person']}/details")
        if who.status_code != 200:
            return
        known = who.json()
        token = f"{self.name}-{len(self.took)};"
        wanted = {"notes": known["notes"][-8000:] + token, "version": known["version"]}
        done = self.ask("PATCH", f"/people/{known['person']}/details", wanted)
        if done.status_code == 200:
            self.written.append((known["person"], token))

    def merge(self) -> None:
        one, other = self.somebody(), self.somebody()
        self.ask(
            "POST", f"/people/{one['person']}/merge", {"into": other["person"], "version": one["version"]}
        )

    def split(self) -> None:
        faces = (
            self.ask("GET", f"/faces?person={self.somebody()['person']}&limit=100").json().get("items", [])
        )
        if faces:
            some = [row["face"] for row in self.random.sample(faces, (len(faces) + 1) // 2)]
            # 400: they are somebody else's by now.
            self.answers["split"] += 1
            answer = self.http.post(f"/api/v1/people/{faces[0]['person']}/split", json={"faces": some})
            assert answer.status_code in EXPECTED | {400}, answer.text

    def assign(self) -> None:
        for face in self.faces(1):
            self.ask("PUT", f"/faces/{face}/person", {"person": self.somebody()["person"]})

    def move(self) -> None:
        faces = self.faces(5)
        if faces:
            self.ask("POST", "/faces/move", {"faces": faces, "person": self.somebody()["person"]})

    def remove(self) -> None:
        faces = self.faces(3)
        if faces:
            self.ask("POST", "/faces/remove", {"faces": faces, "reject": self.random.random() < 0.5})

    def unassign(self) -> None:
        for face in self.faces(1):
            self.ask("DELETE", f"/faces/{face}/person")

    def undo(self) -> None:
        self.take_back("undo")

    def redo(self) -> None:
        self.take_back("redo")

    def take_back(self, verb: str) -> None:
        items = self.ask("GET", "/journal?limit=15").json()["items"]
        if items:
            self.ask("POST", f"/journal/{self.random.choice(items)['decision']}/{verb}")


@pytest.fixture
def crowd(tmp_path: Path) -> Iterator[tuple[Filled, httpx.Client]]:
    """Twenty-four more photos with two people in each."""
    with serving_filled(tmp_path) as (data, client):
        who = ("ada", "grace", "linda", "mary")
        seen = {}
        for number in range(PHOTOS):
            name = f"more{number}.png"
            Image.new("RGB", (200, 100), (number, 200, number)).save(data.photos / name)
            seen[name] = (who[number % 4], who[(number + 1) % 4])
        scan_library(data.ctx, 1)
        look(data.ctx, seen)
        yield data, client


@pytest.mark.timeout(300)
def test_eight_clients_at_once(crowd: tuple[Filled, httpx.Client], plan: Plan) -> None:
    data, where = crowd
    seconds = 60.0 if plan.full else 5.0
    clients = [Client(where, seed) for seed in range(CLIENTS)]
    until = time.monotonic() + seconds
    errors: list[BaseException] = []

    def during(live: Callable[[], None]) -> None:
        try:
            live()
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            errors.append(error)

    def machine() -> None:
        while time.monotonic() < until:
            with suppress(Conflict):  # a user was quicker: a worker groups again
                group_new_faces(data.ctx)
            time.sleep(0.2)

    lives = [machine, *(lambda client=client: client.live(until) for client in clients)]
    threads = [threading.Thread(target=during, args=(live,)) for live in lives]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [problem for client in clients for problem in client.problems] == []

    def tuples(query: str) -> list[tuple[object, ...]]:
        with data.ctx.database.read() as reader:
            return reader.tuples(query)

    assert broken(tuples) == {}
    assert replayed(tuples) == stored(tuples)
    _nothing_was_overwritten(clients, tuples)
    _tell(clients, seconds)


def _nothing_was_overwritten(
    clients: list[Client], tuples: Callable[[str], list[tuple[object, ...]]]
) -> None:
    """Each write began with what the one before it had left: no two succeeded from the same state."""
    edits = tuples(
        "SELECT c.person_id, c.before->>'notes', c.after->>'notes' FROM change c"
        " JOIN decision d ON d.id = c.decision_id WHERE d.verb = 'edit' ORDER BY c.number"
    )
    written = [token for client in clients for _, token in client.written]
    assert len(edits) >= len(written) > 0
    grown = Counter(str(after).removeprefix(str(before or "")[-8000:]) for _, before, after in edits)
    lost = [token for token in written if grown[token] != 1]
    assert lost == []


def _tell(clients: list[Client], seconds: float) -> None:
    answers = sum((client.answers for client in clients), Counter())
    took = sorted(one for client in clients for one in client.took)
    refused = sum(count for name, count in answers.items() if name.endswith("409"))
    decided = sum(len(client.decisions) for client in clients)
    figures.tell(
        "eight writers",
        f"{len(took)} requests in {seconds:.0f} s, {decided} decisions, {refused} told that it had changed, "
        f"p95 {1000 * took[len(took) * 95 // 100]:.0f} ms, none lost",
    )
