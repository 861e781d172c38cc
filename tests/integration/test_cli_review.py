"""`facekeep suggestions` and `facekeep review`: from a pipe, and with keys in a terminal."""

import contextlib
import fcntl
import os
import pty
import select
import shutil
import subprocess
import termios
import time
from collections.abc import Iterator
from typing import Any

import pytest
from cli_support import Ran, command, environment
from embedded_support import open_folder
from interface_support import Filled, filled, refill
from review_support import propose, suggest
from typer.testing import CliRunner

from facekeep.actions import people
from facekeep.actions.people import assign_face
from facekeep.cli.main import app
from facekeep.store import listing

PATIENCE_S = 30.0


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


@pytest.fixture
def asked(data: Filled) -> tuple[int, int, list[int]]:
    """Ada and Grace with names, and three faces that are asked about: taken off Ada's, without a word."""
    with data.ctx.database.read() as reader:
        first, second = (row.person for row in listing.people(reader).items[:2])
    for person, name in ((first, "Ada"), (second, "Grace")):
        people.name_person(data.ctx, person, name)
    faces = of(data, first)[:3]
    for face in faces:
        people.unassign_face(data.ctx, face, reject=False)
    for number, face in enumerate(faces):
        assert suggest(data.ctx, face, first, 0.9 - 0.1 * number)
    return first, second, faces


def of(data: Filled, person: int | None) -> list[int]:
    with data.ctx.database.read() as reader:
        return [row.face for row in listing.iter_faces(reader) if row.person == person]


def whose(data: Filled) -> dict[int, str | None]:
    with data.ctx.database.read() as reader:
        return {row.face: row.name for row in listing.iter_faces(reader)}


def facekeep(data: Filled, *arguments: object, typed: str = "", status: int = 0) -> Ran:
    given = [*map(str, arguments), "--home", str(data.settings.home)]
    result = CliRunner().invoke(app, given, input=typed)
    assert result.exit_code == status, result.stderr
    return Ran(result.exit_code, result.stdout, result.stderr)


def items(data: Filled, *arguments: object) -> list[dict[str, Any]]:
    return facekeep(data, *arguments, "--json").items


def test_suggestions_are_listed(data: Filled, asked: tuple[int, int, list[int]]) -> None:
    ada, grace, faces = asked
    rows = items(data, "suggest")
    assert [row["face"] for row in rows] == faces
    assert (rows[0]["name"], rows[0]["confidence"], rows[0]["skipped"]) == ("Ada", 0.9, False)
    table = facekeep(data, "suggest", "--limit", 2).out
    assert "90%" in table
    assert "2 of 3 suggestions" in table
    assert items(data, "suggest", "--person", grace) == []
    assert [row["face"] for row in items(data, "suggest", "--minimum", 0.75)] == faces[:2]
    propose(data.ctx, ada, grace, anyway=True)
    [pair] = items(data, "suggest", "--people")
    assert {pair["one"]["name"], pair["other"]["name"]} == {"Ada", "Grace"}
    assert "Grace" in facekeep(data, "suggest", "--people").out


def test_answers_come_from_a_pipe(data: Filled, asked: tuple[int, int, list[int]]) -> None:
    ada, _, faces = asked
    out = facekeep(data, "review", typed="y\nx\no Hedy Lamarr\nn\ny\n").out
    assert f"Is face {faces[0]} Ada (person {ada})? 90% sure" in out
    assert str(data.photos) in out
    assert "one of the letters in brackets, please" in out
    assert "1 yes, 1 no, 1 somebody else; 0 left" in out
    now = whose(data)
    assert [now[face] for face in faces] == ["Ada", "Hedy Lamarr", None]
    assert "nothing answered; 0 left" in facekeep(data, "review").out


def test_a_later_sitting_goes_on_where_the_last_one_ended(
    data: Filled, asked: tuple[int, int, list[int]]
) -> None:
    _, _, faces = asked
    first = facekeep(data, "review", typed="s\ny\nq\n").out
    assert "1 yes, 1 skipped; 2 left" in first
    second = facekeep(data, "review", typed="y\ny\n").out
    asked_about = [line.split()[2] for line in second.splitlines() if line.startswith("Is face")]
    assert asked_about == [str(faces[2]), str(faces[0])], "what was skipped comes last"
    assert "2 yes; 0 left" in second


def test_a_sitting_asks_each_question_once(data: Filled, asked: tuple[int, int, list[int]]) -> None:
    assert "3 skipped; 3 left" in facekeep(data, "review", typed="s\n" * 10).out


def test_the_latest_answers_are_taken_back(data: Filled, asked: tuple[int, int, list[int]]) -> None:
    _, _, faces = asked
    out = facekeep(data, "review", typed="u\ny\ns\nu\nu\nn\nq\n").out
    assert "nothing was answered in this sitting" in out
    asked_about = [line.split()[2] for line in out.splitlines() if line.startswith("Is face")]
    one, two, three = (str(face) for face in faces)
    assert asked_about == [one, two, three, two, one, two]
    assert "1 no; 2 left" in out
    assert set(faces) <= set(of(data, None))
    assert items(data, "suggest")[-1]["skipped"] is False


