"""Proposals that two people are one: found by a machine, kept until answered or no longer so."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from psycopg.types.json import Jsonb

from facekeep.store.database import Reader, Writer
from facekeep.store.queries import load

SQL = load("twice")


@dataclass(frozen=True, slots=True)
class Twin:
    """Two people, `one < other`, and what speaks for their being one: see the table `proposal`."""

    one: int
    other: int
    distance: float
    doubt: float
    near: int
    compared: int
    nearest: float
    mean: float

    @property
    def pair(self) -> tuple[int, int]:
        """Who."""
        return self.one, self.other


@dataclass(frozen=True, slots=True)
class TwinRow:
    """A proposal as listed."""

    one: int
    one_name: str | None
    one_faces: int
    other: int
    other_name: str | None
    other_faces: int
    distance: float
    doubt: float
    near: int
    compared: int
    nearest: float
    mean: float
    skipped: bool


def propose(writer: Writer, found: Sequence[Twin], pack: int) -> int:
    """Write down what was found, but what the schema refuses; how many are asked about."""
    if not found:
        return 0
    return writer.run(SQL["propose"], {"rows": Jsonb([asdict(twin) for twin in found]), "pack": pack})


def withdraw(
    writer: Writer, found: Sequence[Twin], *, among: Collection[int], touched: Collection[int]
) -> int:
    """Take back what is not found any more among those people, where one was `touched`."""
    row = {"people": list(among), "touched": list(touched), **_pairs(found)}
    return writer.run(SQL["withdraw_among"], row)


def withdraw_all(writer: Writer, found: Sequence[Twin]) -> int:
    """Take back everything that is not found any more."""
    return writer.run(SQL["withdraw_all"], _pairs(found))


def hidden(reader: Reader) -> set[int]:
    """People whom nobody is asked about."""
    return {int(row[0]) for row in reader.tuples(SQL["hidden"])}


def listed(reader: Reader) -> list[TwinRow]:
    """All that is asked, the least doubtful first, what was skipped last."""
    return reader.all(TwinRow, SQL["listed"])


def _pairs(found: Sequence[Twin]) -> dict[str, list[int]]:
    return {"ones": [twin.one for twin in found], "others": [twin.other for twin in found]}
