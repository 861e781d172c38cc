"""A photo's way through a worker: claimed, looked at elsewhere, stored whole in one transaction, matched."""

import os
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid4

from facekeep.actions.context import Context
from facekeep.actions.matching import match_face
from facekeep.actions.using import in_use
from facekeep.domain.errors import FailureCode, PhotoFault
from facekeep.domain.faces import AnalysedFace, PhotoAnalysis
from facekeep.domain.failures import History, policy, tried_alone
from facekeep.domain.reconcile import apart, overlapping, pair_faces
from facekeep.store import faces as face_store
from facekeep.store import forgetting, photos
from facekeep.store.database import Writer, tried_again
from facekeep.store.photos import Failing, InHand, Wanted


@dataclass(frozen=True, slots=True)
class Claimed:
    """A photo in a worker's hands. `token` proves the lease when the answer is stored."""

    token: UUID
    known: InHand

    @property
    def photo(self) -> int:
        """Its id."""
        return self.known.photo

    @property
    def library(self) -> int:
        """The library that it is read from."""
        return self.known.library

    @property
    def root(self) -> Path:
        """That library's folder."""
        return Path(os.fsdecode(self.known.root))

    @property
    def path(self) -> Path:
        """Where to read it."""
        return self.root / os.fsdecode(self.known.path)

    @property
    def long_side(self) -> int | None:
        """The working size to use after a failure that asked for a smaller one; None for full size."""
        return self.known.retry_long_side

    @property
    def alone(self) -> bool:
        """Whether no other photo should be in hand meanwhile."""
        return self.known.code is not None and tried_alone(FailureCode(self.known.code))


def claim(
    ctx: Context,
    worker: int,
    limit: int,
    *,
    without: Collection[int] = (),
    only: int | None = None,
    fresh: bool = False,
) -> list[Claimed]:
    """Lease up to `limit` due photos of online libraries, not of those `without`, or of one `only`.

    `fresh`: only photos that have not failed.
    """
    token = uuid4()
    with ctx.database.write() as writer:
        found = photos.claim(
            writer,
            worker,
            token,
            Wanted(limit, without, only, fresh),
            lease_s=ctx.rules.lease_s,
        )
    return [Claimed(token, item) for item in found]


def give_back(ctx: Context, claimed: Sequence[Claimed]) -> None:
    """Return photos untouched and uncharged."""
    with ctx.database.write() as writer:
        for item in claimed:
            photos.give_back(writer, item.token, [item.photo])


def hasten(ctx: Context, code: FailureCode, library: int | None) -> int:
    """An outage is over: try now what failed through it, in a library or (None) anywhere. How many."""
    with ctx.database.write() as writer:
        return photos.hasten(writer, code, library)


def record(ctx: Context, claimed: Claimed, analysis: PhotoAnalysis) -> bool:
    """Store photo, faces, embeddings and matches, all or nothing. False when the lease was lost meanwhile, or
    another model pack came into use: then it is looked at again with that."""
    with ctx.database.write(verb="match", about={"photo": claimed.photo}) as writer:
        ctx = in_use(ctx, writer)
        if analysis.pack != ctx.pack.label:
            photos.give_back(writer, claimed.token, [claimed.photo])
            return False
        ours = photos.finish(
            writer,
            claimed.photo,
            claimed.token,
            analysis.facts,
            ctx.pack_id,
            long_side=analysis.long_side,
        )
        if not ours:
            return False
        stored = _reconcile(ctx, writer, claimed.photo, analysis.faces)
        taken = face_store.people_in_photo(writer, claimed.photo)
        # The nearest faces first would be fairer among two look-alikes; the best ones first is near enough.
        for face, analysed in sorted(stored, key=lambda pair: -pair[1].quality.overall):
            person = match_face(ctx, writer, face, analysed.embedding, excluded=taken)
            taken |= {person} if person is not None else set()
    return True


@tried_again
def record_failure(ctx: Context, claimed: Claimed, fault: PhotoFault) -> None:
    """Enter why a photo could not be looked at, by the policy of its code.

    A photo whose library is away is given back: nothing is its fault, and nothing is known of it.
    """
    with ctx.database.write() as writer:
        if fault.failure is FailureCode.LIBRARY_OFFLINE:
            photos.give_back(writer, claimed.token, [claimed.photo])
            return
        if fault.failure is FailureCode.MISSING_FILE:
            photos.file_missing(writer, claimed.known.file)
            if photos.has_other_files(writer, claimed.photo, claimed.known.file):
                photos.give_back(writer, claimed.token, [claimed.photo])
                return
        photos.fail(writer, claimed.photo, claimed.token, _failing(ctx, claimed, fault))


def _failing(ctx: Context, claimed: Claimed, fault: PhotoFault) -> Failing:
    known = claimed.known
    decided = policy(
        fault.failure,
        History(known.attempts, known.tries),
        long_side=fault.long_side,
        rules=ctx.rules.failures,
        jitter=random.random(),
    )
    smaller = decided.retry_long_side if decided.retry_long_side is not None else known.retry_long_side
    if smaller is not None and fault.long_side is not None:
        smaller = min(smaller, fault.long_side)
    return Failing(
        fault.failure,
        fault.message if not fault.hint else f"{fault.message} ({fault.hint})",
        fault.detail,
        decided.permanent,
        decided.charged,
        decided.delay_s,
        fault.long_side,
        smaller,
        known.size_bytes,
        known.mtime_ns,
    )


def _reconcile(
    ctx: Context, writer: Writer, photo: int, found: Sequence[AnalysedFace]
) -> list[tuple[int, AnalysedFace]]:
    """Store the faces of a photo; those without a person are returned for matching.

    A face found before keeps its id and person, and the box that a user gave it. One that is not found again
    stays if a user touched it. What a user put away stays away; what was made and taken back is in nobody's
    way. Nothing is stored of what is found where somebody was forgotten.
    """
    pack = ctx.pack_id
    there = face_store.of_photo(writer, photo, pack)
    old = [face for face in there if not face.unmade]
    pairs = pair_faces(
        [(face.box, face.vector) for face in old],
        [(face.box, face.embedding) for face in found],
        ctx.pack.thresholds,
        firm=[i for i, face in enumerate(old) if face.firm],
    )
    kept = set(pairs.values())
    lost = [face for i, face in enumerate(old) if i not in kept]
    face_store.delete(writer, [face.face for face in lost if not face.touched])
    stay = {face.box for face in lost if face.touched} | {face.box for face in there if face.unmade}
    unmatched = []
    forgotten = set(overlapping([face.box for face in found], forgetting.boxes(writer, photo)))
    for j, seen in enumerate(found):
        if j in forgotten and j not in pairs:
            continue
        analysed = replace(seen, box=apart(seen.box, stay))
        if j in pairs:
            known = old[pairs[j]]
            face_store.update(writer, known.face, analysed, pack)
            # What is put away is measured as well, so that it is known again in a picture that was cropped.
            alone = known.person is None and known.standing == "shown"
            unmatched += [(known.face, analysed)] if alone else []
        else:
            unmatched.append((face_store.add(writer, photo, analysed, pack), analysed))
    return unmatched
