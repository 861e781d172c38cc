"""Libraries, photos, faces, embeddings, people, what must never be true of them, and the journal."""

from facekeep.store.migrate import run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    run_sql("0001.sql")
    run_sql("0001_journal.sql")
