"""A server that makes the models at its first start does not hold their memory ever after."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from pathlib import Path
import psutil
from facekeep.inference.models import prepare
prepare(Path(sys.argv[1]))
print(psutil.Process().memory_info().rss // 2**20)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc has a way to give memory back")
def test_memory_returns_after_the_models_are_made(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 150, "megabytes; 268 without giving it back"
