"""What happened, as server-sent events: one look serves all who watch; a replay for who was away."""

import json
from collections import deque
from dataclasses import dataclass

from facekeep.actions.context import Context
from facekeep.api.fields import Fields
from facekeep.store import events
from facekeep.store.events import GAP, EventRow

REPLAYED_MOST = 1000
"""So many missed events are sent one by one; who missed more reads again what it shows."""
REMEMBERED = 1000
"""So many are kept at hand for those who are just behind."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it is sent, and its position."""

    position: int
    text: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """What a look found: events after `since`, and the position up to which it saw everything."""

    events: list[Told]
    since: int
    position: int


class Changes:
    """The events that this server knows of. `look` and `replay` run in threads, all else in the loop."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: deque[Told] = deque(maxlen=REMEMBERED)
        self.position: int | None = None
        """Up to where everything was looked at; None before the first look."""

    def look(self) -> Found:
        """See what was committed since. The first look only finds out where we are."""
        with self._context.database.write() as writer:
            last = events.place(writer)
            since = last if self.position is None else self.position
            found = events.after(writer, since, limit=REMEMBERED) if last > since else []
        # Of very many the rest comes with the next look.
        reached = found[-1].position if len(found) == REMEMBERED else last
        return Found([told(row) for row in found], since, reached)

    def accept(self, found: Found) -> bool:
        """Take over what a look found; whether something happened."""
        self._known.extend(found.events)
        self.position = found.position
        return bool(found.events)

    def forget(self) -> None:
        """Nobody watches any more: whoever comes next begins anew."""
        self._known.clear()
        self.position = None

    def since(self, position: int) -> list[Told] | None:
        """What is known to have happened after a position; None when it may not be all."""
        reached = self.position
        if reached is None or position > reached:
            return None
        known = list(self._known)
        first = known[0].position if known else reached + 1
        return [each for each in known if each.position > position] if first <= position + 1 else None

    def replay(self, position: int) -> list[Told]:
        """What happened after a position, from the database; a `reset` where not all of it is there."""
        until = 0 if self.position is None else self.position
        with self._context.database.read() as reader:
            whole = events.reaches_back_to(reader, position, until)
            found = events.after(reader, position, limit=REPLAYED_MOST + 1, until=until) if whole else []
        if not whole or len(found) > REPLAYED_MOST:
            return [reset(until)]
        return [told(row) for row in found]


def told(row: EventRow) -> Told:
    """A row as the event that is sent."""
    if row.kind == GAP:
        return reset(row.position)
    return _event(row.position, "change", _fields(row))


def reset(position: int) -> Told:
    """Says that what happened until then is not told: read again what you show."""
    return _event(position, "reset", {})


def _fields(row: EventRow) -> Fields:
    named = {"kind": row.kind, row.kind: row.number}
    if row.kind != "decision":
        return {**named, "state": row.state}
    spoken = {"verb": row.verb, "actor": row.actor, "account": row.account}
    return {**named, **spoken, "people": row.people(), "faces": row.faces()}


def _event(position: int, name: str, data: Fields) -> Told:
    return Told(position, f"id: {position}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode())
