"""Who works, how far, and what holds it up: the fields of GET /activity and of `facekeep status`."""

from collections.abc import Iterable, Mapping
from typing import Any

from facekeep.api.fields import Fields
from facekeep.store.steering import Control, Queue, WorkerRow


def work_fields(control: Control, queue: Queue, workers: list[WorkerRow]) -> Fields:
    """Everything about the work that goes on. Workers that died and were not tidied away yet are told too."""
    living = [worker for worker in workers if worker.alive]
    rate = sum(worker.rate for worker in living)
    return {
        "paused": control.paused,
        "paused_at": control.paused_at,
        "queue": queue_fields(queue),
        "rate": rate,
        "seconds_left": (queue.due + queue.leased) / rate if rate > 0 else None,
        "workers": [worker_fields(worker) for worker in workers],
        "breakers": breakers_of(living),
    }


def queue_fields(queue: Queue) -> Fields:
    """Photos still to be looked at, by what they wait for."""
    return {
        "due": queue.due,
        "leased": queue.leased,
        "retry_later": queue.later,
        "unreachable": queue.unreachable,
        "next_at": queue.next_at,
    }


def worker_fields(row: WorkerRow) -> Fields:
    """One worker process."""
    return {
        "worker": row.worker,
        "role": row.role,
        "host": row.host,
        "pid": row.pid,
        "version": row.version,
        "alive": row.alive,
        "started_at": row.started_at,
        "seen_at": row.seen_at,
        "silent_s": row.silent_s,
        "state": row.state,
        "done": row.done,
        "failed": row.failed,
        "faces": row.faces,
        "rate": row.rate,
        "in_hand": row.in_hand,
        "last_done_at": row.last_done_at,
        "children": {name: _number(row.children.get(name)) for name in CHILDREN},
        "message": row.message,
    }


CHILDREN = ("count", "alive", "busy", "started", "died", "memory_bytes")


def breakers_of(workers: Iterable[WorkerRow]) -> list[Fields]:
    """What is paused, each thing once: `workers` of them pause for it, the next probe is `seconds` away."""
    found: dict[tuple[str, int | None], Fields] = {}
    for breaker in (each for worker in workers for each in worker.breakers):
        key = (str(breaker.get("code")), _library(breaker.get("library")))
        found[key] = _joined(found.get(key), _breaker(key, breaker))
    return list(found.values())


def _breaker(key: tuple[str, int | None], given: Mapping[str, Any]) -> Fields:
    return {
        "code": key[0],
        "library": key[1],
        "state": str(given.get("state", "open")),
        "seconds": float(given.get("seconds", 0.0)),
        "trips": _number(given.get("trips")),
        "message": str(given.get("message", "")),
        "workers": 1,
    }


def _joined(one: Fields | None, other: Fields) -> Fields:
    if one is None:
        return other
    nearer = min(one, other, key=lambda each: float(str(each["seconds"])))
    return {**nearer, "workers": int(str(one["workers"])) + 1}


def _number(given: object) -> int:
    return int(given) if isinstance(given, int | float) else 0


def _library(given: object) -> int | None:
    return given if isinstance(given, int) else None
