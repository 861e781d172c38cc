"""A photo's way through a worker: claimed, looked at elsewhere, stored whole in one transaction, matched."""

import os
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid4

from facekeep.actions.context import Context
from facekeep.domain import matching
from facekeep.domain.errors import FailureCode, PhotoFault
from facekeep.domain.faces import AnalysedFace, PhotoAnalysis, Vector
from facekeep.domain.failures import policy
from facekeep.domain.reconcile import apart, pair_faces
from facekeep.library import walk
from facekeep.store import faces as face_store
from facekeep.store import libraries, people, photos
from facekeep.store.database import Writer
from facekeep.store.photos import Failing, Place

LEASE_S = 60.0
"""How long a claimed photo stays with a worker that cannot be heard any more; it renews every third of it."""

NEIGHBOURS = 48
"""How many near faces vote on a match: enough that strangers do not crowd out a person's few faces."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A photo in a worker's hands. `token` proves the lease when the answer is stored."""

    photo: int
    token: UUID
    place: Place

    @property
    def path(self) -> Path:
        """Where to read it."""
        return Path(os.fsdecode(self.place.root)) / os.fsdecode(self.place.path)


def claim(ctx: Context, worker: int, limit: int) -> list[Claimed]:
    """Lease up to `limit` due photos of online libraries."""
    token = uuid4()
    with ctx.database.write() as writer:
        claimed = photos.claim(writer, worker, token, limit=limit, lease_s=LEASE_S)
        places = photos.places(writer, claimed)
        homeless = [photo for photo in claimed if photo not in places]
        photos.give_back(writer, token, homeless)  # its library went offline this very moment
    return [Claimed(photo, token, found[0]) for photo, found in places.items()]


def give_back(ctx: Context, claimed: Sequence[Claimed]) -> None:
    """Return photos untouched and uncharged."""
    with ctx.database.write() as writer:
        for item in claimed:
            photos.give_back(writer, item.token, [item.photo])


def renew(ctx: Context, claimed: Sequence[Claimed]) -> None:
    """Keep the leases of what is still being looked at."""
    with ctx.database.write() as writer:
        for item in claimed:
            photos.renew(writer, item.token, [item.photo], lease_s=LEASE_S)


def record(ctx: Context, claimed: Claimed, analysis: PhotoAnalysis) -> bool:
    """Store photo, faces, embeddings and matches, all or nothing. False when the lease was lost meanwhile."""
    with ctx.database.write() as writer:
        if not photos.finish(writer, claimed.photo, claimed.token, analysis.facts, ctx.pack_id):
            return False
        stored = _reconcile(ctx, writer, claimed.photo, analysis.faces)
        taken = face_store.people_in_photo(writer, claimed.photo)
        # The nearest faces first would be fairer among two look-alikes; the best ones first is near enough.
        for face, analysed in sorted(stored, key=lambda pair: -pair[1].quality.overall):
            person = match_face(ctx, writer, face, analysed.embedding, excluded=taken)
            taken |= {person} if person is not None else set()
    return True


def record_failure(ctx: Context, claimed: Claimed, fault: PhotoFault) -> None:
    """Enter why a photo could not be looked at, by the policy of its code."""
    if fault.failure is FailureCode.LIBRARY_OFFLINE or _away(claimed, fault):
        _library_away(ctx, claimed)
        return
    with ctx.database.write() as writer:
        if fault.failure is FailureCode.MISSING_FILE:
            photos.file_missing(writer, claimed.place.file_id)
            if claimed.photo in photos.places(writer, [claimed.photo]):
                photos.give_back(writer, claimed.token, [claimed.photo])  # another copy is still there
                return
        attempts, tries = photos.attempts(writer, claimed.photo)
        decided = policy(fault.failure, attempts, tries, jitter=random.random())
        message = fault.message if not fault.hint else f"{fault.message} ({fault.hint})"
        failing = Failing(fault.failure, message, decided.permanent, decided.charged, decided.delay_s)
        photos.fail(writer, claimed.photo, claimed.token, failing)


def match_face(
    ctx: Context,
    writer: Writer,
    face: int,
    vector: Vector,
    *,
    excluded: Collection[int] = (),
    unnamed: bool = False,
) -> int | None:
    """Assign an unassigned face to a named person, or also an unnamed one, when that is clear; to whom."""
    near = face_store.near(writer, face, vector, ctx.pack_id, limit=NEIGHBOURS)
    known = [
        matching.Neighbour(n.person, n.distance)
        for n in near
        if n.person is not None and (n.named or unnamed)
    ]
    if not known:
        return None
    out = face_store.rejected(writer, face) | set(excluded)
    verdict = matching.decide(known, ctx.pack.thresholds, excluded=out)
    if verdict.outcome != "match" or verdict.person is None or verdict.confidence is None:
        return None
    people.assign(writer, face, verdict.person, by="auto", confidence=verdict.confidence, pack=ctx.pack_id)
    return verdict.person


def _reconcile(
    ctx: Context, writer: Writer, photo: int, found: Sequence[AnalysedFace]
) -> list[tuple[int, AnalysedFace]]:
    """Store the faces of a photo; those without a person are returned for matching.

    A face found before keeps its id and person. One that is not found again stays if a user touched it.
    """
    pack = ctx.pack_id
    old = face_store.of_photo(writer, photo, pack)
    pairs = pair_faces(
        [(face.box, face.vector) for face in old],
        [(face.box, face.embedding) for face in found],
        ctx.pack.thresholds,
    )
    kept = set(pairs.values())
    lost = [face for i, face in enumerate(old) if i not in kept]
    face_store.delete(writer, [face.face for face in lost if not face.touched])
    stay = {face.box for face in lost if face.touched}
    unmatched = []
    for j, seen in enumerate(found):
        analysed = replace(seen, box=apart(seen.box, stay))
        if j in pairs:
            known = old[pairs[j]]
            face_store.update(writer, known.face, analysed, pack)
            unmatched += [(known.face, analysed)] if known.person is None else []
        else:
            unmatched.append((face_store.add(writer, photo, analysed, pack), analysed))
    return unmatched


def _away(claimed: Claimed, fault: PhotoFault) -> bool:
    """A file is missing only when its library is demonstrably online."""
    root = Path(os.fsdecode(claimed.place.root))
    return fault.failure is FailureCode.MISSING_FILE and walk.is_offline(root)


def _library_away(ctx: Context, claimed: Claimed) -> None:
    with ctx.database.write() as writer:
        libraries.set_online(writer, claimed.place.library_id, False)
        photos.give_back(writer, claimed.token, [claimed.photo])
