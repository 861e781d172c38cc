"""The work: photos that failed, leases, workers, and what is paused."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from facekeep.cli.checks.finding import Check
from facekeep.cli.output import count, span

if TYPE_CHECKING:
    from facekeep.store.database import Reader
    from facekeep.store.steering import WorkerRow

SILENT_S = 60.0
"""A worker beats some times a minute."""


def checks(reader: "Reader") -> Iterator[Check]:
    """What the database knows of it."""
    from facekeep.store import steering

    workers = steering.workers(reader)
    yield _photos(reader)
    yield _workers(workers)
    yield _leases(steering.stuck_leases(reader), [worker for worker in workers if worker.alive])
    yield _pauses(steering.control(reader).paused, workers)


def _photos(reader: "Reader") -> Check:
    from facekeep.store import listing

    status = listing.status(reader)
    failed = status.failed + status.unreadable_paths
    if failed:
        return Check(
            "photos", "warn", f"{failed:,} of {status.photos:,} failed", "`facekeep failures` tells why."
        )
    return Check("photos", "ok", f"{status.done:,} of {status.photos:,} done")


def _workers(workers: "list[WorkerRow]") -> Check:
    dead = [worker for worker in workers if not worker.alive]
    if dead:
        advice = "Nothing is lost: their photos come back by themselves, and the next worker tidies up."
        return Check("workers", "warn", f"{_named(dead)} died without saying so", advice)
    silent = [worker for worker in workers if worker.silent_s > SILENT_S]
    if silent:
        longest = span(max(worker.silent_s for worker in silent))
        advice = "It hangs, or does not reach the database; its log and health file say more. Start it again."
        return Check("workers", "warn", f"no sign of life from {_named(silent)} for {longest}", advice)
    return Check("workers", "ok", _named(workers) if workers else "none runs now")


def _leases(stuck: int, living: "list[WorkerRow]") -> Check:
    if stuck and living:
        advice = "The workers are busy with others or paused; they come back by themselves when one is free."
        return Check("leases", "warn", f"{count(stuck, 'photo')} left by a worker wait to be taken", advice)
    if stuck:
        detail = f"{count(stuck, 'photo')} left by a worker that ended; the next one takes them"
        return Check("leases", "ok", detail)
    return Check("leases", "ok", "none is overdue")


def _pauses(paused: bool, workers: "list[WorkerRow]") -> Check:
    from facekeep.api.working import breakers_of

    if paused:
        return Check("pauses", "warn", "the user has paused all work", "`facekeep resume` goes on.")
    breakers = breakers_of(worker for worker in workers if worker.alive)
    if not breakers:
        return Check("pauses", "ok", "nothing is paused")
    said = "; ".join(f"{each['code']}{_where(each['library'])}: {each['message']}" for each in breakers)
    return Check("pauses", "warn", said, "Mend that; it is tried again by itself and then goes on.")


def _where(library: object) -> str:
    return "" if library is None else f" in library {library}"


def _named(workers: "list[WorkerRow]") -> str:
    return ", ".join(f"{worker.role} {worker.host}:{worker.pid}" for worker in workers)
