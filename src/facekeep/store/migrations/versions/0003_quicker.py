"""What large decisions need not look at; a birth date is journalled before what follows from it."""

from facekeep.store.migrate import run_sql

revision = "0003"
down_revision = "0002"

PARTS = ("journal", "exemplars", "proposals", "suggestions")


def upgrade() -> None:
    for part in PARTS:
        run_sql(f"0003_{part}.sql")
