"""Memory of a program with all its processes, the database's included.

Proportional set size (PSS) where the system has it: a page that several processes share counts once, divided
among them. Elsewhere resident set size, which counts such pages once for each process, and so too much.
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

MEASURE = "PSS" if Path("/proc/self/smaps_rollup").exists() else "RSS"
MEGABYTE = 1e6


@dataclass(frozen=True, slots=True)
class Memory:
    """Megabytes (10^6 bytes) at one moment.

    `cache` is the database server's cache of its files, which fills with what is stored until it has the size
    that the server was started with (shared_buffers); `database` is all else that it has.
    """

    main: float = 0.0
    children: float = 0.0
    database: float = 0.0
    cache: float = 0.0

    @property
    def total(self) -> float:
        return self.main + self.children + self.database + self.cache

    @property
    def working(self) -> float:
        """All but the database's cache."""
        return self.total - self.cache

    def __add__(self, other: "Memory") -> "Memory":
        return Memory(
            self.main + other.main,
            self.children + other.children,
            self.database + other.database,
            self.cache + other.cache,
        )


def measure(program: int, postmaster: int | None) -> Memory:
    """The program's whole tree, and the database server's."""
    roots = [program] if postmaster is None else [program, postmaster]
    return sum((_memory(each, program) for each in _tree(roots)), Memory())


def _tree(roots: list[int]) -> list[psutil.Process]:
    found: dict[int, psutil.Process] = {}
    for root in roots:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(root)
            found |= {each.pid: each for each in [process, *process.children(recursive=True)]}
    return list(found.values())


def _memory(process: psutil.Process, program: int) -> Memory:
    try:
        own, shared = _own_and_shared(process)
        if process.name().startswith("postgres"):
            return Memory(database=own, cache=shared)
    except (OSError, psutil.Error):
        return Memory()  # it ended while we looked
    whole = own + shared
    return Memory(main=whole) if process.pid == program else Memory(children=whole)


def _own_and_shared(process: psutil.Process) -> tuple[float, float]:
    """Megabytes without, and megabytes of, memory made to be shared."""
    if MEASURE == "RSS":
        return process.memory_info().rss / MEGABYTE, 0.0
    text = Path(f"/proc/{process.pid}/smaps_rollup").read_text("ascii")
    lines = (line.split() for line in text.splitlines()[1:])
    kilobytes = {line[0]: float(line[1]) for line in lines}
    shared = kilobytes.get("Pss_Shmem:", 0.0)
    return (kilobytes["Pss:"] - shared) * 1024 / MEGABYTE, shared * 1024 / MEGABYTE
