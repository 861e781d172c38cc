"""`facekeep status`."""

from dataclasses import fields
from typing import TYPE_CHECKING

from facekeep.cli import options
from facekeep.cli.options import Home, Json

if TYPE_CHECKING:
    from facekeep.store.database import Reader
    from facekeep.store.rows import LibraryRow, Status
    from facekeep.store.steering import Control, Queue, WorkerRow


def status(json: Json = False, home: Home = None) -> None:
    """Show how many photos, faces and people there are, what is still to do, and who does it."""
    from facekeep.cli.output import emit, say
    from facekeep.cli.running import url_of_running

    settings = options.load(home)
    with options.looking(settings) as reader:
        if json:
            emit(_as_json(reader))
        elif reader is None:
            say(options.nothing_yet(settings))
        else:
            _show(reader)
    if not json:
        url = url_of_running(settings.home)
        if url is not None:
            say(f"\nthe page is at {url}")


def _as_json(reader: "Reader | None") -> dict[str, object]:
    from facekeep.api.fields import status_fields
    from facekeep.store import listing, steering
    from facekeep.store.rows import Status
    from facekeep.store.steering import Control, Queue

    if reader is None:
        empty = Status(**dict.fromkeys((field.name for field in fields(Status)), 0))
        return status_fields(empty) | _work(Control(False, None, None), Queue(0, 0, 0, 0, None), [])
    counts = status_fields(listing.status(reader))
    return counts | _work(steering.control(reader), steering.queue(reader), steering.workers(reader))


def _work(control: "Control", queue: "Queue", workers: "list[WorkerRow]") -> dict[str, object]:
    living = [worker for worker in workers if worker.alive]
    return {
        "due": queue.due,
        "leased": queue.leased,
        "retry_later": queue.later,
        "unreachable": queue.unreachable,
        "paused": control.paused,
        "workers": len(living),
        "rate": round(sum(worker.rate for worker in living), 3),
    }


def _show(reader: "Reader") -> None:
    from facekeep.cli.models import say_change
    from facekeep.store import listing, steering

    control, workers = steering.control(reader), steering.workers(reader)
    _show_counts(listing.status(reader))
    _show_queue(steering.queue(reader), control, [worker for worker in workers if worker.alive])
    say_change(reader)
    _show_workers(workers)
    _show_breakers(workers)
    _show_libraries(listing.libraries(reader))


def _show_counts(found: "Status") -> None:
    from facekeep.cli.output import count, say

    named = f"{found.named:,} named" if found.named else "none named yet"
    states = f"{found.done:,} done, {found.waiting:,} waiting, {found.failed:,} failed"
    say(f"{count(found.photos, 'photo')}: {states}")
    say(f"{count(found.faces, 'face')}, {count(found.people, 'person', 'people')} ({named})")
    if found.failed or found.unreadable_paths:
        unread = f" and {count(found.unreadable_paths, 'unreadable path')}" if found.unreadable_paths else ""
        say(f"`facekeep failures` tells why {count(found.failed, 'photo')} failed{unread}")


def _show_queue(queue: "Queue", control: "Control", living: "list[WorkerRow]") -> None:
    from facekeep.cli.output import say, span, until

    parts = [f"{queue.due:,} due"] if queue.due else []
    parts += [f"{queue.leased:,} being looked at"] if queue.leased else []
    if queue.later:
        first = "" if queue.next_at is None else f", the first {until(queue.next_at)}"
        parts += [f"{queue.later:,} tried again later{first}"]
    parts += [f"{queue.unreachable:,} whose folder or file is away"] if queue.unreachable else []
    if parts:
        say("to do: " + ", ".join(parts))
    rate = sum(worker.rate for worker in living)
    if rate > 0:
        say(f"{rate:.1f} photos a second, about {span((queue.due + queue.leased) / rate)} left")
    if control.paused:
        say(f"paused since {control.paused_at:%Y-%m-%d %H:%M:%S %Z}; `facekeep resume` goes on")


def _show_workers(workers: "list[WorkerRow]") -> None:
    from facekeep.cli.output import say, span, table

    if not workers:
        return
    say("")
    rows = [
        (
            row.role,
            f"{row.host}:{row.pid}",
            row.state if row.alive else "died",
            f"{row.rate:.1f}",
            row.in_hand,
            row.done,
            row.failed,
            f"{span(row.silent_s)} ago",
        )
        for row in workers
    ]
    columns = ["worker", "where", "state", ">photos/s", ">in hand", ">done", ">failed", "seen"]
    table(columns, rows)


def _show_breakers(workers: "list[WorkerRow]") -> None:
    from facekeep.api.working import breakers_of
    from facekeep.cli.output import say, span

    for breaker in breakers_of(worker for worker in workers if worker.alive):
        where = "everything" if breaker["library"] is None else f"library {breaker['library']}"
        again = span(float(str(breaker["seconds"])))
        say(f"{breaker['code']}: {where} is paused, tried again in {again}: {breaker['message']}")


def _show_libraries(libraries: "list[LibraryRow]") -> None:
    from facekeep.cli.output import say, table
    from facekeep.library.identity import display_path

    if libraries:
        say("")
        rows = [
            (row.library, display_path(row.root), row.photos, "online" if row.online else "offline")
            for row in libraries
        ]
        table([">library", "folder", ">photos", "state"], rows)
