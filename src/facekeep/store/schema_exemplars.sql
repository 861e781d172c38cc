-- Which faces stand for their person when others are matched with them.

-- Faces that stand for their person in matching, chosen by a machine.
CREATE TABLE exemplar (
    face_id bigint NOT NULL REFERENCES face ON DELETE CASCADE,
    pack_id smallint NOT NULL REFERENCES pack,
    person_id bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    PRIMARY KEY (face_id, pack_id)
);
CREATE INDEX exemplar_person ON exemplar (person_id, pack_id);

-- "This face always stands for its person", said by a user.
CREATE TABLE pin (
    face_id bigint PRIMARY KEY REFERENCES face ON DELETE CASCADE,
    person_id bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    pinned_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX pin_person ON pin (person_id);
CREATE TRIGGER journal_insert AFTER INSERT ON pin REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION journal_row('pin', 'face_id', 'person_id', '');
CREATE TRIGGER journal_delete AFTER DELETE ON pin REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION journal_row('pin', 'face_id', 'person_id', '');
