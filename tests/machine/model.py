"""The reference: what a user said, in plain dictionaries, and what each verb makes of it. No SQL, no journal.

It knows nothing of how facekeep decides by itself. A machine's assignments are read from the program before a
verb, and need only be allowed; the user's word is foretold by the model, and must be equal after every step.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.machine.invariants import Key, State

Row = Mapping[str, Any]
Word = tuple[str | int | None, ...]
Said = dict[Word, Any]
"""Each thing that a user said: `("face", 3)` → whose it is, `("not", 3, 7)`, `("person", 7)` → what of it."""

NOBODY: dict[str, Any] = {
    "hidden": False,
    "aliases": [],
    "notes": "",
    "favourite": False,
    "auto": True,
    "gone": False,
}
"""A person of whom nothing is known; people are never deleted."""


def said(state: State) -> Said:
    """What of a state is a user's word."""
    words: Said = {}
    for (kind, face, person, other), row in state.items():
        if kind == "assignment":
            if row["decided_by"] != "auto":
                words["face", face] = row["person_id"]
        elif kind == "rejection":
            words["not", face, person] = True
        elif kind == "person":
            known = {key: value for key, value in row.items() if key != "cover_face_id"}
            if known != NOBODY:
                words["person", person] = known
        else:
            # When a pin was set or somebody came into a circle is no matter: a merge says it anew.
            words[kind, face, person, other] = dict(row) if kind in ("face", "circle") else True
    return words


@dataclass(slots=True)
class Foretold:
    """What will have been said after a verb. `whose` is who every face is with now, on anybody's word."""

    words: Said
    whose: dict[int, int]

    @classmethod
    def of(cls, state: State) -> "Foretold":
        whose = {
            face: row["person_id"]
            for (kind, face, _, _), row in state.items()
            if kind == "assignment" and face is not None
        }
        return cls(said(state), whose)

    def faces_of(self, person: int) -> list[int]:
        return [face for face, who in self.whose.items() if who == person]

    def give(self, faces: Iterable[int], person: int) -> None:
        """On the user's word; what was said against it is taken back. A pin for somebody else ends."""
        for face in faces:
            self.words["face", face] = self.whose[face] = person
            self.words.pop(("not", face, person), None)
            self._unpin(face, but=person)

    def take(self, faces: Iterable[int], *, reject: bool) -> None:
        for face in faces:
            self.words.pop(("face", face), None)
            self._unpin(face)
            person = self.whose.pop(face, None)
            if reject and person is not None:
                self.words["not", face, person] = True

    def _unpin(self, face: int, *, but: int | None = None) -> None:
        for word in [word for word in self.words if word[:2] == ("pin", face) and word[2] != but]:
            del self.words[word]

    def is_away(self, face: int) -> bool:
        """Whether the user put it away."""
        return bool(self.words.get(("face", face, None, None), {}).get("standing", "shown") != "shown")

    def shown(self, faces: Iterable[int]) -> list[int]:
        return [face for face in faces if not self.is_away(face)]

    def put(self, faces: Iterable[int], standing: str, sources: Mapping[int, str]) -> None:
        """Put away, or shown again. A face that is nowhere told of is as its machine found it."""
        for face in faces:
            key: Word = ("face", face, None, None)
            if standing != "shown":
                self.take([face], reject=False)
            known = self.words.pop(key, {"source": sources[face]})
            told = {**known, "standing": standing}
            if standing != known.get("standing"):
                told.pop("unmade", None)  # it is the user's word now, and no more what was taken back
            if standing != "shown" or "box_by" in told:
                self.words[key] = told

    def box(self, face: int, box: Mapping[str, float], source: str) -> None:
        """A box on the user's word."""
        told = {"standing": "shown", "source": source, "box_by": "user", **box}
        self.words["face", face, None, None] = told

    def describe(self, person: int, **fields: Any) -> None:
        known = {**NOBODY, **self.words.get(("person", person), {}), **fields}
        known = {key: value for key, value in known.items() if value is not None}
        self.words.pop(("person", person), None)
        if known != NOBODY:
            self.words["person", person] = known

    def known(self, person: int) -> dict[str, Any]:
        return {**NOBODY, **self.words.get(("person", person), {})}

    def name(self, person: int, name: str | None) -> None:
        if name is not None:
            self.give(self.faces_of(person), person)
        self.describe(person, name=name)

    def merge(self, person: int, into: int) -> None:
        self.give(self.faces_of(into), into)
        went = self.faces_of(person)
        refused = [face for face in went if ("not", face, into) in self.words]
        self.take(refused, reject=False)
        for face in went:
            if face not in refused:
                self.words["face", face] = self.whose[face] = into
                if self.words.pop(("pin", face, person, None), False):
                    self.words["pin", face, into, None] = True
        for word in [word for word in self.words if word[0] == "not" and word[2] == person]:
            if self.whose.get(int(word[1] or 0)) != into:
                self.words["not", word[1], into] = True
        self._hand_on(person, into)
        self._absorb(person, into)
        self.describe(person, merged_into=into)

    def _hand_on(self, person: int, into: int) -> None:
        """Who stays is kept apart from whom either was, and is in the circles of both."""
        self.words.pop(("apart", None, min(person, into), max(person, into)), None)
        for word in [word for word in self.words if word[0] == "apart" and person in word[2:]]:
            [other] = {word[2], word[3]} - {person}
            pair = sorted(int(one) for one in (other, into) if one is not None)
            self.words["apart", None, *pair] = True
        for word in [word for word in self.words if word[0] == "member" and word[2] == person]:
            del self.words[word]
            self.words["member", None, into, word[3]] = True

    def _absorb(self, person: int, into: int) -> None:
        one, other = self.known(person), self.known(into)
        names = {*one["aliases"], *other["aliases"]}
        if "name" in one and "name" in other:
            names.add(one["name"])
        name = other.get("name", one.get("name"))
        # What the one that stays was called before it took the name is all that may not be an alias.
        aliases = sorted(alias for alias in names if alias != other.get("name"))
        notes = [other["notes"]] if other["notes"] else []
        notes += [one["notes"]] if one["notes"] and one["notes"] != other["notes"] else []
        self.describe(
            into,
            name=name,
            aliases=aliases[:20],
            birth_date=other.get("birth_date", one.get("birth_date")),
            notes="\n".join(notes),
            favourite=one["favourite"] or other["favourite"],
            auto=one["auto"] and other["auto"],
        )

    def forget(self, people: set[int], faces: set[int]) -> None:
        """Nothing is known of them, nor of these faces, any more."""
        for word in list(self.words):
            about = word[1] if word[0] in ("face", "not", "pin") else None
            who = {"person": word[1:2], "not": word[2:3], "pin": word[2:3], "apart": word[2:4]}
            who |= {"member": word[2:3], "face": (self.words[word],) if len(word) == 2 else ()}
            if about in faces or people & {one for one in who.get(str(word[0]), ()) if isinstance(one, int)}:
                del self.words[word]

    def delete(self, person: int) -> None:
        self.take(self.faces_of(person), reject=False)
        self.describe(person, name=None, gone=True)


@dataclass(frozen=True, slots=True)
class Diff:
    """One row from what to what; None where there was none."""

    before: Row | None
    after: Row | None


Decided = dict[Key, Diff]


def difference(before: State, after: State) -> Decided:
    """The rows in which two states differ."""
    return {
        key: Diff(before.get(key), after.get(key))
        for key in before.keys() | after.keys()
        if before.get(key) != after.get(key)
    }


@dataclass(slots=True)
class Past:
    """Every decision by its number, as the difference that it made, and which one it took back."""

    decided: dict[int, Decided] = field(default_factory=dict)
    undoes: dict[int, int] = field(default_factory=dict)
    final: set[int] = field(default_factory=set)
    """Those that forgot somebody: nothing takes them back."""

    def standing_undo(self, number: int) -> int | None:
        undos = [undo for undo, of in self.undoes.items() if of == number]
        return max((undo for undo in undos if self.standing_undo(undo) is None), default=None)

    def is_second(self, number: int) -> bool:
        """Whether taking it back would let an older undo stand beside another."""
        while number in self.undoes and self.undoes[number] in self.undoes:
            number = self.undoes[self.undoes[number]]
            if self.standing_undo(number) is not None:
                return True
        return False

    def open(self) -> list[int]:
        """What can be undone."""
        return [number for number in self.decided if self.standing_undo(number) is None]

    def undone(self) -> list[int]:
        """What can be done again."""
        return [number for number in self.decided if self.standing_undo(number) is not None]


def after_undo(now: State, decided: Decided, left: Sequence[Key]) -> State:
    """What an undo makes of a state: each row as before the decision, but those that it says it left."""
    after = dict(now)
    for key in decided.keys() - set(left):
        before = decided[key].before
        if before is not None:
            after[key] = dict(before)
        elif key[0] == "person":
            after[key] = dict(NOBODY)
        elif key[0] == "circle":
            after[key] = {**now[key], "gone": True}
        elif key[0] == "face" and now.get(key, {}).get("source") == "drawn":
            after[key] = {**now[key], "standing": "deleted", "unmade": True}
        else:
            after.pop(key, None)
    return _pinned(after)


def _pinned(state: State) -> State:
    """Without the pins of faces that are somebody else's, or nobody's, now."""
    whose = {key[1]: row["person_id"] for key, row in state.items() if key[0] == "assignment"}
    return {key: row for key, row in state.items() if key[0] != "pin" or whose.get(key[1]) == key[2]}
