"""Circles: made, named, who is in them, through merges and undo; by actions and over HTTP."""

import shutil
from collections.abc import Callable, Iterator

import httpx
import pytest
from embedded_support import open_folder
from interface_support import Filled, refill, serving_filled
from store_support import Bench, face

from facekeep.actions import circles, details, journal, people
from facekeep.actions.moving import move_faces
from facekeep.domain.errors import Conflict, NotFound, UsageError
from facekeep.store import circles as store
from facekeep.store import decisions, search
from facekeep.store.search import Group, PhotoQuery


@pytest.fixture
def town(bench: Bench) -> Bench:
    """People 1 to 4: Ada, Grace, Hedy and Emmy, each in a photo alone, the first two in one together."""
    for number, name in enumerate(["Ada", "Grace", "Hedy", "Emmy"]):
        bench.put(f"{number}.png", face(name))
        move_faces(bench.ctx, [bench.faces()[-1].face], name=name)
    both = bench.put("both.png", face("Ada", 0), face("Grace", 1))
    for person, row in enumerate(bench.faces(both), 1):
        move_faces(bench.ctx, [row.face], person_id=person)
    return bench


def inside(bench: Bench, circle: int) -> list[str | None]:
    with bench.ctx.database.read() as reader:
        return [row.name for row in store.members(reader, circle)]


def names(bench: Bench) -> list[str]:
    with bench.ctx.database.read() as reader:
        return [row.name for row in store.circles(reader).items]


def last(bench: Bench) -> int:
    return int(str(bench.value("SELECT max(id) FROM decision")))


def summary(bench: Bench) -> str:
    with bench.ctx.database.read() as reader:
        return decisions.decision(reader, last(bench)).summary


def test_everything_said_of_a_circle_is_undone_and_done_again(town: Bench) -> None:
    ctx = town.ctx
    made = circles.create_circle(ctx, "  Family ", [1, 2, 99, 1])
    family = made.circle.circle
    assert made.outcomes == ((1, "added"), (2, "added"), (99, "not_found"))
    assert (made.circle.name, made.circle.people) == ("Family", 2)
    assert summary(town) == "You made the circle Family of 3 people"
    steps: list[tuple[Callable[[], object], str]] = [
        (lambda: circles.add_people(ctx, family, [3, 2]), "You put 2 people into the circle Family"),
        (lambda: circles.remove_people(ctx, family, [1]), "You took Ada out of the circle Family"),
        (lambda: circles.rename_circle(ctx, family, "Choir"), f"You named circle {family} Choir"),
        (lambda: circles.delete_circle(ctx, family), "You deleted the circle Choir"),
    ]
    states = [(names(town), inside(town, family))]
    done = []
    for step, line in steps:
        step()
        assert summary(town) == line
        done.append(last(town))
        states.append((names(town), inside(town, family)))
    assert states[-1][0] == []
    for decision, state in zip(reversed(done), reversed(states[:-1]), strict=True):
        journal.undo(ctx, decision)
        assert (names(town), inside(town, family)) == state
    for decision, state in zip(done, states[1:], strict=True):
        journal.redo(ctx, decision)
        assert (names(town), inside(town, family)) == state


def test_what_happened_to_each_is_told(town: Bench) -> None:
    family = circles.create_circle(town.ctx, "Family").circle.circle
    assert circles.add_people(town.ctx, family, [1, 1, 2]).outcomes == ((1, "added"), (2, "added"))
    assert circles.add_people(town.ctx, family, [2, 3]).outcomes == ((2, "same"), (3, "added"))
    left = circles.remove_people(town.ctx, family, [3, 4, 99])
    assert left.outcomes == ((3, "removed"), (4, "same"), (99, "not_found"))
    before = last(town)
    circles.add_people(town.ctx, family, [1])
    assert last(town) == before, "what changed nothing is not entered"


