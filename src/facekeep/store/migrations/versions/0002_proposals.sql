-- One person twice? Asked by machines, and made again from faces and assignments.

-- "Are these two one person?" Open ones only, one below other.
CREATE TABLE proposal (
    one bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    other bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    pack_id smallint NOT NULL REFERENCES pack,
    -- Euclidean, between the means of their faces; and the doubt: 0 is the same mean, 1 the limit for asking.
    distance double precision NOT NULL CHECK (distance >= 0 AND distance < 'infinity'),
    doubt double precision NOT NULL CHECK (doubt >= 0 AND doubt <= 1),
    -- Pairs of faces as near as one person's, of so many compared; the nearest and the mean of them.
    near integer NOT NULL CHECK (near >= 0),
    compared integer NOT NULL CHECK (compared >= near),
    nearest double precision NOT NULL CHECK (nearest >= 0),
    mean double precision NOT NULL CHECK (mean >= nearest),
    proposed_at timestamptz NOT NULL DEFAULT now(),
    skipped_at timestamptz,
    PRIMARY KEY (one, other),
    CONSTRAINT two_people CHECK (one < other)
);
CREATE INDEX proposal_other ON proposal (other);
