"""Faces that a user draws, moves or has measured again. They are embedded at once where that is possible."""

import logging
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from facekeep.actions import people as naming
from facekeep.actions.context import Context
from facekeep.actions.deciding import deciding
from facekeep.actions.measuring import matched, measured_in
from facekeep.domain.errors import Conflict, EnvironmentFault, PhotoFault, UsageError
from facekeep.domain.faces import Box, MeasuredFace, Vector
from facekeep.domain.geometry import Array, iou
from facekeep.domain.reconcile import STRANGER, apart
from facekeep.store import boxes as store
from facekeep.store import faces as face_store
from facekeep.store import listing
from facekeep.store import people as people_store
from facekeep.store.boxes import BoxedFace
from facekeep.store.database import Reader, Writer, tried_again
from facekeep.store.rows import FaceRow

log = logging.getLogger(__name__)

LEAST_SIDE = 4
"""Pixels of the photo below which a box shows nothing."""

LEAST_OVERLAP = 0.1
"""Below this intersection over union a box that is moved is around something else than before."""

SAME_BOX = 0.9
"""Intersection over union from which on two boxes of one photo are drawn around one face."""


def box_of(x: float, y: float, width: float, height: float) -> Box:
    """A box from four numbers. UsageError when it is none, or reaches out of the photo."""
    try:
        return Box(x, y, width, height)
    except ValueError as error:
        raise UsageError(
            f"the box {x:g} {y:g} {width:g} {height:g} does not lie in the photo",
            hint="Give the left and upper edge, width and height as fractions of the upright photo.",
        ) from error


def draw_face(
    ctx: Context, photo_id: int, box: Box, *, person_id: int | None = None, name: str | None = None
) -> FaceRow:
    """There is a face that no machine saw: a person's, a new person's of that name, or one to be recognised.

    It is looked at before it is stored; where that cannot be done now, the background work does it later.
    NotFound; Conflict when there is such a face already, or the photo was not looked at; UsageError.
    """
    if person_id is not None and name is not None:
        raise UsageError("say either which person the face is, or the name of a new one")
    told = None if name is None else naming.clean_name(name)
    _refuse(ctx, photo_id, box)
    found = _looked_at(ctx, photo_id, box)
    face = _draw(ctx, photo_id, box, found, person_id, told)
    return _settled(ctx, face, found)


@tried_again
def _draw(
    ctx: Context,
    photo_id: int,
    box: Box,
    found: MeasuredFace | None,
    person_id: int | None,
    name: str | None,
) -> int:
    told = {"person": person_id, "name": name}
    with deciding(ctx, "draw", photo=photo_id, box=asdict(box), **told) as writer:
        store.hold_photo(writer, photo_id)
        others = store.in_photo(writer, photo_id)
        _refuse_twin(others, box)
        face = store.draw(writer, photo_id, apart(box, {other.box for other in others}))
        if found is not None:
            store.measured(writer, face, found, ctx.pack_id)
        if person_id is not None or name is not None:
            naming.put_on(writer, face, person_id, name)
    return face


def move_box(ctx: Context, face_id: int, box: Box, *, was: Box | None = None) -> FaceRow:
    """A face's box is elsewhere, or of another size. `was`: where the caller saw it.

    NotFound; Conflict when it is not there any more, or another face is; UsageError for a box that cannot be.
    """
    with ctx.database.read() as reader:
        photo = store.one(reader, face_id).photo
    _refuse(ctx, photo, box)
    found = _looked_at(ctx, photo, box)
    _move(ctx, face_id, photo, box, was, found)
    return _settled(ctx, face_id, found)


@tried_again
def _move(
    ctx: Context, face_id: int, photo: int, box: Box, was: Box | None, found: MeasuredFace | None
) -> None:
    with deciding(ctx, "resize", face=face_id, box=asdict(box)) as writer:
        store.hold_photo(writer, photo)
        face_store.lock(writer, face_id)
        before = store.one(writer, face_id)
        _refuse_changed(before, was)
        if before.box == box and before.box_by == "user":
            return
        others = [other for other in store.in_photo(writer, photo) if other.face != face_id]
        _refuse_twin(others, box)
        vector = store.vector(writer, face_id, ctx.pack_id)
        elsewhere = _overlaps(box, [before])[0] < LEAST_OVERLAP
        store.move(writer, face_id, apart(box, {other.box for other in others}))
        if found is not None:
            store.measured(writer, face_id, found, ctx.pack_id)
        if elsewhere or _is_stranger(ctx, vector, found):
            _take_off(writer, before)


