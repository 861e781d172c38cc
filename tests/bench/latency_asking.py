"""A client of the API that keeps the time: see `tests.bench.latency`."""

import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
import psutil

PAGES_ON = 12
"""Pages gone through before one that is far on."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for, below /api/v1."""

    method: str
    path: str
    body: Any = None
    query: Mapping[str, Any] = field(default_factory=dict)


Make = Callable[["Client"], Request]
"""The next request of a kind: of other people, faces and pages than the one before it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of request, and how many milliseconds 95 of 100 may take; None where nothing is asked."""

    name: str
    make: Make
    limit: float | None = 100.0
    rounds: int | None = None
    writes: bool = False


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds of each request, rising; and processor time of server and database for one, on average."""

    kind: Kind
    took: tuple[float, ...]
    processor: float
    together: tuple[float, ...] = ()
    """With several clients at once."""

    @property
    def p50(self) -> float:
        return at(self.took, 0.5)

    @property
    def p95(self) -> float:
        return at(self.took, 0.95)

    @property
    def missed(self) -> bool:
        return self.kind.limit is not None and self.p95 > self.kind.limit


def at(rising: Sequence[float], share: float) -> float:
    """The smallest value that so large a share is not above: the percentile by nearest rank."""
    return rising[max(math.ceil(len(rising) * share), 1) - 1]


class Client:
    """Asks. Whatever is not 2xx ends the benchmark: a refusal is quick and proves nothing."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.random = random.Random(7)
        self.decision = 0
        """The last one in the journal that an answer told of."""
        self._far: dict[str, str | None] = {}
        self._kept: dict[str, list[Any]] = {}

    def ask(self, request: Request) -> httpx.Response:
        """The answer."""
        answer = send(self.http, request)
        self.decision = int(answer.headers.get("X-Facekeep-Decision", self.decision))
        return answer

    def get(self, path: str, **query: Any) -> Any:
        """What is there, as JSON."""
        return self.ask(Request("GET", path, query=query)).json()

    def kept(self, path: str, **query: Any) -> list[Any]:
        """The items of a page, asked for once."""
        key = f"{path} {query}"
        if key not in self._kept:
            self._kept[key] = self.get(path, **query)["items"]
        return self._kept[key]

    def total(self, path: str) -> int:
        """How many there are, asked for once."""
        key = f"how many {path}"
        if key not in self._kept:
            self._kept[key] = [self.get(path, limit=1)["total"]]
        return int(self._kept[key][0])

    def one_of(self, path: str, **query: Any) -> Any:
        """Any of them."""
        return self.random.choice(self.kept(path, **query))

    def far(self, request: Request) -> str | None:
        """The cursor of a page far on, or of the last one; None where there is one page only."""
        key = repr(request)
        if key not in self._far:
            self._far[key] = self._gone_on(request)
        return self._far[key]

    def _gone_on(self, request: Request) -> str | None:
        cursor = None
        for _ in range(PAGES_ON):
            following = self.ask(at_page(request, cursor)).json()["next"]
            if following is None:
                break
            cursor = following
        return cursor


def send(http: httpx.Client, request: Request) -> httpx.Response:
    """The answer; the end where it is not one."""
    answer = http.request(request.method, f"/api/v1{request.path}", json=request.body, params=request.query)
    if not answer.is_success:
        raise SystemExit(f"{request}: {answer.status_code} {answer.text}")
    return answer


def at_page(request: Request, cursor: str | None) -> Request:
    """The same, from a cursor on."""
    if cursor is None:
        return request
    if request.method == "GET":
        return Request("GET", request.path, None, {**request.query, "cursor": cursor})
    return Request(request.method, request.path, {**request.body, "cursor": cursor}, request.query)


def timed(
    client: Client, kind: Kind, rounds: int, others: Sequence[httpx.Client], used: "Processor"
) -> Timed:
    """One kind, over and over; the first time does not count."""
    client.ask(kind.make(client))
    number = rounds if kind.rounds is None else kind.rounds
    took, processor = [], 0.0
    for _ in range(number):
        request = kind.make(client)
        before, began = used.seconds(), time.perf_counter()
        client.ask(request)
        took.append(1000 * (time.perf_counter() - began))
        processor += used.seconds() - before
    together = () if kind.writes or not others else _together(client, kind, number, others)
    return Timed(kind, tuple(sorted(took)), 1000 * processor / number, together)


def _together(client: Client, kind: Kind, rounds: int, others: Sequence[httpx.Client]) -> tuple[float, ...]:
    """As many at once as there are others."""
    asked = [[kind.make(client) for _ in range(rounds)] for _ in others]
    with ThreadPoolExecutor(len(others)) as threads:
        parts = list(threads.map(_each, others, asked))
    return tuple(sorted(one for part in parts for one in part))


def _each(http: httpx.Client, requests: Sequence[Request]) -> list[float]:
    took = []
    for request in requests:
        began = time.perf_counter()
        send(http, request)
        took.append(1000 * (time.perf_counter() - began))
    return took


class Processor:
    """Processor time that the server and its database have used."""

    def __init__(self, server: int, postmaster: int) -> None:
        self._server, self._postmaster = psutil.Process(server), psutil.Process(postmaster)

    def seconds(self) -> float:
        """So far, those included that have ended."""
        server, database = self._server.cpu_times(), self._postmaster.cpu_times()
        ended = database.children_user + database.children_system
        return float(server.user + server.system + ended + sum(map(_used, self._postmaster.children())))


def _used(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
