"""`facekeep search`, `people --search`, `circles` and `circle`: who is meant, and what is found."""

import shutil
from collections.abc import Iterator
from datetime import date

import pytest
from embedded_support import open_folder
from interface_support import Filled, filled
from typer.testing import CliRunner

from facekeep.actions import details, people
from facekeep.cli.main import app
from facekeep.store import listing


@pytest.fixture(scope="module")
def data() -> Iterator[Filled]:
    """Ada Lovelace in four photos, Ada Byron in three of them, and a stranger; all taken in May 2024."""
    folder = open_folder()
    try:
        with filled(folder) as found:
            with found.ctx.database.read() as reader:
                first, second = [row.person for row in listing.people(reader).items[:2]]
            people.name_person(found.ctx, first, "Ada Lovelace")
            people.name_person(found.ctx, second, "Ada Byron")
            details.edit_person(found.ctx, first, {"birth_date": date(2020, 1, 1)})
            yield found
    finally:
        shutil.rmtree(folder)


def facekeep(data: Filled, *arguments: str, status: int = 0) -> tuple[str, str]:
    result = CliRunner().invoke(app, [*arguments, "--home", str(data.settings.home)])
    assert result.exit_code == status, result.stderr
    return result.stdout, result.stderr


def lines(data: Filled, *arguments: str) -> int:
    return len(facekeep(data, "search", "--json", *arguments)[0].splitlines())


def test_photos_are_found(data: Filled) -> None:
    assert lines(data) == 6
    assert lines(data, "--with", "lovelace") == 4
    assert lines(data, "--with", "LOVE", "--with", "byron") == 3
    assert lines(data, "--with", "lovelace", "--without", "byron", "--only") == 1
    assert lines(data, "--any", "1", "--any", "2", "--sort", "oldest") == 4
    assert lines(data, "--from", "2024-05-06", "--to", "2024") == 5
    assert lines(data, "--to", "2023") == 0
    assert lines(data, "--unnamed") == 1
    assert lines(data, "--faces", "2-") == 3
    assert lines(data, "--faces", "0", "--state", "failed") == 1
    assert lines(data, "--age", "lovelace:4") == 4
    assert lines(data, "--age", "lovelace:5-") == 0
    assert lines(data, "--library", str(data.photos)) == 6


def test_the_table_says_what_it_leaves_out(data: Filled) -> None:
    out, err = facekeep(data, "search", "--limit", "2")
    assert "2 of 6 photos" in out
    assert "1 photo it is not known" in err
    out, _ = facekeep(data, "search", "--from", "2024")
    assert "1 more photo would fit, but when they were taken is not known" in out


def test_nobody_is_taken_for_another(data: Filled) -> None:
    _, err = facekeep(data, "search", "--with", "ada", status=2)
    assert "several people" in err
    assert "Ada Lovelace (person 1" in err
    assert "Ada Byron (person 2" in err
    _, err = facekeep(data, "search", "--with", "lovelase", status=2)
    assert "Did you mean Ada Lovelace (person 1" in err
    assert "nobody is named Napoleon" in facekeep(data, "search", "--with", "Napoleon", status=2)[1]
    for wrong in (
        ("--age", "lovelace"),
        ("--age", "lovelace:x"),
        ("--faces", "3-2"),
        ("--state", "odd"),
        ("--sort", "odd"),
        ("--from", "soon"),
        ("--library", "/nowhere"),
        ("--circle", "Nobody"),
        ("--with", "4711"),
    ):
        facekeep(data, "search", *wrong, status=2)


def test_people_by_name(data: Filled) -> None:
    assert "Ada Byron" in facekeep(data, "people", "--search", "byrno")[0]
    assert len(facekeep(data, "people", "--search", "ada", "--json")[0].splitlines()) == 2
    first = facekeep(data, "people", "--sort", "name")[0].splitlines()[1]
    assert "Ada Byron" in first
    facekeep(data, "people", "--sort", "beauty", status=2)


def test_circles(data: Filled) -> None:
    assert "new circle Family has 1 person" in facekeep(data, "circle", "add", "Family", "lovelace")[0]
    assert "has 2 people (1 added" in facekeep(data, "circle", "add", "family", "byron", "1")[0]
    facekeep(data, "circle", "add", "family", status=2)
    assert '"name": "Family", "people": 2' in facekeep(data, "circles", "--json")[0]
    assert "Family" in facekeep(data, "circles")[0]
    assert "Ada Byron" in facekeep(data, "circle", "show", "Family")[0]
    assert lines(data, "--circle", "family") == 4
    assert lines(data, "--whole-circle", "family") == 3
    assert lines(data, "--without-circle", "family") == 2
    assert '"outcome": "removed"' in facekeep(data, "circle", "remove", "Family", "byron", "--json")[0]
    assert "is Choir" in facekeep(data, "circle", "rename", "Family", "Choir")[0]
    assert "Choir is gone" in facekeep(data, "circle", "delete", "choir")[0]
    facekeep(data, "circle", "show", "Choir", status=2)
    facekeep(data, "undo")
    facekeep(data, "circle", "show", "Choir")