def measure_face(ctx: Context, face_id: int) -> FaceRow:
    """Look at a face again: its landmarks, embedding and quality. NotFound, PhotoFault, EnvironmentFault."""
    with ctx.database.read() as reader:
        before = store.one(reader, face_id)
    found = measured_in(ctx, before.photo, before.box)
    with ctx.database.write() as writer:
        face_store.lock(writer, face_id)
        _refuse_changed(store.one(writer, face_id), before.box)
        store.measured(writer, face_id, found, ctx.pack_id)
    return _settled(ctx, face_id, found)


def _looked_at(ctx: Context, photo: int, box: Box) -> MeasuredFace | None:
    """None when it cannot be done now: the face is stored all the same, to be looked at later."""
    try:
        return measured_in(ctx, photo, box)
    except (PhotoFault, EnvironmentFault) as error:
        log.info("a face in photo %d is looked at later: %s", photo, error.message)
        return None


def _settled(ctx: Context, face: int, found: MeasuredFace | None) -> FaceRow:
    """After the decision: the machine says who it is, if it knows."""
    if found is not None:
        try:
            matched(ctx, face)
        except Conflict as conflict:  # a user was quicker; grouping asks again
            log.info("face %d: %s", face, conflict.message)
    ctx.wake()
    with ctx.database.read() as reader:
        return listing.face(reader, face)


def _refuse(ctx: Context, photo: int, box: Box) -> None:
    """What can be seen to be wrong before anybody looks at the photo."""
    with ctx.database.read() as reader:
        size = _size(reader, photo)
    if size is not None and min(box.width * size[0], box.height * size[1]) < LEAST_SIDE:
        raise UsageError(
            f"a box of fewer than {LEAST_SIDE} pixels a side shows no face", hint="Draw it larger."
        )


def _size(reader: Reader, photo: int) -> tuple[int, int] | None:
    row = listing.photo(reader, photo)
    return None if row.width is None or row.height is None else (row.width, row.height)


def _refuse_twin(others: list[BoxedFace], box: Box) -> None:
    shown = [other for other in others if other.standing == "shown"]
    if not shown:
        return
    overlaps = _overlaps(box, shown)
    best = int(overlaps.argmax())
    if overlaps[best] >= SAME_BOX:
        raise Conflict(
            f"face {shown[best].face} is there already", hint="Say who that is, or move its box instead."
        )


def _refuse_changed(now: BoxedFace, was: Box | None) -> None:
    if was is not None and now.box != was:
        raise Conflict(f"the box of face {now.face} has changed since you looked", hint="Look again.")
    if now.standing != "shown":
        raise Conflict(f"face {now.face} is not shown", hint="Show it again first.")


def _is_stranger(ctx: Context, old: Vector | None, found: MeasuredFace | None) -> bool:
    """Whether the vectors say that the box is around somebody else now."""
    if old is None or found is None:
        return False
    return float(np.linalg.norm(old - found.embedding)) > STRANGER * ctx.pack.thresholds.same


def _take_off(writer: Writer, before: BoxedFace) -> None:
    """What a machine concluded from the old box was about another face."""
    if before.person is None or before.decided_by != "auto":
        return
    people_store.hold(writer, [before.person])
    people_store.unassign(writer, before.face)
    people_store.touch(writer, before.person)
    face_store.mark_ungrouped(writer, [before.face])


def _overlaps(box: Box, others: Sequence[BoxedFace]) -> Array:
    """Intersection over union with each."""
    return np.asarray(iou(_corners([box]), _corners([other.box for other in others]))[0])


def _corners(boxes: list[Box]) -> np.typing.NDArray[np.float64]:
    return np.array([(b.x, b.y, b.x + b.width, b.y + b.height) for b in boxes], dtype=np.float64)
