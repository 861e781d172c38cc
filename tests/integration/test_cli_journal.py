"""`facekeep journal`, `undo` and `redo` on a real database."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from cli_support import Ran
from embedded_support import open_folder
from interface_support import Filled, filled, refill
from typer.testing import CliRunner

from facekeep.cli.main import app


@pytest.fixture(scope="module")
def server() -> Iterator[Filled]:
    folder = open_folder()
    try:
        with filled(folder) as data:
            yield data
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def data(server: Filled) -> Filled:
    refill(server)
    return server


def facekeep(data: Filled, *arguments: object, status: int = 0) -> Ran:
    result = CliRunner().invoke(app, [*map(str, arguments), "--home", str(data.settings.home)])
    assert result.exit_code == status, result.stderr
    return Ran(result.exit_code, result.stdout, result.stderr)


def items(data: Filled, *arguments: object) -> list[dict[str, Any]]:
    return facekeep(data, *arguments, "--json").items


def names(data: Filled) -> set[str | None]:
    return {row["name"] for row in items(data, "people")}


def test_the_journal_is_listed(data: Filled) -> None:
    first, second, *_ = (row["person"] for row in items(data, "people"))
    facekeep(data, "name", first, "Ada")
    lines = facekeep(data, "journal").out
    assert f"You named person {first} Ada" in lines
    assert "facekeep put" in lines
    newest = items(data, "journal")[0]
    assert (newest["verb"], newest["actor"], newest["undone_by"]) == ("name", "user", None)
    assert newest["summary"] in lines
    of_second = items(data, "journal", "--person", second)
    assert [row["verb"] for row in of_second] == ["group"]
    face = items(data, "faces", "--person", first)[0]["face"]
    assert [row["verb"] for row in items(data, "journal", "--face", face)] == ["name", "group"]
    assert "1 of 2 decisions" in facekeep(data, "journal", "--limit", 1).out


def test_undo_without_a_number_takes_the_latest_back_and_redo_does_it_again(data: Filled) -> None:
    first, second, *_ = (row["person"] for row in items(data, "people"))
    facekeep(data, "name", first, "Ada")
    facekeep(data, "name", second, "Grace")
    said = facekeep(data, "undo").out
    assert f"You undid “You named person {second} Grace: 3 faces confirmed”" in said
    assert "4 rows put back as before\n" in said
    assert names(data) == {"Ada", None}
    facekeep(data, "undo")
    assert names(data) == {None}
    assert "nothing to undo" in facekeep(data, "undo", status=2).err
    facekeep(data, "redo")
    assert names(data) == {"Ada", None}
    assert "You redid" in facekeep(data, "redo").out
    assert names(data) == {"Ada", "Grace"}
    assert "nothing to redo" in facekeep(data, "redo", status=2).err


def test_undo_by_number_says_what_it_left(data: Filled) -> None:
    first = items(data, "people")[0]["person"]
    facekeep(data, "name", first, "Ada")
    decision = items(data, "journal")[0]["decision"]
    facekeep(data, "name", first, "Bea")
    said = facekeep(data, "undo", decision).out
    assert "1 row left" in said
    assert f"left: person {first}: changed since" in said
    assert names(data) == {"Bea", None}
    assert f"decision {decision} was undone" in facekeep(data, "undo", decision, status=2).err
    (told,) = items(data, "redo", decision)
    assert (told["restored"], told["left_total"]) == (4, 0)
    assert told["summary"].startswith("You redid")
    assert "no decision 4711" in facekeep(data, "undo", 4711, status=2).err
    assert "no decision 4711" in facekeep(data, "redo", 4711, status=2).err


def test_what_the_machine_decided_can_be_undone(data: Filled) -> None:
    group = items(data, "journal")[-1]
    assert group["verb"] == "group"
    facekeep(data, "undo", group["decision"])
    assert items(data, "people") == []
    facekeep(data, "redo")
    assert len(items(data, "people")) == 2


def test_where_nothing_was_ever_stored(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = str(tmp_path_factory.mktemp("none") / "home")
    runner = CliRunner()
    assert runner.invoke(app, ["journal", "--home", home]).exit_code == 0
    assert runner.invoke(app, ["journal", "--json", "--home", home]).stdout == ""
    assert runner.invoke(app, ["undo", "--home", home]).exit_code == 2
