"""Running `facekeep` as a user does: as a process of its own, in an environment without settings."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded_support import SOURCE

PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def items(self) -> list[dict[str, Any]]:
        """The JSON object of each line."""
        return [json.loads(line) for line in self.out.splitlines()]


def command(*arguments: object) -> list[str]:
    """The command line of a facekeep command."""
    return [sys.executable, "-m", "facekeep", *(os.fsdecode(str(item)) for item in arguments)]


def environment(home: Path, **more: str) -> dict[str, str]:
    """Ours, without what others set, and with this data folder."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FACEKEEP_")}
    return {**clean, "PYTHONPATH": str(SOURCE), "FACEKEEP_HOME": str(home), **more}


def run(home: Path, *arguments: object, before: Sequence[str] = (), **more: str) -> Ran:
    """Run a command to its end."""
    done = subprocess.run(
        [*before, *command(*arguments)],
        env=environment(home, **more),
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


@contextmanager
def started(home: Path, *arguments: object, **more: str) -> "Iterator[subprocess.Popen[str]]":
    """A command that goes on while the block runs; killed at its end if it still lives."""
    process = subprocess.Popen(
        command(*arguments),
        env=environment(home, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def ended(process: "subprocess.Popen[str]") -> Ran:
    """Wait for it to end by itself."""
    out, err = process.communicate(timeout=PATIENCE_S)
    return Ran(process.returncode, out, err)
