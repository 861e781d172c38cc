"""Memory of a program with all its processes, the database's included.

Proportional set size (PSS) where the system has it: a page that several processes share counts once, divided
among them. Elsewhere resident set size, which counts such pages once for each process, and so too much.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

MEASURE = "PSS" if Path("/proc/self/smaps_rollup").exists() else "RSS"
MEGABYTE = 1e6


@dataclass(frozen=True, slots=True)
class Memory:
    """Megabytes (10^6 bytes) at one moment."""

    main: float = 0.0
    children: float = 0.0
    database: float = 0.0

    @property
    def total(self) -> float:
        return self.main + self.children + self.database

    def __add__(self, other: "Memory") -> "Memory":
        return Memory(self.main + other.main, self.children + other.children, self.database + other.database)


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
        megabytes = _bytes(process) / MEGABYTE
        if process.name().startswith("postgres"):
            return Memory(database=megabytes)
    except (OSError, psutil.Error):
        return Memory()  # it ended while we looked
    return Memory(main=megabytes) if process.pid == program else Memory(children=megabytes)


def _bytes(process: psutil.Process) -> float:
    if MEASURE == "RSS":
        return float(process.memory_info().rss)
    text = Path(f"/proc/{process.pid}/smaps_rollup").read_text("ascii")
    return next(float(kilobytes) * 1024 for kilobytes in _values(text, "Pss:"))


def _values(text: str, key: str) -> Iterator[str]:
    yield from (line.split()[1] for line in text.splitlines() if line.startswith(key))
