"""What always holds, whoever does what, in any order: the promises as questions to the database.

Each query counts what must not be; the answer is always 0. What needs a memory of what was said before is in
`model.py`: that a user's word stands, and that an undo gives back exactly what the decision had changed.
"""

from collections.abc import Callable
from typing import Any

Tuples = Callable[[str], list[tuple[Any, ...]]]

NEVER: dict[str, str] = {
    # 1. Nothing the user said is lost, and no machine speaks for the user.
    "a face is said to be and not to be somebody": """
        SELECT count(*) FROM assignment JOIN rejection USING (face_id, person_id)""",
    "a machine decided against a closed person or before a birth": """
        SELECT count(*) FROM assignment a JOIN person p ON p.id = a.person_id
        JOIN photo h ON h.id = a.photo_id WHERE a.decided_by = 'auto' AND h.taken_at < p.birth_date""",
    "a machine put two faces of a photo on one person": """
        SELECT count(*) FROM assignment a JOIN assignment b USING (photo_id, person_id)
        WHERE a.face_id <> b.face_id AND a.decided_by = 'auto'""",
    "a machine named, hid or described somebody": """
        SELECT count(*) FROM change c JOIN decision d ON d.id = c.decision_id
        WHERE c.kind = 'person' AND d.actor = 'machine'
          AND (c.after - '{merged_into,cover_face_id}'::text[])
              IS DISTINCT FROM (coalesce(c.before, c.after) - '{merged_into,cover_face_id}'::text[])""",
    "a machine changed what a user had decided": """
        SELECT count(*) FROM change c JOIN decision d ON d.id = c.decision_id
        WHERE d.actor = 'machine' AND c.before->>'decided_by' = 'user'
          AND EXISTS (SELECT FROM face f WHERE f.id = c.face_id)""",
    # 2. Every decision can be undone: it has its changes on record, and one undo of it stands at most.
    "a decision without a change": """
        SELECT count(*) FROM decision d WHERE NOT EXISTS (SELECT FROM change c WHERE c.decision_id = d.id)""",
    "two undos of one decision that stand": """
        SELECT count(*) FROM (SELECT undoes FROM decision d WHERE undoes IS NOT NULL
        AND standing_undo(d.id) IS NULL GROUP BY undoes HAVING count(*) > 1) AS twice""",
    # 3. One truth.
    "a detected face without an embedding": """
        SELECT count(*) FROM face f WHERE source = 'detected' AND NOT stale
        AND NOT EXISTS (SELECT FROM embedding e WHERE e.face_id = f.id)""",
    "an embedding, assignment or rejection without its face": """
        SELECT count(*) FROM (SELECT face_id FROM embedding UNION SELECT face_id FROM assignment
                              UNION SELECT face_id FROM rejection) AS told
        WHERE NOT EXISTS (SELECT FROM face f WHERE f.id = told.face_id)""",
    "an assignment of another photo than its face": """
        SELECT count(*) FROM assignment a JOIN face f ON f.id = a.face_id WHERE f.photo_id <> a.photo_id""",
    "a face of somebody who is gone or merged": """
        SELECT count(*) FROM assignment a JOIN person p ON p.id = a.person_id
        WHERE p.merged_into IS NOT NULL OR p.gone""",
    "somebody merged into themselves, by whatever way": """
        WITH RECURSIVE way AS (
            SELECT id AS start, merged_into AS at FROM person WHERE merged_into IS NOT NULL
            UNION SELECT w.start, p.merged_into FROM way w JOIN person p ON p.id = w.at
            WHERE p.merged_into IS NOT NULL
        ) SELECT count(*) FROM way WHERE start = at""",
    "a question that is answered already": """
        SELECT (SELECT count(*) FROM suggestion JOIN rejection USING (face_id, person_id))
             + (SELECT count(*) FROM suggestion JOIN assignment USING (face_id))
             + (SELECT count(*) FROM proposal JOIN apart USING (one, other))""",
    "a face stands for somebody whose it is not": """
        SELECT count(*) FROM exemplar x LEFT JOIN assignment a USING (face_id)
        WHERE a.person_id IS DISTINCT FROM x.person_id""",
    # 4. Every failure is seen; "no faces" and "could not look" are never the same.
    "a photo that is neither done, nor waiting, nor failed with a reason": """
        SELECT count(*) FROM photo p LEFT JOIN failure f ON f.photo_id = p.id
        WHERE (p.state = 'failed') <> (f.photo_id IS NOT NULL AND p.state = 'failed')
           OR (p.state = 'done' AND p.analysed_at IS NULL)""",
}

JOURNALLED: dict[str, str] = {
    "assignment": "SELECT a.face_id, NULL::bigint, NULL::bigint, kept_of(to_jsonb(a)) FROM assignment a",
    "rejection": """SELECT r.face_id, r.person_id, NULL::bigint,
        jsonb_build_object('rejected_at', r.rejected_at) FROM rejection r""",
    "face": """SELECT f.id, NULL::bigint, NULL::bigint, said_of_face(to_jsonb(f)) FROM face f
        WHERE f.box_by = 'user' OR f.standing <> 'shown'""",
    "person": "SELECT NULL::bigint, p.id, NULL::bigint, kept_of(to_jsonb(p)) FROM person p",
    "pin": """SELECT n.face_id, n.person_id, NULL::bigint, kept_of(to_jsonb(n) - '{person_id}'::text[])
        FROM pin n""",
    "apart": """SELECT NULL::bigint, a.one, a.other, kept_of(to_jsonb(a) - '{one,other}'::text[])
        FROM apart a""",
    "circle": "SELECT NULL::bigint, NULL::bigint, c.id, kept_of(to_jsonb(c)) FROM circle c",
    "member": """SELECT NULL::bigint, m.person_id, m.circle_id,
        kept_of(to_jsonb(m) - '{person_id,circle_id}'::text[]) FROM member m""",
}
"""The rows that the journal is about: their keys (face, person, other), and the row as it keeps it."""

Key = tuple[str, int | None, int | None, int | None]
State = dict[Key, dict[str, Any]]


def broken(tuples: Tuples) -> dict[str, int]:
    """What must not be and is, with how often."""
    counted = {what: int(tuples(query)[0][0]) for what, query in NEVER.items()}
    return {what: count for what, count in counted.items() if count}


def stored(tuples: Tuples) -> State:
    """All rows that the journal is about, as they are."""
    rows = [
        ((kind, face, person, other), _said(kind, kept))
        for kind, query in JOURNALLED.items()
        for face, person, other, kept in tuples(query)
    ]
    return {key: kept for key, kept in rows if kept is not None}


def replayed(tuples: Tuples) -> State:
    """What follows from the journal alone; each change must begin where the one before it ended."""
    state: dict[Key, Any] = {}
    rows = tuples(
        "SELECT number, kind, face_id, person_id, other_id, before, after FROM change ORDER BY number"
    )
    for number, kind, face, person, other, before, after in rows:
        key = (str(kind), face, person, other)
        assert state.get(key) == _said(str(kind), before), f"change {number} of {key}"
        state[key] = _said(str(kind), after)
    return {key: kept for key, kept in state.items() if kept is not None}


def _said(kind: str, kept: dict[str, Any] | None) -> dict[str, Any] | None:
    """Of a face the machine's box is no word of anybody: it is kept to go back to, and found anew at will."""
    if kind != "face" or kept is None or kept["box_by"] == "user":
        return kept
    return None if kept["standing"] == "shown" else {"standing": kept["standing"], "source": kept["source"]}
