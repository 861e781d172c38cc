"""How long the API takes on a large library: every page and every single change, by a real server.

    script/bench latency [--home DIR] [--rounds N] [--clients N] [--only REGEX] [--small] [--json]

fills a data folder as `large_library` says (200,000 photos, 1,000,000 faces, 20,000 people), starts
`facekeep serve` on it, and asks. The client is httpx with one kept connection, in a process of its own on
the same machine: what a program or the page in a browser sees, without a network between. Answers are read
whole. Each kind of request is made once before it counts; each asks for other people, faces and photos than
the one before, where there is a choice. Pages have 100 items, which is the default. Wanted: 95 of 100 within
100 ms, of merges of two people with 5,000 faces each within 300 ms. `cpu` is processor time of server and
database for one request, on average, with what the worker did meanwhile. `together` is the 95th of a hundred
with several clients at once.

A data folder given by --home is filled when it is new, and used again; it is another one after each run.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.bench import latency_library, latency_reads, latency_writes
from tests.bench.large_library import Size
from tests.bench.latency_asking import Client, Processor, Timed, at, timed

from facekeep.actions import steering
from facekeep.bootstrap import open_context
from facekeep.settings import load
from facekeep.store import embedded

SMALL = Size(4_000, 20_000, 400)
PATIENCE_S = 120.0
LONGEST_WORK_S = 900.0


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs: where, and its first process."""

    url: str
    process: int


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print a line for each kind of request."""
    given = _parse(arguments)
    with _home(given.home) as home:
        _filled(home, SMALL if given.small else Size(), vectors=not given.no_vectors)
        with served(home) as server:
            found = []
            for one in measure(server, home, given):
                found.append(one)
                if not given.json:
                    sys.stdout.write(line(one) + "\n")
                    sys.stdout.flush()
    _end(found, given)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench latency", description=__doc__)
    parser.add_argument("--home", type=Path, help="a data folder to fill, or one that was filled before")
    parser.add_argument("--rounds", type=int, default=40, help="requests of each kind")
    parser.add_argument("--clients", type=int, default=0, help="of the second column; pages only")
    parser.add_argument(
        "--only", default="", help="kinds of request whose names have this regular expression"
    )
    parser.add_argument("--small", action="store_true", help="a fiftieth of it, to see that it runs")
    parser.add_argument(
        "--no-vectors", action="store_true", help="without vectors: some minutes less to fill"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    return parser.parse_args(arguments)


def measure(server: Served, home: Path, given: argparse.Namespace) -> Iterator[Timed]:
    """Each kind of request: pages first, then what changes something."""
    with ExitStack() as open_now:
        first, *others = [open_now.enter_context(_connection(server)) for _ in range(1 + given.clients)]
        client, used = Client(first), Processor(server.process, _postmaster(home))
        _wait_for_quiet(client)
        kinds = [*latency_reads.kinds(), *latency_writes.kinds(client)]
        for kind in kinds:
            if re.search(given.only, kind.name):
                yield timed(client, kind, given.rounds, others, used)


def _wait_for_quiet(client: Client) -> None:
    """Until the worker has done what an earlier run on this library left it to do."""
    end = time.monotonic() + LONGEST_WORK_S
    while client.get("/status")["activity"]["state"] not in ("idle", "paused") and time.monotonic() < end:
        time.sleep(2)


def _connection(server: Served) -> httpx.Client:
    return httpx.Client(base_url=server.url, timeout=PATIENCE_S, trust_env=False)


# The library and the server ---------------------------------------------------------------------------------


@contextmanager
def _home(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="facekeep-bench-"))
    folder.chmod(0o755)
    try:
        yield folder / "home"
    finally:
        shutil.rmtree(folder)


def _filled(home: Path, size: Size, *, vectors: bool) -> None:
    done = home / "filled"
    if done.exists():
        return
    with open_context(load({"home": home}, environ={})) as ctx:
        latency_library.prepare(ctx.database._where(), size, vectors=vectors)
        steering.pause(ctx)  # no photo is there to be looked at
    done.touch()


@contextmanager
def served(home: Path) -> Iterator[Served]:
    """`facekeep serve` on the data folder, as anybody would start it."""
    program = [sys.executable, "-m", "facekeep", "serve", "--port", "0", "--home", str(home)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = process.stdout.readline().split()
        try:
            yield Served(next(word for word in told if word.startswith("http")), process.pid)
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def _postmaster(home: Path) -> int:
    return int((embedded.describe(home).data_folder / "postmaster.pid").read_text().split("\n", 1)[0])


# What is printed --------------------------------------------------------------------------------------------


def line(one: Timed) -> str:
    """Milliseconds: median, 95th of a hundred, worst, processor time, 95th with several clients at once."""
    together = f"{at(one.together, 0.95):9.1f}" if one.together else " " * 9
    verdict = f"   MISSED ({one.kind.limit:.0f})" if one.kind.limit and one.missed else ""
    numbers = (one.p50, one.p95, one.took[-1], one.processor)
    times = " ".join(f"{number:8.1f}" for number in numbers)
    return f"{one.kind.name:44} {times} {together}{verdict}"


def machine() -> str:
    """Where it was measured, and how busy it was with anything."""
    load_1, load_5, _ = os.getloadavg()
    cores = len(os.sched_getaffinity(0))
    busy = f"load {load_1:.1f} and {load_5:.1f}"
    return f"{cores} cores, {platform.machine()}, Python {platform.python_version()}, {busy}"


def _end(found: Sequence[Timed], given: argparse.Namespace) -> None:
    missed = [one.kind.name for one in found if one.missed]
    client = f"httpx {httpx.__version__}, one kept connection"
    if given.json:
        rows = [
            {
                "name": one.kind.name,
                "limit": one.kind.limit,
                "p50": one.p50,
                "p95": one.p95,
                "worst": one.took[-1],
                "cpu": one.processor,
                "together_p95": at(one.together, 0.95) if one.together else None,
                "requests": len(one.took),
            }
            for one in found
        ]
        told = {"client": client, "machine": machine(), "clients_together": given.clients, "missed": missed}
        sys.stdout.write(json.dumps(told | {"requests": rows}) + "\n")
        return
    sys.stdout.write(
        f"\n{len(found)} kinds of request, {len(missed)} missed. Columns: p50, p95, worst, cpu, together\n"
    )
    sys.stdout.write(f"client: {client}; machine: {machine()}\n")


if __name__ == "__main__":
    main()
