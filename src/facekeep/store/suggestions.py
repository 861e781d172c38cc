"""Open questions, "is this face that person?": asked, refined and withdrawn by machines.

What the user answers ends them by itself: the database sees to it (schema_suggestions.sql).
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from psycopg.types.json import Jsonb

from facekeep.store.database import Writer
from facekeep.store.queries import load

SQL = load("suggestions")


@dataclass(frozen=True, slots=True)
class Proposed:
    """A question. `distance`: Euclidean, to the faces of the person that speak for it; see `reason`."""

    face: int
    person: int
    confidence: float
    distance: float
    reason: dict[str, Any]


def propose(writer: Writer, pack: int, proposed: Iterable[Proposed]) -> set[tuple[int, int]]:
    """Ask these, or refine those that are asked already. Which are new, as (face, person)."""
    rows = [asdict(one) for one in proposed]
    if not rows:
        return set()
    asked = writer.tuples(SQL["propose"], {"pack": pack, "rows": Jsonb(rows)})
    return {(int(face), int(person)) for face, person, new in asked if new}


def withdraw(writer: Writer, face: int, *, but: Sequence[int] = ()) -> int:
    """Ask no more who a face is, except about some people. How many questions went."""
    return writer.run(SQL["withdraw"], {"face": face, "people": list(but)})