def test_a_stale_look_is_refused(town: Bench) -> None:
    family = circles.create_circle(town.ctx, "Family", [1]).circle
    circles.add_people(town.ctx, family.circle, [2], version=family.version)
    for late in (
        lambda: circles.remove_people(town.ctx, family.circle, [1], version=family.version),
        lambda: circles.rename_circle(town.ctx, family.circle, "Choir", version=family.version),
        lambda: circles.delete_circle(town.ctx, family.circle, version=family.version),
    ):
        with pytest.raises(Conflict, match="has changed since"):
            late()
    assert inside(town, family.circle) == ["Ada", "Grace"]
    journal.undo_latest(town.ctx)
    with town.ctx.database.read() as reader:
        assert store.circle(reader, family.circle).version > family.version + 1, "an undo is a change as well"


def test_names_are_taken_in_any_case_but_not_by_who_is_gone(town: Bench) -> None:
    family = circles.create_circle(town.ctx, "Family").circle.circle
    choir = circles.create_circle(town.ctx, "Choir").circle.circle
    with pytest.raises(Conflict, match="already"):
        circles.create_circle(town.ctx, "FAMILY")
    with pytest.raises(Conflict, match="already"):
        circles.rename_circle(town.ctx, choir, "family")
    with pytest.raises(Conflict):
        town.sql("UPDATE circle SET name = 'family' WHERE id = %(id)s", id=choir)
    assert circles.rename_circle(town.ctx, family, "FAMILY").name == "FAMILY"
    circles.delete_circle(town.ctx, family)
    deleted = last(town)
    circles.create_circle(town.ctx, "family")
    with pytest.raises(UsageError):
        journal.undo(town.ctx, deleted)
    for bad in ("", "  ", "x" * 201, "a\x00b"):
        with pytest.raises(UsageError):
            circles.create_circle(town.ctx, bad)
    with pytest.raises(NotFound):
        circles.add_people(town.ctx, family, [1])


def test_who_stays_in_a_merge_is_in_the_circles_of_both(town: Bench) -> None:
    family = circles.create_circle(town.ctx, "Family", [1, 3]).circle.circle
    choir = circles.create_circle(town.ctx, "Choir", [1, 2]).circle.circle
    people.merge_people(town.ctx, 1, 2)
    merge = last(town)
    assert inside(town, family) == ["Grace", "Hedy"]
    assert inside(town, choir) == ["Grace"]
    journal.undo(town.ctx, merge)
    assert inside(town, family) == ["Ada", "Hedy"]
    assert inside(town, choir) == ["Ada", "Grace"]
    journal.redo(town.ctx, merge)
    assert inside(town, family) == ["Grace", "Hedy"]
    # Whoever still knows the old number means who stayed.
    assert circles.remove_people(town.ctx, family, [1]).outcomes == ((1, "removed"),)


def test_who_was_deleted_does_not_show_but_comes_back(town: Bench) -> None:
    family = circles.create_circle(town.ctx, "Family", [1, 2]).circle.circle
    details.delete_person(town.ctx, 2)
    assert inside(town, family) == ["Ada"]
    with town.ctx.database.read() as reader:
        assert store.circle(reader, family).people == 1
    journal.undo_latest(town.ctx)
    assert inside(town, family) == ["Ada", "Grace"]


def test_photos_with_all_or_any_of_a_circle(town: Bench) -> None:
    family = circles.create_circle(town.ctx, "Family", [1, 2]).circle.circle
    with town.ctx.database.read() as reader:
        every = search.photos(reader, PhotoQuery(all_of=Group((), (family,))))
        some = search.photos(reader, PhotoQuery(any_of=Group((), (family,))))
        none = search.photos(reader, PhotoQuery(none_of=Group((), (family,))))
    assert (every.total, some.total, none.total) == (1, 3, 2)


# Over HTTP -------------------------------------------------------------------------------------------------

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
    with server[0].ctx.database.write("user") as writer:
        writer.run("TRUNCATE circle CASCADE")
    return server[1]


