"""Whatever hangs on somebody, in whatever table: after forgetting it is gone, and what others said is not."""

from pathlib import Path

from models_support import now, with_two_packs, work
from review_support import answer, propose, suggest
from store_support import Bench, Cluster, face
from test_forgetting import Home, dumped, found_in_files

from facekeep.actions import circles, exemplars, forgetting, models, people, standing
from facekeep.actions.group import group_new_faces
from facekeep.actions.proposals import TwoAnswer, answer_proposals
from facekeep.domain.packs import BUNDLED, OPENCV
from facekeep.domain.review import Answer

WHO = {"person_id", "one", "other", "merged_into", "from_person", "to_person"}
WHICH = {"face_id", "best_face", "cover_face_id"}

EVERYWHERE = """person face embedding_1 embedding_2 assignment rejection pin apart member suggestion answered
answered_proposal exemplar exemplar_due person_tally stale_person called change"""

HISTORY = {"change"}
"""It keeps its shape: who by number, and nothing else."""


def about(bench: Bench, whom: int, faces: list[int]) -> dict[str, int]:
    """How many rows of each table name this person or one of these faces."""
    columns = bench.tuples(
        """SELECT c.table_name, c.column_name FROM information_schema.columns c
           JOIN pg_class k ON k.relname = c.table_name
           WHERE c.table_schema = 'public' AND k.relkind = 'r' AND c.data_type = 'bigint'"""
    )
    found: dict[str, int] = {}
    for table, column in columns:
        given: list[int] = []
        if column in WHO or (table, column) == ("person", "id"):
            given = [whom]
        elif column in WHICH or (table, column) == ("face", "id"):
            given = faces
        if given:
            query = f"SELECT count(*) FROM {table} WHERE {column} = ANY(%(given)s)"
            found[table] = found.get(table, 0) + int(str(bench.value(query, given=given)))
    return {table: count for table, count in found.items() if count}


def full(bench: Bench, home: Home, folder: Path) -> tuple[list[int], list[int]]:
    """Everything that can be said of Ada and her faces. Her faces that are shown, and those put away."""
    ctx, ada, bob = home.ctx, home.ada, home.bob
    lone = [bench.faces(bench.put(f"{name}.png", face(name)))[0].face for name in ("mary", "joan", "edith")]
    others = bench.put("cy.png", face("cy")), bench.put("cy2.png", face("cy"))
    group_new_faces(ctx)
    cy = home.who(others[0])
    hers = [row.face for row in bench.faces() if row.person == ada]
    away = [bench.faces(bench.put(f"away{n}.png", face("ada")))[0].face for n in range(3)]
    for number, face_id in enumerate(away):
        people.assign_face(ctx, face_id, person_id=ada)
        (standing.ignore, standing.not_a_face, standing.delete_faces)[number](ctx, [face_id])
    exemplars.pin_face(ctx, ada, hers[0])
    exemplars.refresh(ctx)
    circle = circles.create_circle(ctx, "Players", [ada, bob]).circle.circle
    circles.add_people(ctx, circle, [cy])
    assert suggest(ctx, lone[0], ada)
    assert suggest(ctx, lone[1], ada)
    assert suggest(ctx, lone[2], bob)
    assert answer(ctx, Answer(lone[1], ada, "reject")) == ["rejected"]
    assert propose(ctx, ada, cy)
    answer_proposals(ctx, [TwoAnswer(ada, cy, "apart")])
    assert propose(ctx, bob, cy)
    people.unassign_face(ctx, hers[2], reject=False)
    people.assign_face(ctx, hers[2], person_id=ada)
    exemplars.choose_everybodys(ctx)
    models.use(ctx, OPENCV, accepted=False)
    work(bench)
    exemplars.choose_everybodys(now(bench).ctx)
    exemplars.refresh(bench.ctx)
    assert suggest(bench.ctx, lone[0], ada)  # what was asked under the pack before is not asked any more
    return hers, away


def test_nothing_names_them_any_more(cluster: Cluster, bench: Bench, tmp_path: Path) -> None:
    with_two_packs(bench.ctx, tmp_path / "given")
    home = Home(bench)
    hers, away = full(bench, home, tmp_path)
    bench.sql("INSERT INTO exemplar_due (person_id, look) VALUES (%(p)s, true)", p=home.ada)
    bench.sql("INSERT INTO stale_person VALUES (%(p)s, now())", p=home.ada)
    before = about(bench, home.ada, hers + away)
    assert set(before) >= set(EVERYWHERE.split())
    models.use(bench.ctx, BUNDLED, accepted=False)  # while the pack changes
    told = forgetting.forget_person(bench.ctx, home.ada)
    assert told.faces == len(hers) + len(away)
    assert told.vectors == 2 * told.faces
    assert set(about(bench, home.ada, hers + away)) == HISTORY
    kept = bench.tuples(
        "SELECT before, after FROM change WHERE face_id = ANY(%(f)s) OR person_id = %(p)s"
        " OR other_id = %(p)s AND kind = 'apart'",
        f=hers + away,
        p=home.ada,
    )
    allowed = {"person_id", "decided_by", "merged_into", "gone"}
    assert {key for row in kept for side in row if side is not None for key in side} <= allowed
    assert bench.value("SELECT count(*) FROM called_gram WHERE called_id NOT IN (SELECT id FROM called)") == 0
    text = dumped(cluster, bench)
    assert [word for word in (b"Wilhelmina", b"wilhelmina", b"zebra", b"quixote") if word in text] == []
    assert forgetting.wipe(bench.ctx)
    assert found_in_files(cluster, bench, [b"wilhelmina", b"quixote", b"Wilhelmina"]) == []
