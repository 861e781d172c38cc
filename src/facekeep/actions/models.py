"""Model packs: changed to in the background, and removed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from facekeep.actions import exemplars
from facekeep.actions.context import Context
from facekeep.actions.using import known_pack
from facekeep.domain.catalogue import RECIPES
from facekeep.domain.errors import Conflict, ModelFault
from facekeep.domain.packs import BUNDLED, ModelPack, check_terms
from facekeep.inference import packs as files
from facekeep.store import faces, packs
from facekeep.store.database import GaveWay, Reader, tried_again
from facekeep.store.packs import Left, Use

Derive = Callable[[Context], object]

AFTER_SWITCH: tuple[Derive, ...] = (exemplars.choose_everybodys,)
"""What is made anew from embeddings when another pack comes into use. Each is called with the context of the
new pack; all of them again when the process dies before the last has ended."""


FILL = 5000
"""Photos queued in one transaction."""


@dataclass(frozen=True, slots=True)
class Change:
    """How far the change to another pack is; in photos. `rate` a second, of all workers together."""

    active: str
    wanted: str | None
    paused: bool
    photos: int
    done: int
    waiting: int
    failed: int
    rate: float
    seconds_left: float | None


# Changing to another pack ----------------------------------------------------------------------------------


def use(ctx: Context, pack: ModelPack, *, accepted: bool, without_away: bool = False) -> Use:
    """Begin to change to a pack, or change at once when every face has its embedding already.

    The pack in use ends a change that is under way. `without_away`: do not wait for photos that cannot be
    reached now. TermsNotAccepted; ModelFault when its files are not here; Conflict when the embeddings that
    it has are of another file.
    """
    check_terms(pack, accepted=accepted)
    made_by = None if pack.label == BUNDLED.label else files.fingerprint(ctx.models_folder, pack.label)
    with ctx.database.write("user") as writer:
        pack_id = faces.add_pack(writer, pack)
    with ctx.database.write("user") as writer:
        known = packs.embedder(writer, pack_id)
        if known not in (None, made_by):
            raise Conflict(
                f"the embeddings under {pack.label} are of another embedder than its files are now",
                hint=f"`facekeep models remove {pack.name}` drops them; then add its files and use it again.",
            )
        packs.note_embedder(writer, pack_id, made_by)
        found = packs.use_locked(writer)
    if found.active == pack_id:
        cancel(ctx)
    elif found.wanted != pack_id:
        with ctx.database.write("user") as writer:
            packs.want(writer, pack_id, without_away=without_away)
    elif without_away:
        with ctx.database.write("user") as writer:
            packs.hurry(writer)
    fill(ctx)
    finish(ctx)
    ctx.wake()
    with ctx.database.read() as reader:
        return packs.use(reader)


def cancel(ctx: Context) -> bool:
    """Stay with the pack in use; whether a change was under way. What is embedded already is kept."""
    with ctx.database.write("user") as writer:
        cancelled = packs.cancel(writer)
    fill(ctx)
    return cancelled


def fill(ctx: Context) -> None:
    """Queue every photo with a face that lacks an embedding under the pack that counts, if that is not done.

    By some photos a transaction: whoever writes faces meanwhile waits for no more than one. Several may do it
    at once, and whoever comes after one that died does it again.
    """
    with ctx.database.read() as reader:
        found = packs.use(reader)
    if found.filled or found.target is None:
        return
    with ctx.database.write() as writer:
        if complete := packs.is_complete(writer, found.target):
            packs.clear_queue(writer)
    last: int | None = None if complete else 0
    while last is not None:
        with ctx.database.write() as writer:
            last = packs.fill(writer, found.target, last, limit=FILL)
    with ctx.database.write() as writer:
        if packs.use_locked(writer).target == found.target:
            packs.filled(writer)


def pause(ctx: Context) -> None:
    """Embed no more until `resume`. Conflict when no change is under way."""
    _set_paused(ctx, True)


def resume(ctx: Context) -> None:
    """Go on, also with photos that failed. Conflict when no change is under way."""
    _set_paused(ctx, False)
    with ctx.database.write("user") as writer:
        packs.try_failed_again(writer)
    ctx.wake()


def _set_paused(ctx: Context, paused: bool) -> None:
    with ctx.database.write("user") as writer:
        if not packs.set_paused(writer, paused):
            raise Conflict("no change to another model pack is under way")


def finish(ctx: Context) -> bool:
    """Go by the wanted pack from now on, if nothing holds it up any more; whether it does."""
    try:
        with ctx.database.write(gives_way=True) as writer:
            switched = packs.switch(writer)
    except GaveWay:  # somebody is at a face; the next turn asks again
        return False
    settle(ctx)
    return switched


def settle(ctx: Context) -> None:
    """Make anew what follows from embeddings, if that was not done since the last switch."""
    with ctx.database.read() as reader:
        found = packs.use(reader)
    if found.settled or found.active is None or found.active_label is None:
        return
    now = replace(ctx, pack=known_pack(found.active_label), pack_id=found.active)
    with ctx.database.write() as writer:
        packs.settle(writer, found.active)
    for derive in AFTER_SWITCH:
        derive(now)
    with ctx.database.write() as writer:
        packs.settled(writer)


@tried_again
def remove(ctx: Context, pack: ModelPack) -> int:
    """Drop a pack's embeddings and its files; of how many faces. Conflict when it is in use or wanted.

    GaveWay while somebody reads embeddings for long: whoever else wants some would wait behind this.
    """
    with ctx.database.write("user", gives_way=True) as writer:
        pack_id, found = packs.id_of(writer, pack.label), packs.use_locked(writer)
        if pack_id is not None and pack_id in (found.active, found.wanted):
            raise Conflict(
                f"{pack.label} is in use, or is being changed to",
                hint="Change to another pack first: `facekeep models use`.",
            )
        dropped = 0 if pack_id is None else packs.forget_embeddings(writer, pack_id)
        if pack_id is not None:
            packs.note_embedder(writer, pack_id, None)
    if pack.label in RECIPES:
        try:
            files.remove(ctx.models_folder, pack.label)
        except OSError as error:
            said = f"the files of {pack.label} cannot be removed: {error.strerror}"
            raise ModelFault(said, hint=f"Delete {ctx.models_folder / pack.label} yourself.") from error
    return dropped


# How far it is ---------------------------------------------------------------------------------------------


def change(reader: Reader) -> Change | None:
    """The change that is under way; None when there is none. Quick: it is asked twice a second."""
    found = packs.use(reader)
    if found.wanted is None:
        return None
    waiting, failed = packs.left_quickly(reader)
    rate = 0.0 if found.paused else packs.embedding_rate(reader)
    photos = max(found.photos, waiting + failed)
    return Change(
        active="" if found.active_label is None else found.active_label,
        wanted=found.wanted_label,
        paused=found.paused,
        photos=photos,
        done=photos - waiting - failed,
        waiting=waiting,
        failed=failed,
        rate=rate,
        seconds_left=waiting / rate if rate > 0 else None,
    )


@dataclass(frozen=True, slots=True)
class PackState:
    """A pack as listed. `faces`: how many have an embedding under it; `ready`: its files are here."""

    pack: ModelPack
    active: bool
    wanted: bool
    ready: bool
    faces: int


def listed(
    reader: Reader | None, available: Sequence[ModelPack], ready: Callable[[ModelPack], bool]
) -> list[PackState]:
    """Every pack there is; without a database, none is known yet and the bundled one will be used."""
    if reader is None:
        return [PackState(pack, pack is BUNDLED, False, ready(pack), 0) for pack in available]
    found = packs.use(reader)
    active = BUNDLED.label if found.active_label is None else found.active_label
    counts = {row.label: row.faces for row in packs.known(reader)}
    return [
        PackState(
            pack,
            pack.label == active,
            pack.label == found.wanted_label,
            ready(pack),
            counts.get(pack.label, 0),
        )
        for pack in available
    ]


def left(reader: Reader) -> Left:
    """What is still to do, by what it waits for."""
    return packs.left(reader)
