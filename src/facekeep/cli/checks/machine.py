"""The machine: Python, the system, memory, a GPU."""

import os
import platform
import shutil
import subprocess
import sys

from facekeep.cli.checks.finding import Check, gigabytes
from facekeep.cli.output import count
from facekeep.settings import Settings, machine_memory

USUAL_CHILD_BYTES = 500 * 2**20
"""What a process takes that looks at photos of usual sizes (docs/benchmarks.md)."""

PATIENCE_S = 10


def python() -> Check:
    """The interpreter's version."""
    version = platform.python_version()
    detail = f"{version} at {sys.executable}"
    if (3, 11) <= tuple(int(part) for part in platform.python_version_tuple()[:2]) <= (3, 13):
        return Check("python", "ok", detail)
    return Check("python", "warn", detail, "facekeep is tested with Python 3.11 to 3.13.")


def system() -> Check:
    """The operating system and its cores."""
    detail = f"{platform.system()} {platform.release()} on {platform.machine()}, {os.cpu_count()} cores"
    if platform.system() in ("Linux", "Darwin"):
        return Check("platform", "ok", detail)
    return Check("platform", "warn", detail, "facekeep is tested on Linux; set FACEKEEP_DATABASE_URL here.")


def memory(settings: Settings) -> Check:
    """Whether the processes that look at photos fit into the machine."""
    import psutil

    total, free = machine_memory(), psutil.virtual_memory().available
    limit = settings.child_memory_megabytes * 2**20
    detail = (
        f"{gigabytes(total)}, {gigabytes(free)} free; {count(settings.workers, 'process', 'processes')} "
        f"of at most {gigabytes(limit)} each"
    )
    if limit > total:
        advice = f"Set FACEKEEP_CHILD_MEMORY_MEGABYTES to {int(0.8 * total / 2**20)} or less."
        return Check("memory", "warn", detail, advice)
    if settings.workers * USUAL_CHILD_BYTES > total:
        fit = max(1, int(total / USUAL_CHILD_BYTES))
        return Check("memory", "warn", detail, f"They do not fit: set FACEKEEP_WORKERS to {fit} or less.")
    if free < USUAL_CHILD_BYTES:
        return Check("memory", "warn", detail, "Close other programs: photos fail without memory.")
    return Check("memory", "ok", detail)


def gpu() -> Check:
    """facekeep computes on the CPU; whether something faster is there. Nothing is wrong without."""
    from facekeep.inference.providers import others

    offers = f"; onnxruntime also offers {', '.join(others())}" if others() else ""
    card = _nvidia()
    seen = f"; {card} is here and not used" if card else "; no NVIDIA card is seen"
    return Check("gpu", "ok", f"the CPU is used{offers}{seen}")


def _nvidia() -> str:
    program = shutil.which("nvidia-smi")
    if program is None:
        return ""
    asked = [program, "--query-gpu=name", "--format=csv,noheader"]
    try:
        done = subprocess.run(asked, capture_output=True, timeout=PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "an NVIDIA card whose driver does not answer"
    names = done.stdout.decode(errors="replace").split("\n")
    return ", ".join(name.strip() for name in names if name.strip()) if done.returncode == 0 else ""
