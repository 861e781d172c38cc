"""Proposals are looked at only where faces came to somebody."""

from facekeep.store.migrate import run_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run_sql("0003_proposals.sql")
