-- name: page
-- What is in braces narrows the rows; it is one of our own fragments, of several lines.
SELECT d.id AS decision, d.verb, d.actor, d.decided_at, d.about, d.undoes, standing_undo(d.id) AS undone_by, d.facts,
       d.account, (SELECT a.name FROM account a WHERE a.id = d.account) AS account_name
FROM decision d
{filter}
ORDER BY d.id DESC LIMIT %(limit)s

-- name: count
SELECT count(*) FROM decision d
{filter}

-- name: of_person
d.id IN (SELECT decision_id FROM change WHERE person_id = %(person)s
         UNION SELECT decision_id FROM change WHERE to_person = %(person)s
         UNION SELECT decision_id FROM change
               WHERE from_person = %(person)s AND from_person IS DISTINCT FROM to_person)

-- name: of_face
d.id IN (SELECT decision_id FROM change WHERE face_id = %(face)s)

-- name: roots
-- What an undo, an undo of an undo and so on took back in the end, and in how many steps.
WITH RECURSIVE back AS (
    SELECT d.id AS decision, d.id AS root, d.undoes, 0 AS steps FROM decision d WHERE d.id = ANY(%(decisions)s)
    UNION ALL
    SELECT b.decision, d.id, d.undoes, b.steps + 1 FROM back b JOIN decision d ON d.id = b.undoes
)
SELECT b.decision, b.root, b.steps, r.verb, r.actor, r.about, r.facts,
       r.account, (SELECT a.name FROM account a WHERE a.id = r.account) AS account_name
FROM back b JOIN decision r ON r.id = b.root WHERE b.undoes IS NULL;

-- name: names
-- What people were called before a decision, and after it.
SELECT k.decision, k.person,
       (SELECT after->>'name' FROM change c WHERE c.person_id = k.person AND c.kind = 'person'
          AND c.decision_id < k.decision ORDER BY c.number DESC LIMIT 1) AS before,
       (SELECT after->>'name' FROM change c WHERE c.person_id = k.person AND c.kind = 'person'
          AND c.decision_id <= k.decision ORDER BY c.number DESC LIMIT 1) AS after
FROM unnest(%(decisions)s::bigint[], %(people)s::bigint[]) AS k (decision, person);

-- name: changes
SELECT number, kind, face_id AS face, person_id AS person, other_id AS other, before, after FROM change
WHERE decision_id = %(decision)s AND (%(after)s::bigint IS NULL OR number > %(after)s)
ORDER BY number LIMIT %(limit)s;

-- name: count_changes
SELECT count(*) FROM change WHERE decision_id = %(decision)s;
