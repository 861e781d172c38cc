"""People in several orders, and by what somebody types of a name."""

import pytest
from store_support import Bench, face

from facekeep.actions import details, people
from facekeep.actions.moving import move_faces
from facekeep.domain.errors import UsageError
from facekeep.store import directory
from facekeep.store.database import Reader
from facekeep.store.directory import Sort
from facekeep.store.rows import PersonRow

SORTS: tuple[Sort, ...] = ("faces", "photos", "recent", "new", "name")
LOST_GRAMS = "SELECT count(*) FROM called_gram WHERE called_id NOT IN (SELECT id FROM called)"

NAMES = [
    "Ada Lovelace", "Adam Smith", "Grace Hopper", "Jürgen Müller", "Søren Kierkegaard", "Łukasz Żal",
    "Þóra Æsa", "Weiß", "Jean d'Arc", "José María", "İpek Yılmaz", "田中 由紀", "山田太郎", "Олена", "Ada",
    "John Smithson", "Γιώργος",
]  # fmt: skip


@pytest.fixture
def town(bench: Bench) -> Bench:
    """Everybody in a photo of their own."""
    for number, name in enumerate(NAMES):
        bench.put(f"{number}.png", face(str(number)))
        move_faces(bench.ctx, [bench.faces()[-1].face], name=name)
    return bench


def found(bench: Bench, query: str) -> list[str | None]:
    with bench.ctx.database.read() as reader:
        return [row.name for row in directory.people(reader, query=query).items]


TYPED: dict[str, list[str]] = dict(
    [
        ("ada", ["Ada", "Adam Smith", "Ada Lovelace"]),
        ("ADA LOVE", ["Ada Lovelace"]),
        ("love", ["Ada Lovelace"]),
        ("lovelace ada", ["Ada Lovelace"]),
        ("smith", ["John Smithson", "Adam Smith"]),
        ("muller", ["Jürgen Müller"]),
        ("MÜLLER", ["Jürgen Müller"]),
        ("mueller", ["Jürgen Müller"]),
        ("soren", ["Søren Kierkegaard"]),
        ("lukasz zal", ["Łukasz Żal"]),
        ("thora aesa", ["Þóra Æsa"]),
        ("weiss", ["Weiß"]),
        ("WEISS", ["Weiß"]),
        ("darc", ["Jean d'Arc"]),
        ("d’arc", ["Jean d'Arc"]),
        ("jose maria", ["José María"]),
        ("ipek yilmaz", ["İpek Yılmaz"]),
        ("田", ["田中 由紀", "山田太郎"]),
        ("太郎", ["山田太郎"]),
        ("олена", ["Олена"]),
        ("ОЛЕ", ["Олена"]),
        ("γιωργος", ["Γιώργος"]),
        ("ierkega", ["Søren Kierkegaard"]),
        ("kierkegard", ["Søren Kierkegaard"]),
        ("hoper", ["Grace Hopper"]),
        ("gracce", ["Grace Hopper"]),
        ("xyz", []),
        ("...", []),
        ("%", []),
        ("_", []),
    ]
)


def test_names_are_found_as_they_are_typed(town: Bench) -> None:
    assert {typed: found(town, typed) for typed in TYPED} == TYPED


def test_the_very_name_comes_first_then_those_dealt_with_last(town: Bench) -> None:
    smith = next(row for row in town.people() if row.name == "Adam Smith")
    people.name_person(town.ctx, smith.person, "Adam Smith ")
    assert found(town, "smith") == ["John Smithson", "Adam Smith"], "saying the same again is no news"
    people.name_person(town.ctx, smith.person, "Adam Smitt")
    people.name_person(town.ctx, smith.person, "Adam Smith")
    assert found(town, "smith") == ["Adam Smith", "John Smithson"]
    with town.ctx.database.read() as reader:
        assert [row.name for row in directory.names(reader, "", limit=2)] == ["Adam Smith", "Γιώργος"]


def test_other_names_are_found_and_lost_names_are_not(town: Bench) -> None:
    ada = next(row for row in town.people() if row.name == "Ada Lovelace")
    details.edit_person(town.ctx, ada.person, {"aliases": ["Countess Byron"]})
    assert found(town, "byron") == ["Ada Lovelace"]
    people.name_person(town.ctx, ada.person, None)
    assert found(town, "lovelace") == []
    assert found(town, "byron") == [None]
    details.delete_person(town.ctx, ada.person)
    assert found(town, "byron") == []
    assert town.value(LOST_GRAMS) == 0


def pages(reader: Reader, sort: Sort, query: str) -> list[PersonRow]:
    parts: list[PersonRow] = []
    cursor = None
    while True:
        page = directory.people(reader, sort=sort, query=query, limit=2, cursor=cursor)
        parts += page.items
        cursor = page.next
        if cursor is None:
            assert page.total == len(parts)
            return parts


def test_pages_add_up_to_the_whole_in_every_order(town: Bench) -> None:
    with town.ctx.database.read() as reader:
        for sort in SORTS:
            for query in ("", "a"):
                whole = directory.people(reader, sort=sort, query=query, limit=100)
                assert whole.total == len(whole.items) > 2
                assert pages(reader, sort, query) == whole.items
        by_name = [row.name for row in directory.people(reader, sort="name").items]
    assert by_name[:4] == ["Ada", "Ada Lovelace", "Adam Smith", "Grace Hopper"]


CURSORS = ("x", "W10", "WzEsMiwzXQ", "WyIwMDAiLDFd", "WyJhXHUwMDAwIiwxXQ", "WyJhIiwtMV0")


def test_a_strange_cursor_is_refused(town: Bench) -> None:
    with town.ctx.database.read() as reader:
        for cursor in CURSORS:
            for sort in SORTS[:4] if cursor == "WyIwMDAiLDFd" else SORTS:
                with pytest.raises(UsageError, match="cursor"):
                    directory.people(reader, sort=sort, cursor=cursor)
