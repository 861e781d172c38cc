"""What large decisions need not look at; the order of the journal; who asked for regrouping; faces unmade."""

from facekeep.store.migrate import run_sql

revision = "0003"
down_revision = "0002"

PARTS = ("faces", "journal", "exemplars", "proposals", "suggestions", "accounts")


def upgrade() -> None:
    for part in PARTS:
        run_sql(f"0003_{part}.sql")
