"""Each single change that can be asked for, and merges of large people: see `tests.bench.latency`."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.bench.latency_asking import Client, Kind, Make, Request

MERGE_LIMIT_MS = 300.0
MERGE_ROUNDS = 20
UNDO_ROUNDS = 5
"""Nothing is asked of taking ten thousand faces apart again, but it is told how long it takes."""

REST_S = 5.0
"""Before each of them: nobody merges ten thousand faces in the second in which they were taken apart."""


def kinds(client: Client) -> Iterator[Kind]:
    """All of them, in an order in which none takes away what a later one needs."""
    for name, make in _of_people().items():
        yield Kind(name, make, writes=True)
    for name, make in {**_of_faces(), **_of_reviews(), **_of_circles(), **_of_journal(client)}.items():
        yield Kind(name, make, writes=True)
    yield from _merges(client)


def _post(path: str, body: Any = None) -> Request:
    return Request("POST", path, body)


# People -----------------------------------------------------------------------------------------------------


def _of_people() -> dict[str, Make]:
    return {
        "name somebody": lambda c: _patch(c, _next(c, named=False), name=_name(c)),
        "name somebody anew": lambda c: _patch(c, _next(c, named=True), name=_name(c)),
        "hide somebody": lambda c: _patch(c, _next(c, named=False), hidden=True),
        "show somebody": lambda c: _patch(c, _next(c, named=False, hidden=True), hidden=False),
        "write notes": lambda c: _details(c, notes=_name(c)),
        "say when somebody was born": lambda c: _details(
            c, birth_date=f"{c.random.randrange(1930, 1990)}-05-06"
        ),
        "give other names": lambda c: _details(c, aliases=[_name(c), _name(c)]),
        "a favourite": lambda c: _details(c, favourite=c.random.random() < 0.5),
        "merge two": _merge_two,
        "take somebody away": lambda c: Request("DELETE", f"/people/{_next(c, named=False)['person']}"),
    }


def _patch(client: Client, person: dict[str, Any], **told: Any) -> Request:
    version = client.get(f"/people/{person['person']}")["version"]
    return Request("PATCH", f"/people/{person['person']}", {**told, "version": version})


def _details(client: Client, **told: Any) -> Request:
    path = f"/people/{_next(client, named=True)['person']}"
    return Request("PATCH", f"{path}/details", {**told, "version": client.get(path)["version"]})


def _merge_two(client: Client) -> Request:
    source, target = _next(client, named=False), _next(client, named=True)
    version = client.get(f"/people/{source['person']}")["version"]
    return _post(f"/people/{source['person']}/merge", {"into": target["person"], "version": version})


def _next(client: Client, *, named: bool, hidden: bool = False) -> dict[str, Any]:
    """Somebody of whom nothing was said yet, of the largest thousand. Those made for merges are not meant."""
    queue = client.kept("/people", named=named, hidden=hidden, limit=1000)
    while True:
        person: dict[str, Any] = queue.pop(client.random.randrange(len(queue)))
        if person["person"] <= _people(client):
            return person


def _name(client: Client) -> str:
    return f"Somebody {client.random.randrange(10**9)}"


# Faces ------------------------------------------------------------------------------------------------------


def _of_faces() -> dict[str, Make]:
    return {
        "put a face on somebody": lambda c: Request(
            "PUT", f"/faces/{_face(c)['face']}/person", {"person": _somebody(c)}
        ),
        "put a face of nobody on somebody": lambda c: Request(
            "PUT", f"/faces/{_of_nobody(c)}/person", {"person": _somebody(c)}
        ),
        "put a face on somebody new": lambda c: Request(
            "PUT", f"/faces/{_of_nobody(c)}/person", {"name": _name(c)}
        ),
        "take a face away": lambda c: Request("DELETE", f"/faces/{_face(c)['face']}/person"),
        "move 10 faces": lambda c: _post("/faces/move", {"faces": _ten(c), "person": _somebody(c)}),
        "remove 10 faces": lambda c: _post("/faces/remove", {"faces": _ten(c)}),
        "split off 10 faces": _split,
        "move somebody in 10 photos": _move_photos,
        "a face is not a face": lambda c: Request(
            "PATCH", f"/faces/{_face(c)['face']}", {"standing": "not_a_face"}
        ),
        "put a face away": lambda c: Request("DELETE", f"/faces/{_face(c)['face']}"),
        "ignore 10 faces": lambda c: _post("/faces/standing", {"faces": _ten(c), "standing": "ignored"}),
        "pin a face": _pin,
        "find more of somebody": lambda c: _post(f"/people/{_somebody(c)}/find-more", {}),
    }


def _face(client: Client) -> dict[str, Any]:
    """Any face that is somebody's."""
    while True:
        face: dict[str, Any] = client.get(f"/faces/{client.random.randrange(1, client.total('/faces'))}")
        if face["person"] is not None and face["person"] <= _people(client):
            return face


def _of_nobody(client: Client) -> int:
    return int(client.kept("/faces", unassigned=True, limit=1000).pop()["face"])


def _ten(client: Client) -> list[int]:
    return [int(face["face"]) for face in _ten_of(client, _large(client))]


def _ten_of(client: Client, person: int) -> list[dict[str, Any]]:
    queue = client.kept("/faces", person=person, limit=1000)
    return [queue.pop() for _ in range(10)]


