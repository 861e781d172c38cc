"""What always holds, whoever does what, in any order: the promises as questions to the database.

Each query counts what must not be; the answer is always 0. What needs a memory of what was said before is in
`model.py`: that a user's word stands, and that an undo gives back exactly what the decision had changed.
"""

from collections.abc import Callable
from typing import Any

from facekeep.store.directory import SQL as DIRECTORY

Tuples = Callable[[str], list[tuple[Any, ...]]]

NEVER: dict[str, str] = {
    # 1. Nothing the user said is lost, and no machine speaks for the user.
    "a face is said to be and not to be somebody": """
        SELECT count(*) FROM assignment JOIN rejection USING (face_id, person_id)""",
    "a machine's conclusion from a photo taken before a birth": """
        SELECT count(*) FROM assignment a JOIN person p ON p.id = a.person_id
        JOIN photo h ON h.id = a.photo_id WHERE a.decided_by = 'auto' AND h.taken_at < p.birth_date""",
    "a machine put two faces of a photo on one person": """
        SELECT count(*) FROM assignment a JOIN assignment b USING (photo_id, person_id)
        WHERE a.face_id <> b.face_id AND a.decided_by = 'auto'""",
    "a machine named, hid or described somebody": """
        SELECT count(*) FROM change c JOIN decision d ON d.id = c.decision_id
        WHERE c.kind = 'person' AND d.actor = 'machine' AND NOT c.forgotten
          AND (c.after - '{merged_into,cover_face_id}'::text[])
              IS DISTINCT FROM (coalesce(c.before, c.after) - '{merged_into,cover_face_id}'::text[])""",
    "a machine changed what a user had decided": """
        SELECT count(*) FROM change c JOIN decision d ON d.id = c.decision_id
        WHERE d.actor = 'machine' AND c.before->>'decided_by' = 'user'
          AND EXISTS (SELECT FROM face f WHERE f.id = c.face_id)""",
    "a machine said what only a user says": """
        SELECT count(*) FROM change c JOIN decision d ON d.id = c.decision_id
        WHERE d.actor = 'machine' AND c.kind IN ('face', 'pin', 'apart', 'circle', 'member')
          AND (c.face_id IS NULL OR EXISTS (SELECT FROM face f WHERE f.id = c.face_id))""",
    "a face that was put away is somebody's, or asked about": """
        SELECT count(*) FROM face f WHERE f.standing <> 'shown' AND (
            EXISTS (SELECT FROM assignment a WHERE a.face_id = f.id)
            OR EXISTS (SELECT FROM pin n WHERE n.face_id = f.id)
            OR EXISTS (SELECT FROM suggestion s WHERE s.face_id = f.id)
            OR EXISTS (SELECT FROM exemplar x WHERE x.face_id = f.id))""",
    "a face pinned for somebody whose it is not": """
        SELECT count(*) FROM pin n LEFT JOIN assignment a USING (face_id)
        WHERE a.person_id IS DISTINCT FROM n.person_id OR a.decided_by = 'auto'""",
    "a face drawn by a user that a machine called its own": """
        SELECT count(*) FROM face WHERE source = 'drawn' AND box_by <> 'user'""",
    # 2. Every decision can be undone: it has its changes on record, and one undo of it stands at most.
    "a decision without a change": """
        SELECT count(*) FROM decision d WHERE NOT EXISTS (SELECT FROM change c WHERE c.decision_id = d.id)""",
    "two undos of one decision that stand": """
        SELECT count(*) FROM (SELECT undoes FROM decision d WHERE undoes IS NOT NULL
        AND standing_undo(d.id) IS NULL GROUP BY undoes HAVING count(*) > 1) AS twice""",
    "a decision whose summary is not what it changed": """
        SELECT count(*) FROM decision d WHERE (d.facts->>'changes')::bigint IS DISTINCT FROM
        (SELECT count(*) FROM change c WHERE c.decision_id = d.id)""",
    # 3. One truth.
    "a detected face without an embedding": """
        SELECT count(*) FROM face f WHERE source = 'detected' AND NOT stale
        AND NOT EXISTS (SELECT FROM embedding e WHERE e.face_id = f.id)""",
    "a face that lacks what matching goes by, and nobody will embed it": """
        SELECT count(*) FROM face f CROSS JOIN pack_use u
        WHERE NOT EXISTS (SELECT FROM embedding e
                          WHERE e.face_id = f.id AND e.pack_id = coalesce(u.wanted, u.active))
          AND NOT EXISTS (SELECT FROM unembedded w WHERE w.photo_id = f.photo_id)""",
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
    "a question about somebody who cannot be meant": """
        SELECT (SELECT count(*) FROM suggestion s JOIN person p ON p.id = s.person_id
                JOIN face f ON f.id = s.face_id JOIN photo h ON h.id = f.photo_id
                WHERE p.gone OR p.merged_into IS NOT NULL OR h.taken_at < p.birth_date)
             + (SELECT count(*) FROM suggestion s JOIN face f ON f.id = s.face_id
                JOIN assignment a ON a.photo_id = f.photo_id AND a.person_id = s.person_id
                WHERE a.decided_by <> 'auto')
             + (SELECT count(*) FROM proposal q JOIN person p ON p.id IN (q.one, q.other)
                WHERE p.gone OR p.merged_into IS NOT NULL)
             + (SELECT count(*) FROM proposal q JOIN assignment a ON a.person_id = q.one
                JOIN assignment b ON b.person_id = q.other AND b.photo_id = a.photo_id)""",
    "a face stands for somebody whose it is not": """
        SELECT count(*) FROM exemplar x LEFT JOIN assignment a USING (face_id)
        WHERE a.person_id IS DISTINCT FROM x.person_id""",
    "a face stands for somebody with a vector that is not its own": """
        SELECT count(*) FROM exemplar x LEFT JOIN embedding e USING (face_id, pack_id)
        WHERE e.vector IS DISTINCT FROM x.vector""",
    "a face shows somebody whose it is not": """
        SELECT count(*) FROM person p LEFT JOIN assignment a ON a.face_id = p.cover_face_id
        WHERE p.cover_face_id IS NOT NULL AND p.merged_into IS NULL AND NOT p.gone
          AND a.person_id IS DISTINCT FROM p.id""",
    "two circles of one name": """
        SELECT count(*) FROM circle a JOIN circle b ON lower(a.name) = lower(b.name) AND a.id < b.id
        WHERE NOT a.gone AND NOT b.gone""",
    "a kept count that is not what counting gives": f"""
        SELECT count(*) FROM ({DIRECTORY["wrongly_counted"].rstrip().rstrip(";")}) AS wrong""",
    # 4. Every failure is seen; "no faces" and "could not look" are never the same.
    "a photo that is neither done, nor waiting, nor failed with a reason": """
        SELECT count(*) FROM photo p LEFT JOIN failure f ON f.photo_id = p.id
        WHERE (p.state = 'failed' AND (f.photo_id IS NULL OR f.message = ''))
           OR (p.state = 'done' AND (p.analysed_at IS NULL OR f.photo_id IS NOT NULL))""",
    "a failure without a next step": """
        SELECT count(*) FROM failure f JOIN photo p ON p.id = f.photo_id
        WHERE p.state = 'failed' AND NOT f.permanent AND p.due_at IS NULL""",
    "a failure that was charged more often than it was tried": """
        SELECT count(*) FROM failure WHERE attempts > tries""",
    # 5. One bad photo harms only itself: after each step nothing is in a worker's hands. (See `photo_fails`.)
    "a photo left in somebody's hands": """
        SELECT count(*) FROM photo WHERE leased_by IS NOT NULL""",
    # 6. It can check itself: what is derived is due to be made anew, or as it is.
    "somebody named without an exemplar, and none is due": """
        SELECT count(*) FROM person p CROSS JOIN pack_use u
        WHERE p.name IS NOT NULL AND p.merged_into IS NULL AND NOT p.gone AND u.settled
          AND EXISTS (SELECT FROM assignment a JOIN embedding e ON e.face_id = a.face_id
                      WHERE a.person_id = p.id AND a.decided_by <> 'auto' AND e.pack_id = u.active)
          AND NOT EXISTS (SELECT FROM exemplar x WHERE x.person_id = p.id AND x.pack_id = u.active)
          AND NOT EXISTS (SELECT FROM exemplar_due d WHERE d.person_id = p.id)""",
    # 7. `forget` really erases, and what was erased does not come back by itself.
    "a face found where one was forgotten": """
        SELECT count(*) FROM face f JOIN forgotten_face g ON g.photo_id = f.photo_id
         AND (f.x, f.y, f.height) = (g.x, g.y, g.height) AND abs(f.width - g.width) < 1e-9
        WHERE f.source = 'detected' AND f.added_at > g.forgotten_at""",
    "the journal tells of somebody who was forgotten": """
        SELECT count(*) FROM change c WHERE NOT c.forgotten AND c.person_id IS NOT NULL
         AND NOT EXISTS (SELECT FROM person p WHERE p.id = c.person_id)""",
}

