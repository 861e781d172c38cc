"""What happened, in the order in which it was committed."""

from dataclasses import dataclass
from typing import Any

from facekeep.store.database import Reader, Writer
from facekeep.store.queries import load

SQL = load("events")

GAP = "gap"
"""The kind of an event in whose place there were others that are gone."""


@dataclass(frozen=True, slots=True)
class EventRow:
    """One thing that happened. `number` is that of the decision, photo or scan; `state` what it came to."""

    position: int
    kind: str
    number: int | None
    state: str | None
    verb: str | None
    actor: str | None
    account: int | None
    about: dict[str, Any] | None
    facts: dict[str, Any] | None

    def people(self) -> list[int]:
        """Some of the people in a decision: those that it was about, and whom faces came to and went from."""
        about, facts = self._kept()
        asked = [about.get(key) for key in ("person", "from", "into")]
        found = [*asked, *facts.get("people", ()), *facts.get("losers", ())]
        return [person for person in dict.fromkeys(found) if isinstance(person, int)]

    def faces(self) -> list[int]:
        """Some of the faces in a decision."""
        return list(dict.fromkeys(self._kept()[1].get("faces", ())))

    def _kept(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return {} if self.about is None else self.about, {} if self.facts is None else self.facts


def place(writer: Writer) -> int:
    """Give what was committed since its positions; the last position there is."""
    return int(writer.value(SQL["place"]))


def after(reader: Reader, position: int, *, limit: int, until: int | None = None) -> list[EventRow]:
    """What happened after a position, in order."""
    return reader.all(EventRow, SQL["after"], {"after": position, "until": until, "limit": limit})


def reaches_back_to(reader: Reader, position: int, last: int) -> bool:
    """Whether everything after a position is still there, up to the last one."""
    if position >= last:
        return position == last
    oldest = reader.value(SQL["oldest"])
    return oldest is not None and int(oldest) <= position + 1
