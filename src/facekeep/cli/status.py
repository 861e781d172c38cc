"""`facekeep status`."""

from dataclasses import fields
from typing import TYPE_CHECKING

from facekeep.cli import options
from facekeep.cli.options import Home, Json

if TYPE_CHECKING:
    from facekeep.api.fields import Fields
    from facekeep.store.rows import Status


def status(json: Json = False, home: Home = None) -> None:
    """Show how many photos, faces and people there are, and what is still to do."""
    from facekeep.api.fields import library_fields, status_fields
    from facekeep.cli.output import emit, say
    from facekeep.cli.running import url_of_running
    from facekeep.store import listing
    from facekeep.store.rows import Status

    settings = options.load(home)
    with options.looking(settings) as reader:
        empty = Status(**dict.fromkeys((field.name for field in fields(Status)), 0))
        found = empty if reader is None else listing.status(reader)
        libraries = [] if reader is None else listing.libraries(reader)
    if json:
        emit(status_fields(found))
    elif reader is None:
        say(options.nothing_yet(settings))
    else:
        _show(found, [library_fields(row) for row in libraries])
        url = url_of_running(settings.home)
        if url is not None:
            say(f"\nthe page is at {url}")


def _show(found: "Status", libraries: "list[Fields]") -> None:
    from facekeep.cli.output import count, say, table

    named = f"{found.named:,} named" if found.named else "none named yet"
    states = f"{found.done:,} done, {found.waiting:,} waiting, {found.failed:,} failed"
    say(f"{count(found.photos, 'photo')}: {states}")
    say(f"{count(found.faces, 'face')}, {count(found.people, 'person', 'people')} ({named})")
    if found.failed or found.unreadable_paths:
        unread = f" and {count(found.unreadable_paths, 'unreadable path')}" if found.unreadable_paths else ""
        say(f"`facekeep failures` tells why {count(found.failed, 'photo')} failed{unread}")
    if libraries:
        say("")
        rows = [(row["root"], row["photos"], "online" if row["online"] else "offline") for row in libraries]
        table(["library", ">photos", "state"], rows)