_BROKEN = "\nUNION ALL\n".join(
    f"SELECT {number}, ({query}) AS count" for number, query in enumerate(NEVER.values())
)

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

_STORED = "\nUNION ALL\n".join(
    f"SELECT '{kind}' AS kind, k.* FROM ({query}) AS k (face, person, other, kept)"
    for kind, query in JOURNALLED.items()
)

Key = tuple[str, int | None, int | None, int | None]
State = dict[Key, dict[str, Any]]

ERASED: dict[str, Any] = {"erased": True}
"""What a row was before is not told any more: somebody was forgotten."""


def broken(tuples: Tuples) -> dict[str, int]:
    """What must not be and is, with how often."""
    names = list(NEVER)
    return {names[number]: int(count) for number, count in tuples(_BROKEN) if count}


def stored(tuples: Tuples) -> State:
    """All rows that the journal is about, as they are."""
    rows = [
        ((kind, face, person, other), _said(kind, kept))
        for kind, face, person, other, kept in tuples(_STORED)
    ]
    return {key: kept for key, kept in rows if kept is not None}


def replayed(tuples: Tuples) -> State:
    """What follows from the journal alone; each change must begin where the one before it ended.

    A row of which the last was erased is ERASED: the journal cannot tell how it is.
    """
    state: dict[Key, Any] = {}
    rows = tuples(
        "SELECT number, kind, face_id, person_id, other_id, before, after, forgotten"
        " FROM change ORDER BY number"
    )
    for number, kind, face, person, other, before, after, forgotten in rows:
        key = (str(kind), face, person, other)
        if forgotten:
            state[key] = ERASED
            continue
        known = state.get(key)
        assert known in (_said(str(kind), before), ERASED), f"change {number} of {key}"
        state[key] = _said(str(kind), after)
    return {key: kept for key, kept in state.items() if kept is not None}


def follows(replay: State, state: State) -> bool:
    """Whether a state is what the journal tells, where it tells anything."""
    told = {key: kept for key, kept in replay.items() if kept is not ERASED}
    return told == {key: kept for key, kept in state.items() if replay.get(key) is not ERASED}


def _said(kind: str, kept: dict[str, Any] | None) -> dict[str, Any] | None:
    """Of a face the machine's box is no word of anybody: it is kept to go back to, and found anew at will."""
    if kind != "face" or kept is None or kept["box_by"] == "user":
        return kept
    return None if kept["standing"] == "shown" else {"standing": kept["standing"], "source": kept["source"]}
