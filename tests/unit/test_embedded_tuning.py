"""What the database takes of the machine's memory."""

from pathlib import Path

import pytest

from facekeep.store.embedded import tuning

GB = 2**30


@pytest.mark.parametrize(
    ("memory", "cache"), [(GB, "128MB"), (4 * GB, "256MB"), (8 * GB, "512MB"), (64 * GB, "512MB")]
)
def test_the_cache_grows_with_the_memory_within_bounds(
    memory: int, cache: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tuning, "_memory", lambda: memory)
    assert tuning.settings_for_machine(tmp_path)["shared_buffers"] == cache
