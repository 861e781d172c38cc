-- Who asked for everything to be grouped anew, which a worker does: its decision is entered as theirs.
ALTER TABLE regrouping ADD COLUMN account bigint REFERENCES account;
