"""A record, kept by the database itself, of how often each photo was claimed and how often finished."""

from dataclasses import dataclass

import psycopg

INSTALL = """
CREATE TABLE audit (photo_id bigint PRIMARY KEY, claims integer NOT NULL, finishes integer NOT NULL,
                    failures integer NOT NULL);
CREATE FUNCTION note_in_audit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    claim integer := (OLD.leased_by IS NULL AND NEW.leased_by IS NOT NULL)::integer;
    finish integer := (OLD.leased_by IS NOT NULL AND NEW.leased_by IS NULL AND NEW.state = 'done')::integer;
    fail integer := (OLD.leased_by IS NOT NULL AND NEW.leased_by IS NULL AND NEW.state = 'failed')::integer;
BEGIN
    IF claim + finish + fail > 0 THEN
        INSERT INTO audit VALUES (NEW.id, claim, finish, fail)
        ON CONFLICT (photo_id) DO UPDATE SET claims = audit.claims + excluded.claims,
            finishes = audit.finishes + excluded.finishes, failures = audit.failures + excluded.failures;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER audit AFTER UPDATE ON photo FOR EACH ROW EXECUTE FUNCTION note_in_audit();
"""


@dataclass(frozen=True, slots=True)
class Audit:
    """Numbers of photos: claimed and finished once, claimed more than once, finished more than once."""

    once: int
    claimed_again: int
    finished_again: int
    failed: int
    """Photos that ever failed, whatever became of them."""


def install(conninfo: str) -> None:
    """Begin the record."""
    with psycopg.connect(conninfo) as connection:
        connection.execute(INSTALL.encode())


def read(conninfo: str) -> Audit:
    """What it says by now."""
    query = b"""
        SELECT count(*) FILTER (WHERE claims = 1 AND finishes + failures = 1),
               count(*) FILTER (WHERE claims > 1), count(*) FILTER (WHERE finishes > 1),
               count(*) FILTER (WHERE failures > 0) FROM audit"""
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return Audit(*(int(value) for value in row))