def test_somebody_else_by_name_or_number(data: Filled, asked: tuple[int, int, list[int]]) -> None:
    ada, grace, faces = asked
    out = facekeep(data, "review", typed=f"o\ngrace\no {grace}\no\n\nq\n").out
    assert "nobody was named" in out
    now = whose(data)
    assert [now[face] for face in faces[:2]] == ["Grace", "Grace"]
    assert len(items(data, "people")) == 2, "nobody new"
    people.name_person(data.ctx, of_nobody(data, ada, grace), "Grace")
    assert "several people are named grace" in facekeep(data, "review", typed="o grace\nq\n").out


def of_nobody(data: Filled, *known: int) -> int:
    """A new person."""
    face = of(data, None)[-1]
    made = assign_face(data.ctx, face, name="Somebody").person
    assert made is not None
    return made


def test_what_was_answered_meanwhile_is_said(data: Filled, asked: tuple[int, int, list[int]]) -> None:
    """The other reviewer is quicker: between the question and the answer."""
    _, grace, faces = asked
    with in_terminal(data, "review") as terminal:
        terminal.until("uit] ", b"[q]uit")
        assign_face(data.ctx, faces[0], person_id=grace)
        terminal.type(b"y")
        terminal.until("said", b"somebody answered this meanwhile")
        terminal.type(b"q")
        assert terminal.end() == 0
    assert whose(data)[faces[0]] == "Grace"


def test_proposals_are_answered(data: Filled, asked: tuple[int, int, list[int]]) -> None:
    ada, _, faces = asked
    [stranger] = [one for one in of(data, None) if one not in faces]
    hedy = assign_face(data.ctx, stranger, name="Hedy").person
    assert hedy is not None
    assert propose(data.ctx, ada, hedy), "no photo shows both"
    out = facekeep(data, "review", "--people", typed="s\n").out
    assert f"Ada (person {ada}) would stay" in out
    assert "3 of 9 pairs of faces" in out
    out = facekeep(data, "review", "--people", typed="n\nu\ny\n").out
    assert "1 one person; 0 left" in out
    assert items(data, "suggest", "--people") == []


def test_where_there_is_nothing(tmp_path: Any) -> None:
    result = CliRunner().invoke(app, ["review", "--home", str(tmp_path / "none")])
    assert result.exit_code == 2
    assert CliRunner().invoke(app, ["suggest", "--json", "--home", str(tmp_path / "none")]).stdout == ""


# In a terminal ----------------------------------------------------------------------------------------------


class Terminal:
    """A program in a terminal of its own."""

    def __init__(self, process: "subprocess.Popen[bytes]", end: int) -> None:
        self._process, self._end, self.seen, self._met = process, end, b"", 0

    def until(self, what: str, text: bytes) -> None:
        """Read until the text has come since the last time."""
        deadline = time.monotonic() + PATIENCE_S
        while (found := self.seen.find(text, self._met)) < 0:
            assert time.monotonic() < deadline, f"waited for {what}: {self.seen!r}"
            part = self._read()
            assert part, f"ended before {what}: {self.seen!r}"
            self.seen += part
        self._met = found + len(text)

    def type(self, keys: bytes) -> None:
        os.write(self._end, keys)

    def end(self) -> int:
        """Read to the end; the exit status."""
        while part := self._read():
            self.seen += part
        return self._process.wait(PATIENCE_S)

    def _read(self) -> bytes:
        ready, _, _ = select.select([self._end], [], [], PATIENCE_S)
        assert ready, f"nothing came: {self.seen!r}"
        try:
            return os.read(self._end, 4096)
        except OSError:  # how Linux says that the other end is closed
            return b""


@contextlib.contextmanager
def in_terminal(data: Filled, *arguments: object) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    home = data.settings.home
    process = subprocess.Popen(
        command(*arguments),
        env=environment(home, TERM="xterm"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        # So that Ctrl-C in it is a signal, as in any terminal.
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(ours)


def test_keys_in_a_terminal(data: Filled, asked: tuple[int, int, list[int]]) -> None:
    _, _, faces = asked
    with in_terminal(data, "review") as terminal:
        terminal.until("the first question", b"[q]uit")
        terminal.type(b"y")
        terminal.until("the second question", b"[q]uit")
        terminal.type(b"o")
        terminal.until("who", b"who?")
        terminal.type(b"Hedy Lamarr\n")
        terminal.until("the third question", b"[q]uit")
        terminal.type(b"u")
        terminal.until("the second again", f"Is face {faces[1]} ".encode())
        terminal.until("its keys", b"[q]uit")
        terminal.type(b"N")
        terminal.until("the third question", b"[q]uit")
        terminal.type(b"q")
        assert terminal.end() == 0
    assert b"1 yes, 1 no; 1 left" in terminal.seen
    now = whose(data)
    assert [now[face] for face in faces] == ["Ada", None, None]


def test_ctrl_c_ends_with_a_summary(data: Filled, asked: tuple[int, int, list[int]]) -> None:
    with in_terminal(data, "review") as terminal:
        terminal.until("the first question", b"[q]uit")
        terminal.type(b"y")
        terminal.until("the second question", b"[q]uit")
        terminal.type(b"\x03")
        assert terminal.end() == 130
    assert b"1 yes; 2 left" in terminal.seen
