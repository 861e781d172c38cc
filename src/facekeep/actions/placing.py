"""What grouping decided about faces is written down: who joins, who is new, what is suggested."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from facekeep.actions.context import Context
from facekeep.actions.meeting import Pool
from facekeep.domain.growth import Growth, Known, grow, grown
from facekeep.domain.likeness import Library
from facekeep.domain.matching import confidence
from facekeep.domain.pack_likeness import likeness_of
from facekeep.store import grouping as store
from facekeep.store.database import Writer


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """The people of a pool afterwards, those made at the end."""

    people: list[int]
    after: Known
    vectors: list[npt.NDArray[np.floating]]
    """Faces of each, or a sample of them."""
    touched: set[int]
    """Who was made or has grown."""
    founded: int
    suggested: int
    passed_over: set[int]
    """Faces that would join somebody whom no machine may add to any more; they are seen again."""


def place(ctx: Context, writer: Writer, pool: Pool, library: Library) -> Placed:
    """Group the faces of a pool, and write it down."""
    growth = grow(pool.faces, pool.known, likeness_of(ctx.pack), library, apart=pool.apart)
    people = [crowd.person for crowd in pool.crowds]
    still = store.still_open(writer, sorted({people[at] for at in growth.joined.values()}))
    late = {face for face, at in growth.joined.items() if people[at] not in still}
    growth = Growth(
        {f: at for f, at in growth.joined.items() if f not in late}, growth.proposed, growth.founded
    )
    people += store.make_people(writer, len(growth.founded))
    after = grown(pool.faces, pool.known, growth)
    into = dict(growth.joined)
    into |= {face: len(pool.known) + at for at, some in enumerate(growth.founded) for face in some}
    _put(ctx, writer, pool, (people, after, into))
    _suggest(ctx, writer, pool, (people, growth))
    return Placed(
        people,
        after,
        [*(crowd.vectors for crowd in pool.crowds), *(pool.faces.vectors[some] for some in growth.founded)],
        {people[at] for at in into.values()},
        len(growth.founded),
        len(growth.proposed),
        {pool.rows[face].face for face in late},
    )


def _put(ctx: Context, writer: Writer, pool: Pool, to: tuple[list[int], Known, dict[int, int]]) -> None:
    people, after, into = to
    rows = {}
    for face, at in sorted(into.items()):
        _, sure = sureness(ctx, pool.faces.vectors[face], after.mean[at], after.scatter[at])
        rows[pool.rows[face].face] = people[at], sure
    store.put(writer, rows, ctx.pack_id)


def _suggest(ctx: Context, writer: Writer, pool: Pool, to: tuple[list[int], Growth]) -> None:
    people, growth = to
    rows = {}
    for face, at in sorted(growth.proposed.items()):
        away, sure = sureness(ctx, pool.faces.vectors[face], pool.known.mean[at], pool.known.scatter[at])
        rows[pool.rows[face].face] = people[at], sure, away
    store.suggest(writer, rows, ctx.pack_id)


def sureness(
    ctx: Context, vector: npt.NDArray[Any], mean: npt.NDArray[Any], scatter: float
) -> tuple[float, float]:
    """Root mean squared distance of a face to those of a group, and the confidence that goes with it."""
    away = float(np.square(vector.astype(np.float64) - mean).sum()) + float(scatter)
    return away**0.5, confidence(away**0.5, ctx.pack.thresholds)
