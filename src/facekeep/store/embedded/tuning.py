"""Settings that follow from the machine."""

import os
from pathlib import Path

import psutil

_MB = 1024 * 1024
# A sixteenth of the memory for the database's cache, taken as it fills. A search among a million faces reads
# half a gigabyte of index: with 512 MB instead of 256 the slowest take a third less time.
_SHARE, _LEAST_CACHE, _MOST_CACHE = 16, 128 * _MB, 512 * _MB
# Containers get 64 MB of /dev/shm by default; one parallel index build asks for maintenance_work_mem there.
_ENOUGH_SHARED_MEMORY = 1024 * _MB
SHARED_MEMORY = Path("/dev/shm")


def settings_for_machine(shared_memory: Path = SHARED_MEMORY) -> dict[str, str]:
    """PostgreSQL settings by name, modest in memory."""
    memory = _memory()
    large = memory >= 6 * 1024 * _MB
    return {
        "shared_buffers": f"{min(max(memory // _SHARE, _LEAST_CACHE), _MOST_CACHE) // _MB}MB",
        "maintenance_work_mem": "256MB" if large else "64MB",
        "work_mem": "16MB" if large else "8MB",
        "max_connections": "64",
        **_parallel_settings(shared_memory),
    }


def _parallel_settings(folder: Path) -> dict[str, str]:
    """Serial plans and index builds where shared memory is small; no use of it at all where it cannot be
    written."""
    serial = {"max_parallel_maintenance_workers": "0", "max_parallel_workers_per_gather": "0"}
    if not _writable_by_all(folder):
        # As files in the data folder; what is left once nothing is parallel is small.
        return {"dynamic_shared_memory_type": "mmap", **serial} if _uses_folder() else serial
    found = os.statvfs(folder)
    if found.f_bavail * found.f_frsize < _ENOUGH_SHARED_MEMORY:
        return {"dynamic_shared_memory_type": "posix", **serial}
    return {"dynamic_shared_memory_type": "posix"}


def _writable_by_all(folder: Path) -> bool:
    try:
        return bool(folder.stat().st_mode & 0o002) and not os.statvfs(folder).f_flag & os.ST_RDONLY
    except OSError:
        return False


def _uses_folder() -> bool:
    return os.uname().sysname == "Linux"


def _memory() -> int:
    """Bytes of memory of the machine, or of the container where it has less."""
    total = int(psutil.virtual_memory().total)
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return total
    return min(total, int(limit)) if limit.isdigit() else total
