"""The external server of the tests is what it says: TCP, a password, no way in without it."""

from pathlib import Path

import psycopg
import pytest
from external_server import external_server


def test_it_asks_for_the_password(tmp_path: Path) -> None:
    with external_server(tmp_path) as url:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE EXTENSION vector")
            shown = connection.execute("SELECT '[1,2]'::vector <-> '[1,4]'::vector").fetchone()
        assert shown == (2.0,)
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(url.replace("facekeep:", "facekeep:wrong-"))


def test_it_is_gone_afterwards(tmp_path: Path) -> None:
    with external_server(tmp_path) as url:
        pass
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(url)
