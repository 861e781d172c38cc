"""`facekeep import people`."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from facekeep.cli import options
from facekeep.cli.options import Home, Json
from facekeep.domain.errors import UsageError

if TYPE_CHECKING:
    from facekeep.actions.people_import import Imported, Item

SHOWN = 20
COPIED_AT_ONCE = 1 << 20

WORDS = {
    "new": "new",
    "matched": "known",
    "completed": "known, and more is known now",
    "unclear": "left out: several have that name, and no face tells who is meant",
    "assigned": "put on the right person",
    "created_face": "made, because none was found there",
    "put_away": "put away: ignored, no face, or deleted where the file is from",
    "same": "as before",
    "rejected": "added",
    "conflict": "left as was said here",
    "rejected_here": "left: said here not to be that person",
    "forgotten": "left out: forgotten here",
    "no_photo": "left out: the photo is not here",
    "no_person": "left out: the person was",
}


def people(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="What `export people` wrote; `-` for standard input.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would come of it; change nothing.")
    ] = False,
    json: Json = False,
    home: Home = None,
) -> None:
    """Take in what another facekeep knew of people: by the content of photos, then paths, and boxes of faces.

    What you said here stays. A file that is not sound is refused as a whole. `facekeep undo` takes it back.
    """
    from facekeep import bootstrap
    from facekeep.actions.people_import import import_people
    from facekeep.cli.output import note

    settings = options.load(home)
    if not options.is_begun(settings):
        raise UsageError(options.nothing_yet(settings), hint="Faces are put on photos that are known.")
    told = _Told(json)
    with _opened(file) as source, bootstrap.open_context(settings, notice=note) as ctx:
        name = "" if file == "-" else Path(file).name
        done = import_people(ctx, source, name=name, dry_run=dry_run, tell=told.item)
    told.end(done)


@contextmanager
def _opened(file: str) -> Iterator[IO[bytes]]:
    """The file; a pipe is copied first, for it is read more than once."""
    if file != "-" and Path(file).is_file():
        with open(file, "rb") as source:
            yield source
        return
    if file != "-" and not Path(file).exists():
        raise UsageError(f"there is no file {file}")
    with tempfile.TemporaryFile() as copy:
        with nullcontext(sys.stdin.buffer) if file == "-" else open(file, "rb") as source:
            shutil.copyfileobj(source, copy, COPIED_AT_ONCE)
        yield copy


class _Told:
    """What is said of an import."""

    def __init__(self, json: bool) -> None:
        self._json = json
        self._conflicts: list[Item] = []

    def item(self, item: "Item") -> None:
        """Called with each person, face and rejection."""
        from facekeep.cli.output import emit

        if self._json:
            emit(
                {
                    "event": item.kind,
                    "outcome": item.outcome,
                    "file_person": item.person,
                    "person": item.here,
                    "sha256": item.sha256,
                    "box": None if item.box is None else asdict(item.box),
                    "face": item.face,
                }
            )
        elif item.outcome == "conflict" and len(self._conflicts) < SHOWN:
            self._conflicts.append(item)

    def end(self, done: "Imported") -> None:
        """Say how it went."""
        from facekeep.cli.output import count, emit, say

        if self._json:
            counts = {"people": done.people, "faces": done.faces, "rejections": done.rejections}
            emit({"event": "end", "dry_run": done.dry_run, **counts, "decision": done.decision})
            return
        counted = {("person", "people"): done.people, ("face",): done.faces, ("rejection",): done.rejections}
        for what, found in counted.items():
            for outcome, number in found.items():
                say(f"{count(number, *what)} {WORDS[outcome]}")
        for item in self._conflicts:
            which = item.here if item.face is None else item.face
            say(f"  {item.kind} {which}: left as it was said to be here")
        if done.dry_run:
            say("nothing was changed")
        elif done.decision is None:
            say("nothing had to be changed")
        else:
            say(f"`facekeep undo {done.decision}` takes it back")