def _large(client: Client) -> int:
    """Somebody with some hundred faces."""
    people = client.kept("/people", sort="faces", named=True)
    return int(people[client.random.randrange(len(people) // 10, len(people) * 3 // 10)]["person"])


def _split(client: Client) -> Request:
    person = _large(client)
    faces = [face["face"] for face in _ten_of(client, person)]
    return _post(f"/people/{person}/split", {"faces": faces, "name": _name(client)})


def _move_photos(client: Client) -> Request:
    person = _large(client)
    photos = [face["photo"] for face in _ten_of(client, person)]
    return _post(f"/people/{person}/photos/move", {"photos": photos, "person": _somebody(client)})


def _pin(client: Client) -> Request:
    face = _face(client)
    return _post(f"/people/{face['person']}/exemplars/{face['face']}")


def _somebody(client: Client) -> int:
    return int(client.one_of("/people", named=True, sort="recent", limit=1000)["person"])


def _people(client: Client) -> int:
    """Those made for merges have higher numbers."""
    return int(min(_merged(client))) - 1


# Reviews, circles, the journal ------------------------------------------------------------------------------


def _of_reviews() -> dict[str, Make]:
    suggestions = {
        f"answer a suggestion: {word}": _answering("/suggestions/answer", _question, word)
        for word in ("accept", "reject", "skip")
    }
    proposals = {
        f"answer a proposal: {word}": _answering("/proposals/answer", _pair, word)
        for word in ("merge", "apart", "skip")
    }
    return suggestions | proposals


def _answering(path: str, about: Callable[[Client], dict[str, int]], word: str) -> Make:
    return lambda client: _post(path, {"answers": [{**about(client), "answer": word}]})


def _question(client: Client) -> dict[str, int]:
    found = client.kept("/suggestions", limit=1000).pop()
    return {"face": found["face"], "person": found["person"]}


def _pair(client: Client) -> dict[str, int]:
    found = client.kept("/proposals", limit=1000).pop()
    return {"one": found["one"]["person"], "other": found["other"]["person"]}


def _of_circles() -> dict[str, Make]:
    return {
        "make a circle": lambda c: _post("/circles", {"name": _name(c), "people": [_somebody(c)]}),
        "put somebody into a circle": lambda c: _post(
            f"/circles/{_circle(c)}/add", {"people": [_somebody(c)]}
        ),
        "take somebody out of a circle": _take_out,
    }


def _circle(client: Client) -> int:
    return int(client.one_of("/circles")["circle"])


def _take_out(client: Client) -> Request:
    while True:
        circle = client.get(f"/circles/{_circle(client)}")
        if circle["members"]:
            member = client.random.choice(circle["members"])
            return _post(f"/circles/{circle['circle']}/remove", {"people": [member["person"]]})


def _of_journal(client: Client) -> dict[str, Make]:
    undone: list[int] = []

    def undo(c: Client) -> Request:
        c.ask(Request("PUT", f"/faces/{_face(c)['face']}/person", {"person": _somebody(c)}))
        undone.append(c.decision)
        return _post(f"/journal/{c.decision}/undo")

    return {"undo": undo, "redo": lambda _: _post(f"/journal/{undone.pop()}/redo")}


# Merges of large people -------------------------------------------------------------------------------------


def _merged(client: Client) -> list[int]:
    """The four made for it, one after the other: two unnamed, nothing confirmed; two named, all confirmed."""
    uno = next(int(row["person"]) for row in client.kept("/people", q="Uno") if row["name"] == "Uno")
    return [uno - 2, uno - 1, uno, uno + 1]


@dataclass(slots=True)
class _Two:
    """Two people, and the decision that made them one. What is done is taken back before it is done again."""

    client: Client
    source: int
    target: int
    after: "_Two | None" = None
    """Those who are taken apart before: some people are in both."""
    decision: int | None = field(default=None)
    undone: bool = True

    def merge(self, _: Client) -> Request:
        self.apart()
        time.sleep(REST_S)
        version = self.client.get(f"/people/{self.source}")["version"]
        self.undone, self.decision = False, None
        return _post(f"/people/{self.source}/merge", {"into": self.target, "version": version})

    def undo(self, _: Client) -> Request:
        if self.undone:
            self.client.ask(self.merge(self.client))
        self._note()
        self.undone = True
        time.sleep(REST_S)
        return _post(f"/journal/{self.decision}/undo")

    def redo(self, _: Client) -> Request:
        self.apart()
        self.undone = False
        time.sleep(REST_S)
        return _post(f"/journal/{self.decision}/redo")

    def apart(self) -> None:
        """As they were."""
        if self.after is not None:
            self.after.apart()
        if not self.undone:
            self.client.ask(self.undo(self.client))

    def _note(self) -> None:
        self.decision = self.client.decision if self.decision is None else self.decision


def _merges(client: Client) -> Iterator[Kind]:
    left, right, uno, due = _merged(client)
    confirmed = _Two(client, due, uno)
    unconfirmed = _Two(client, right, left, confirmed)
    mixed = _Two(client, right, uno, unconfirmed)
    told = {
        "both confirmed": confirmed,
        "nothing confirmed": unconfirmed,
        "one unnamed, one confirmed": mixed,
    }
    for what, two in told.items():
        yield Kind(f"merge, {what}", two.merge, MERGE_LIMIT_MS, MERGE_ROUNDS, writes=True)
        yield Kind(f"undo the merge, {what}", two.undo, None, UNDO_ROUNDS, writes=True)
        yield Kind(f"redo the merge, {what}", two.redo, None, UNDO_ROUNDS, writes=True)
    naming = _Naming(client, left, mixed).name
    yield Kind("name somebody with 5,000 faces", naming, MERGE_LIMIT_MS, MERGE_ROUNDS, writes=True)


@dataclass(slots=True)
class _Naming:
    client: Client
    person: int
    after: _Two
    named: bool = False

    def name(self, _: Client) -> Request:
        self.after.apart()
        if self.named:
            self.client.ask(_post(f"/journal/{self.client.decision}/undo"))
        self.named = True
        time.sleep(REST_S)
        return _patch(self.client, {"person": self.person}, name=_name(self.client))
