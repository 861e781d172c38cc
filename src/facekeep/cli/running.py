"""Which server serves a data folder: written down by it, believed only when it answers."""

import json
import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

RECORD = "serving.json"
PATIENCE_S = 2.0


def url_of_running(home: Path) -> str | None:
    """The address of this data folder's server, if one answers there and is the one that wrote it down."""
    try:
        record = json.loads((home / RECORD).read_bytes())
        url, instance = str(record["url"]), str(record["instance"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return url if _answers(url, instance) else None


@contextmanager
def written_down(home: Path, url: str, instance: str) -> Iterator[None]:
    """Say where this server is, for as long as the block runs."""
    path = home / RECORD
    new = path.with_name(f"{RECORD}.{os.getpid()}.new")
    new.write_text(json.dumps({"url": url, "instance": instance}))
    new.replace(path)
    try:
        yield
    finally:
        # Another server may have taken over: its record stays.
        with suppress(OSError, ValueError):
            if json.loads(path.read_bytes()).get("instance") == instance:
                path.unlink()


def _answers(url: str, instance: str) -> bool:
    # Straight to the address: a proxy of the environment has no business here.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}healthz", timeout=PATIENCE_S) as answer:
            return bool(json.loads(answer.read(10_000)).get("instance") == instance)
    except (OSError, ValueError, AttributeError):
        return False
