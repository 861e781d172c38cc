"""The database goes and comes, a library too, and a right is taken and given back: nothing is condemned."""

import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from store_support import Bench
from tests.chaos import figures, invariants
from tests.chaos.face_photos import write_faces
from tests.chaos.outside import Outside, outside_server, program
from tests.chaos.plan import Plan
from tests.chaos.rig import eventually, open_context

from facekeep.store.migrate import migrate


@pytest.mark.timeout(3600)
def test_outages_condemn_nothing(models: Path, tmp_path: Path, plan: Plan) -> None:
    """One server process lives through all of it: nobody starts it again, nobody asks for anything."""
    away, closed = tmp_path / "away", tmp_path / "two" / "closed"
    one, two, home = tmp_path / "one", tmp_path / "two", tmp_path / "home"
    half = plan.outage_photos // 2
    write_faces(one, half, side=480)
    write_faces(two, half // 3, side=480, first=half)
    shutil.copytree(models, home / "models")
    with outside_server(tmp_path) as database:
        migrate(database.url)
        _record(database.url, tmp_path, [one, two])
        # Recorded later, so looked at later: what can be reached is not held up by what cannot.
        write_faces(closed, half - half // 3, side=480, first=half + half // 3)
        _record(database.url, tmp_path, [two])
        one.rename(away)
        closed.chmod(0)
        with program(home, database.url, "serve", "--port", "0") as server:
            try:
                eventually(lambda: _done(database.url) == half // 3, "what can be reached is looked at")
                eventually(lambda: _online(database.url) == 1, "the library that went is seen to be away")
                eventually(lambda: _codes(database.url) == {"storage"}, "what may not be read is the disk's")
                _assert_nobody_is_blamed(database.url)
            finally:
                closed.chmod(0o755)
            away.rename(one)
            down = _outages(database, plan)
            eventually(lambda: _done(database.url) == plan.outage_photos, "it all goes on by itself")
            assert server.poll() is None
        _assert_nobody_is_blamed(database.url)
        assert invariants.broken(database.url) == {}
        assert invariants.count(database.url, "SELECT count(*) FROM face") == plan.outage_photos
        assert invariants.count(database.url, "SELECT count(*) FROM failure") == 0
    figures.tell(
        "Outages",
        f"a library away, a folder closed, the database stopped {plan.outages} times ({down:.0f} s in all) "
        f"during {plan.outage_photos} photos: all done, none charged, one process",
    )


def _record(url: str, folder: Path, libraries: list[Path]) -> None:
    """As after a scan of all, before anything was looked at."""
    with open_context(url, folder / "recording") as ctx:
        for library in libraries:
            Bench(ctx, library).scan()


def _outages(database: Outside, plan: Plan) -> float:
    """Stop and start the database whenever some photos were looked at; seconds that it was away."""
    chance, down = random.Random(10), 0.0
    before = _done(database.url)
    for number in range(plan.outages):
        wanted = before + (plan.outage_photos - before) * (number + 1) // (plan.outages + 2)
        eventually(_reaches(database.url, wanted), "it goes on")
        database.stop(signal.SIGINT if number % 2 else signal.SIGQUIT)
        lasts = chance.uniform(0.3, 3.0 if plan.full else 0.6)
        time.sleep(lasts)
        down += lasts
        database.start()
    return down


def _reaches(url: str, wanted: int) -> Callable[[], bool]:
    return lambda: _done(url) >= wanted


def _assert_nobody_is_blamed(url: str) -> None:
    assert invariants.charged(url) == {}
    assert invariants.count(url, "SELECT count(*) FROM photo_file WHERE state = 'missing'") == 0
    assert invariants.count(url, "SELECT count(*) FROM failure WHERE permanent OR attempts > 0") == 0


def _done(url: str) -> int:
    try:
        return invariants.count(url, "SELECT count(*) FROM photo WHERE state = 'done'")
    except psycopg.OperationalError:
        return -1


def _online(url: str) -> int:
    return invariants.count(url, "SELECT count(*) FROM library WHERE online")


def _codes(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {str(row[0]) for row in connection.execute("SELECT DISTINCT code::text FROM failure")}
