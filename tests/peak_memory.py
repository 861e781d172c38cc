"""The most memory that this process has held."""

import resource
import sys
from pathlib import Path


def peak_kilobytes() -> int:
    """Resident, since the program began. `ru_maxrss` would keep on Linux what the parent held before exec."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = (line.split() for line in status.read_text("ascii", "replace").splitlines())
        return next(int(words[1]) for words in lines if words[0] == "VmHWM:")
    unit = 1024 if sys.platform == "darwin" else 1  # macOS counts bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit
