"""Who in a file of people is who here. Pure: from names, birth dates, details, and whose faces overlap."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from facekeep.domain.people_file import PersonIn


@dataclass(frozen=True, slots=True)
class PersonHere:
    """Somebody who is known here; without a name where `name` is None. `faces`: how many they have."""

    person: int
    name: str | None
    aliases: tuple[str, ...]
    birth_date: date | None
    notes: str
    faces: int


@dataclass(slots=True)
class Overlaps:
    """What the faces tell: counted while the file is read."""

    shared: Counter[tuple[int, int]] = field(default_factory=Counter)
    """(person of the file, person here) → faces that are one face."""
    met: Counter[int] = field(default_factory=Counter)
    """Person of the file → their faces that are somebody's here."""
    free: Counter[int] = field(default_factory=Counter)
    """Person of the file → their faces that could be put on somebody now."""


@dataclass(frozen=True, slots=True)
class Matches:
    """Person of the file → person here; who is to be made; and of whom nobody can tell who it is."""

    here: Mapping[int, int]
    new: tuple[int, ...]
    unclear: tuple[int, ...]


def match_people(told: Sequence[PersonIn], known: Iterable[PersonHere], overlaps: Overlaps) -> Matches:
    """Match each person of the file with at most one here, one to one.

    By name where birth dates do not contradict and nobody else could be meant; among those of one name by
    the faces that they share; where all that is known is equal, in order; and somebody without a name here
    by more than half of the faces, seen from both sides. Named people that match nobody are made, unless
    several here have their name and no face tells which; unnamed ones are made for their faces.
    """
    people = list(known)
    found: dict[int, int] = {}
    _by_name(told, people, overlaps, found)
    _by_faces(told, people, overlaps, found)
    taken = set(found.values())
    free: dict[str | None, list[date | None]] = defaultdict(list)
    for somebody in people:
        if somebody.person not in taken:
            free[somebody.name].append(somebody.birth_date)
    new, unclear = [], []
    for person in told:
        if person.person in found:
            continue
        unknown = person.name is not None and not _may_be(person.birth_date, free.get(person.name, ()))
        if unknown or overlaps.free[person.person]:
            new.append(person.person)
        elif person.name is not None:
            unclear.append(person.person)
    return Matches(found, tuple(new), tuple(unclear))


def _may_be(birth: date | None, known: Sequence[date | None]) -> bool:
    return any(birth is None or other is None or birth == other for other in known)


def _by_name(
    told: Sequence[PersonIn], people: Sequence[PersonHere], overlaps: Overlaps, found: dict[int, int]
) -> None:
    here: dict[str, list[PersonHere]] = defaultdict(list)
    there: dict[str, list[PersonIn]] = defaultdict(list)
    for known in people:
        if known.name is not None:
            here[known.name].append(known)
    for person in told:
        if person.name is not None:
            there[person.name].append(person)
    for name in there.keys() & here.keys():
        _of_one_name(there[name], here[name], overlaps, found)


def _of_one_name(
    told: Sequence[PersonIn], known: Sequence[PersonHere], overlaps: Overlaps, found: dict[int, int]
) -> None:
    free = _Free(list(told), list(known), found)
    free.pair(
        [(p, k) for p in told for k in known if p.birth_date is not None and p.birth_date == k.birth_date]
    )
    may = [(p, k) for p in told for k in known if None in (p.birth_date, k.birth_date)]
    shared = [(overlaps.shared[p.person, k.person], p, k) for p, k in may]
    for faces, person, somebody in sorted(shared, key=lambda row: (-row[0], row[1].person, row[2].person)):
        if faces:
            free.take(person, somebody)
    free.pair([(p, k) for p in told for k in known if None in (p.birth_date, k.birth_date)])
    for alike in {_details(p) for p in free.told}:
        same = [p for p in free.told if _details(p) == alike]
        others = [k for k in free.known if _details(k) == alike]
        if len(same) == len(others):
            for person, somebody in zip(same, others, strict=True):
                free.take(person, somebody)


def _details(person: PersonIn | PersonHere) -> tuple[object, ...]:
    return person.birth_date, person.notes, tuple(sorted(person.aliases))


class _Free:
    """Those of one name that nobody is matched with yet."""

    def __init__(self, told: list[PersonIn], known: list[PersonHere], found: dict[int, int]) -> None:
        self.told, self.known, self._found = told, known, found

    def take(self, person: PersonIn, somebody: PersonHere) -> None:
        """These two are one, if both are still free."""
        if person in self.told and somebody in self.known:
            self._found[person.person] = somebody.person
            self.told.remove(person)
            self.known.remove(somebody)

    def pair(self, possible: Sequence[tuple[PersonIn, PersonHere]]) -> None:
        """Where each could only be the other among those still free, they are one."""
        left = [(p, k) for p, k in possible if p in self.told and k in self.known]
        of_person, of_known = Counter(p.person for p, _ in left), Counter(k.person for _, k in left)
        for person, somebody in left:
            if of_person[person.person] == 1 == of_known[somebody.person]:
                self.take(person, somebody)


def _by_faces(
    told: Sequence[PersonIn], people: Sequence[PersonHere], overlaps: Overlaps, found: dict[int, int]
) -> None:
    waiting = {person.person for person in told} - set(found)
    sizes = {known.person: known.faces for known in people if known.name is None}
    taken = set(found.values())
    for (person, somebody), shared in sorted(overlaps.shared.items(), key=lambda row: (-row[1], row[0])):
        mostly = 2 * shared > sizes.get(somebody, 0) and 2 * shared > overlaps.met[person]
        if somebody in sizes and mostly and person in waiting and somebody not in taken:
            found[person] = somebody
            waiting.discard(person)
            taken.add(somebody)