def test_circles_over_http(api: httpx.Client) -> None:
    whom = [row["person"] for row in api.get(f"{API}/people").json()["items"]]
    made = api.post(f"{API}/circles", json={"name": "Family", "people": [whom[0], 4711]})
    assert made.status_code == 201, made.text
    assert [item["outcome"] for item in made.json()["items"]] == ["added", "not_found"]
    assert "x-facekeep-decision" in made.headers
    url = f"{API}/circles/{made.json()['circle']['circle']}"
    again = api.post(f"{API}/circles", json={"name": "family"})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    joined = api.post(f"{url}/add", json={"people": whom[:2]}).json()
    assert [item["outcome"] for item in joined["items"]] == ["same", "added"]
    version = joined["circle"]["version"]
    shown = api.get(url).json()
    assert [row["person"] for row in shown["members"]] == sorted(whom[:2])
    assert api.post(f"{url}/remove", json={"people": whom[:1], "version": version + 7}).status_code == 409
    assert api.post(f"{url}/remove", json={"people": whom[:1], "version": version}).status_code == 200
    assert api.patch(url, json={"name": "Choir", "version": version}).status_code == 409
    assert api.patch(url, json={"name": "Choir", "version": version + 1}).json()["name"] == "Choir"
    assert api.get(f"{API}/circles", params={"person": whom[1]}).json()["total"] == 1
    assert api.get(f"{API}/circles", params={"person": whom[0]}).json()["total"] == 0
    assert api.delete(url).status_code == 200
    assert api.get(url).status_code == 404
    assert api.post(f"{url}/add", json={"people": whom}).status_code == 404
    assert api.post(f"{API}/circles", json={"name": "x", "peeple": []}).status_code == 422


def test_circles_come_in_pages(api: httpx.Client) -> None:
    for number in range(5):
        assert api.post(f"{API}/circles", json={"name": f"Circle {number}"}).status_code == 201
    seen, cursor = [], None
    while True:
        page = api.get(f"{API}/circles", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [row["name"] for row in page["items"]]
        assert page["total"] == 5
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [f"Circle {number}" for number in range(5)]


def test_photos_are_searched_over_http(api: httpx.Client) -> None:
    ada = max(api.get(f"{API}/people").json()["items"], key=lambda row: int(row["photos"]))["person"]

    def found(**asked: object) -> dict[str, int]:
        answer = api.post(f"{API}/search/photos", json=asked)
        assert answer.status_code == 200, answer.text
        return {key: answer.json()[key] for key in ("total", "undated")}

    assert found() == {"total": 6, "undated": 1}
    assert found(all_of={"people": [ada]}) == {"total": 4, "undated": 0}
    assert found(all_of={"people": [ada]}, only=True) == {"total": 1, "undated": 0}
    assert found(none_of={"people": [ada]}) == {"total": 2, "undated": 1}
    assert found(taken_from="2024-05", taken_to="2024-05-06") == {"total": 5, "undated": 1}
    assert found(taken_to="2023") == {"total": 0, "undated": 1}
    assert found(faces_min=2, faces_max=2) == {"total": 3, "undated": 0}
    assert found(state="failed", faces_max=0) == {"total": 1, "undated": 1}
    assert found(unnamed=True) == {"total": 5, "undated": 0}
    first = api.post(f"{API}/search/photos", json={"limit": 4}).json()
    rest = api.post(f"{API}/search/photos", json={"limit": 4, "cursor": first["next"]}).json()
    assert len({row["photo"] for row in first["items"] + rest["items"]}) == 6
    for asked, status in (
        ({"taken_from": "yesterday"}, 400),
        ({"taken_from": "2020", "taken_to": "2019"}, 400),
        ({"only": True}, 400),
        ({"all_of": {"people": [4711]}}, 404),
        ({"library": 4711}, 404),
        ({"cursor": "x"}, 400),
        ({"faces_min": -1}, 422),
        ({"whoever": 1}, 422),
        ({"ages": [{"person": ada, "least": 1, "most": 2}]}, 400),
    ):
        assert api.post(f"{API}/search/photos", json=asked).status_code == status, asked


def test_names_are_completed_over_http(api: httpx.Client) -> None:
    person = api.get(f"{API}/people").json()["items"][0]
    url = f"{API}/people/{person['person']}"
    assert api.patch(url, json={"name": "Zoë Müller", "version": person["version"]}).status_code == 200
    for typed in ("zoe", "Muller", "zo mu", "mülelr", ""):
        assert [
            row["name"] for row in api.get(f"{API}/people/names", params={"q": typed}).json()["items"]
        ] == ["Zoë Müller"]
    assert api.get(f"{API}/people", params={"q": "muller", "sort": "name"}).json()["total"] == 1
    assert api.get(f"{API}/people", params={"sort": "beauty"}).status_code == 422
