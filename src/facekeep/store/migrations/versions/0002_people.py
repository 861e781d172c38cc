"""Suggestions, what users say of faces, circles, accounts, packs in use, what was forgotten."""

from facekeep.store.migrate import run_sql

revision = "0002"
down_revision = "0001"

PARTS = (
    "journal",
    "suggestions",
    "exemplars",
    "proposals",
    "review",
    "faces",
    "circles",
    "search",
    "accounts",
    "models",
    "forget",
    "truth",
    "guards",
)


def upgrade() -> None:
    for part in PARTS:
        run_sql(f"0002_{part}.sql")
