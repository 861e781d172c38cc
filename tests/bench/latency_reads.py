"""Each page that can be asked for: see `tests.bench.latency`."""

from collections.abc import Iterator
from typing import Any

from tests.bench.latency_asking import Client, Kind, Make, Request, at_page

SORTS = ("faces", "photos", "recent", "new", "name")
TYPED = ("a", "an", "ada", "ada lo", "lovelase", "schroder", "smyth", "田中", "zzz")
LARGEST = 1
SMALL = 15_001


def kinds() -> Iterator[Kind]:
    """All of them; of each listing the first page and one far on."""
    for name, request in {**_people(), **_rows(), **_reviews(), **_searches()}.items():
        yield Kind(name, lambda _, request=request: request)  # type: ignore[misc]
        yield Kind(f"{name}, far on", lambda c, request=request: at_page(request, c.far(request)))  # type: ignore[misc]
    for name, make in _single().items():
        yield Kind(name, make)


def _get(path: str, **query: Any) -> Request:
    return Request("GET", path, query=query)


def _people() -> dict[str, Request]:
    asked = {}
    for sort in SORTS:
        asked[f"people by {sort}"] = _get("/people", sort=sort)
        asked[f"named people by {sort}"] = _get("/people", sort=sort, named=True)
        asked[f"unnamed people by {sort}"] = _get("/people", sort=sort, named=False)
    asked |= {f"people like “{text}”": _get("/people", q=text) for text in TYPED}
    return asked


def _rows() -> dict[str, Request]:
    return {
        "faces": _get("/faces"),
        "faces of the largest person": _get("/faces", person=LARGEST),
        "faces of a small person": _get("/faces", person=SMALL),
        "faces of nobody": _get("/faces", unassigned=True),
        "faces put away": _get("/faces", standing="ignored"),
        "photos": _get("/photos"),
        "photos of the largest person": _get("/photos", person=LARGEST),
        "photos of a small person": _get("/photos", person=SMALL),
        "photos done": _get("/photos", state="done"),
        "photos failed": _get("/photos", state="failed"),
        "failures": _get("/failures"),
        "failures of one kind": _get("/failures", code="timeout"),
        "journal": _get("/journal"),
        "journal of the user": _get("/journal", actor="user"),
        "journal of one verb": _get("/journal", verb="name"),
        "journal of the largest person": _get("/journal", person=LARGEST),
        "journal of a face": _get("/journal", face=400),
        "changes of a decision": _get("/journal/17/changes"),
        "circles": _get("/circles"),
        "circles of a person": _get("/circles", person=38),
        "accounts": _get("/accounts"),
        "keys": _get("/keys"),
    }


def _reviews() -> dict[str, Request]:
    return {
        "suggestions": _get("/suggestions"),
        "suggestions, of hidden people too": _get("/suggestions", hidden=True),
        "suggestions from 0.5 on": _get("/suggestions", minimum=0.5),
        "suggestions of a person": _get("/suggestions", person=3),
        "suggestions of a photo": _get("/suggestions", photo=7919),
        "people who are asked about": _get("/suggestions/people"),
        "people who are asked about from 0.5 on": _get("/suggestions/people", minimum=0.5),
        "proposals": _get("/proposals"),
        "proposals, of hidden people too": _get("/proposals", hidden=True),
        "proposals of a person": _get("/proposals", person=2002),
    }


def _searches() -> dict[str, Request]:
    one, two = {"people": [1]}, {"people": [1, 2]}
    asked: dict[str, dict[str, Any]] = {
        "all": {},
        "all, oldest first": {"sort": "oldest"},
        "A": {"all_of": one},
        "A and B": {"all_of": two},
        "A and B and not C": {"all_of": two, "none_of": {"people": [3]}},
        "A and a rare one": {"all_of": {"people": [1, 150]}},
        "A and nobody else": {"all_of": one, "only": True},
        "A in 2019": {"all_of": one, "taken_from": "2019", "taken_to": "2019"},
        "A in a library": {"all_of": one, "library": 1},
        "A with somebody unnamed": {"all_of": one, "unnamed": True},
        "not A": {"none_of": one},
        "any of ten": {"any_of": {"people": list(range(1, 11))}},
        "any of a circle": {"any_of": {"circles": [1]}},
        "all of a circle": {"all_of": {"circles": [1]}},
        "at an age": {"ages": [{"person": 3, "least": 40, "most": 60}]},
        "2019": {"taken_from": "2019", "taken_to": "2019"},
        "a library": {"library": 1},
        "somebody unnamed": {"unnamed": True},
        "one or two faces": {"faces_min": 1, "faces_max": 2},
        "25 faces and more": {"faces_min": 25},
        "no faces": {"faces_max": 0},
    }
    return {f"search: {what}": Request("POST", "/search/photos", body) for what, body in asked.items()}


def _single() -> dict[str, Make]:
    """What is no listing: of another person, photo or face each time."""
    asked: dict[str, Make] = {
        f"names for “{text}”": lambda _, text=text: _get("/people/names", q=text)  # type: ignore[misc]
        for text in TYPED
    }
    return asked | {
        "names for nothing typed": lambda _: _get("/people/names", q=""),
        "a person": lambda c: _get(f"/people/{_person(c)}"),
        "the details of a person": lambda c: _get(f"/people/{_person(c)}/details"),
        "the exemplars of a person": lambda c: _get(f"/people/{_named(c)}/exemplars"),
        "the exemplars of the largest person": lambda _: _get(f"/people/{LARGEST}/exemplars"),
        "a face": lambda c: _get(f"/faces/{_face(c)}"),
        "who a face may be": lambda c: _get(f"/faces/{_face(c)}/candidates"),
        "faces like one": lambda c: _get(f"/faces/{_face(c)}/similar"),
        "faces of nobody like one": lambda c: _get(f"/faces/{_face(c)}/similar", unassigned=True),
        "a photo": lambda c: _get(f"/photos/{c.random.randint(1, c.total('/photos'))}"),
        "suggestions of a face": lambda c: _get(
            "/suggestions", face=c.one_of("/suggestions", limit=500)["face"]
        ),
        "a failure": lambda c: _get(f"/failures/{c.one_of('/failures')['photo']}"),
        "failures summed up": lambda _: _get("/failures/summary"),
        "a decision": lambda c: _get(f"/journal/{c.random.randint(1, c.total('/journal'))}"),
        "a circle": lambda c: _get(f"/circles/{c.one_of('/circles')['circle']}"),
        "status": lambda _: _get("/status"),
        "grouping": lambda _: _get("/grouping"),
        "matching": lambda _: _get("/matching"),
        "models": lambda _: _get("/models"),
        "activity": lambda _: _get("/activity"),
        "libraries": lambda _: _get("/libraries"),
        "scans": lambda _: _get("/scans"),
        "who is asking": lambda _: _get("/session"),
    }


def _person(client: Client) -> int:
    return int(client.one_of("/people", limit=1000)["person"])


def _named(client: Client) -> int:
    return int(client.one_of("/people", named=True, limit=1000)["person"])


def _face(client: Client) -> int:
    return int(client.one_of("/faces", limit=1000)["face"])
