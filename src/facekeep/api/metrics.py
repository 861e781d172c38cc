"""What Prometheus reads: the counts of the database, the workers, and this process. No path, no name.

Counts may be some seconds old where the library is large (`facekeep_counts_age_seconds`).
"""

import platform
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from facekeep import __version__
from facekeep.actions.context import Context
from facekeep.api.looks import Costly, Seen
from facekeep.domain.errors import FailureCode
from facekeep.store import listing, migrate, steering
from facekeep.store.rows import FailureCount, Status
from facekeep.store.steering import Control, Queue, WorkerRow

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


@dataclass(frozen=True, slots=True)
class Counts:
    """What is counted over whole tables."""

    status: Status
    failures: list[FailureCount]
    queue: Queue
    stuck: int


@dataclass(frozen=True, slots=True)
class Numbers:
    """All that is asked of the database for one answer."""

    counts: Seen[Counts]
    control: Control
    workers: list[WorkerRow]
    offline: int
    schema: str | None


def count(ctx: Context) -> Counts:
    """Count anew."""
    with ctx.database.read() as reader:
        return Counts(
            listing.status(reader),
            listing.failure_counts(reader),
            steering.queue(reader),
            steering.stuck_leases(reader),
        )


def look(ctx: Context, counts: Costly[Counts]) -> Numbers:
    """Everything, the costly counts as young as they may be."""
    counted = counts.get()
    with ctx.database.read() as reader:
        away = sum(not row.online for row in listing.libraries(reader))
        version = migrate.version_of(reader)
        return Numbers(counted, steering.control(reader), steering.workers(reader), away, version)


def text(numbers: Numbers | None) -> bytes:
    """The answer in Prometheus' text format; without numbers (the database is away) what is known here."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Given([*_build(numbers), *(() if numbers is None else _families(numbers))]))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return generate_latest(registry)


class _Given:
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterator[Metric]:
        yield from self._families


def _build(numbers: Numbers | None) -> Iterator[Metric]:
    labels = {
        "version": __version__,
        "schema": (numbers.schema if numbers is not None else None) or "",
        "python": platform.python_version(),
    }
    build = GaugeMetricFamily("facekeep_build_info", "Versions; always 1.", labels=list(labels))
    build.add_metric(list(labels.values()), 1)
    yield build
    up = int(numbers is not None)
    yield GaugeMetricFamily("facekeep_database_up", "Whether the database answers.", value=up)


def _families(numbers: Numbers) -> Iterator[Metric]:
    yield from _contents(numbers.counts.found, numbers.offline)
    yield from _work(numbers)
    yield from _worker_families(numbers.workers)
    yield _gauge(
        "counts_age_seconds", "How old the counts of photos, faces and people are.", numbers.counts.age_s
    )


def _contents(counts: Counts, offline: int) -> Iterator[Metric]:
    status = counts.status
    # Every code, so that an alert on one of them sees the zero before its first failure.
    failures = {code.value: 0 for code in FailureCode} | {row.code: row.count for row in counts.failures}
    states = {"done": status.done, "waiting": status.waiting, "failed": status.failed}
    yield _labelled("photos", "Photos by state.", "state", states)
    yield _labelled("failures", "Photos and paths that failed, by code.", "code", failures)
    yield _gauge("unreadable_paths", "Paths that could not be read at all.", status.unreadable_paths)
    yield _gauge("faces", "Faces.", status.faces)
    yield _gauge("faces_ungrouped", "Faces that were not yet compared with the others.", status.ungrouped)
    yield _gauge("people", "People with at least one face.", status.people)
    yield _gauge("people_named", "People with a name.", status.named)
    online = {"online": status.libraries - offline, "offline": offline}
    yield _labelled("libraries", "Libraries by state.", "state", online)


def _work(numbers: Numbers) -> Iterator[Metric]:
    queue = numbers.counts.found.queue
    waiting = {
        "due": queue.due,
        "leased": queue.leased,
        "retry_later": queue.later,
        "unreachable": queue.unreachable,
    }
    yield _labelled("queue_photos", "Photos still to be looked at.", "state", waiting)
    yield _gauge("leases_stuck", "Leases that ended and that nobody took over.", numbers.counts.found.stuck)
    yield _gauge("paused", "Whether the user has paused the work.", int(numbers.control.paused))
    living = Counter(worker.role for worker in numbers.workers if worker.alive)
    yield _labelled("workers", "Worker processes that live.", "role", {role: living[role] for role in ROLES})
    yield _breakers(numbers.workers)
    ages = [age for age in map(_success_age, numbers.workers) if age is not None]
    if ages:
        yield _gauge("last_success_age_seconds", "Since a photo was last finished.", min(ages))


def _breakers(workers: list[WorkerRow]) -> Metric:
    family = GaugeMetricFamily(
        "facekeep_breakers_open",
        "Workers that pause for this reason; library is its number, empty for the whole worker.",
        labels=["code", "library"],
    )
    paused = Counter(
        (str(breaker.get("code")), _number(breaker.get("library")))
        for worker in workers
        if worker.alive
        for breaker in worker.breakers
    )
    for labels, number in paused.items():
        family.add_metric(list(labels), number)
    return family


ROLES = ("serve", "worker", "scan")
_WORKER = ["role", "host", "pid"]
_Value = Callable[[WorkerRow], float]


_OF_A_WORKER: tuple[tuple[type[GaugeMetricFamily] | type[CounterMetricFamily], str, str, _Value], ...] = (
    (CounterMetricFamily, "photos_analysed", "Photos looked at.", lambda row: row.done),
    (CounterMetricFamily, "photos_failed", "Photos that failed.", lambda row: row.failed),
    (CounterMetricFamily, "faces_found", "Faces found in them.", lambda row: row.faces),
    (GaugeMetricFamily, "photos_per_second", "Rate of late.", lambda row: row.rate),
    (GaugeMetricFamily, "photos_in_hand", "Photos claimed.", lambda row: row.in_hand),
    (GaugeMetricFamily, "worker_silent_seconds", "Since its last beat.", lambda row: row.silent_s),
    (GaugeMetricFamily, "children_alive", "Child processes that live.", lambda row: _child(row, "alive")),
    (CounterMetricFamily, "children_died", "Child processes that died.", lambda row: _child(row, "died")),
    (
        GaugeMetricFamily,
        "children_memory_bytes",
        "Memory of all its children.",
        lambda row: _child(row, "memory_bytes"),
    ),
)


def _worker_families(workers: list[WorkerRow]) -> Iterator[Metric]:
    for kind, name, about, value in _OF_A_WORKER:
        family = kind(f"facekeep_{name}", about, labels=_WORKER)
        for row in (row for row in workers if row.alive):
            family.add_metric([row.role, row.host, str(row.pid)], float(value(row)))
        yield family


def _child(row: WorkerRow, key: str) -> float:
    value = row.children.get(key, 0)
    return float(value) if isinstance(value, int | float) else 0.0


def _success_age(row: WorkerRow) -> float | None:
    if row.last_done_at is None:
        return None
    # By the database's clock: the row was seen so and so long ago, and the success was before that.
    return (row.seen_at - row.last_done_at).total_seconds() + row.silent_s


def _number(library: object) -> str:
    return "" if library is None else str(library)


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(f"facekeep_{name}", about, value=value)


def _labelled(name: str, about: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(f"facekeep_{name}", about, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
