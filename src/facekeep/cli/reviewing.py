"""The keyboard review: one question at a time, one key for each answer."""

import json
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Protocol

import typer

from facekeep.actions import journal, proposals, review
from facekeep.actions.context import Context
from facekeep.actions.proposals import TwoAnswer
from facekeep.api.fields import paths
from facekeep.api.review_fields import proposal_fields
from facekeep.cli.keyboard import Keys, Typed
from facekeep.cli.output import count, say
from facekeep.cli.people import namesakes
from facekeep.domain.errors import FacekeepError, UsageError
from facekeep.domain.faces import Box
from facekeep.domain.review import Answer, TwoWord, Word
from facekeep.store import apart as apart_store
from facekeep.store import review as review_store
from facekeep.store.apart import ProposalRow
from facekeep.store.review import Narrowed, SuggestionRow
from facekeep.store.rows import Page

PART = 100  # questions looked through at a time for one that this session has not had

LONGEST_REASON = 200  # characters


class Asking(Protocol):
    """Where questions come from, and where answers go."""

    keys: str
    """What may be typed, in words."""

    def page(self, cursor: str | None) -> Page[Any]:
        """Open questions."""
        ...

    def key(self, row: Any) -> Hashable:
        """What a question is known by."""
        ...

    def show(self, row: Any) -> list[str]:
        """A question in lines."""
        ...

    def answer(self, row: Any, key: str, ask: "Ask") -> str | None:
        """What became of an answer by a key; None for a key that is none of its own."""
        ...

    def unskip(self, row: Any) -> None:
        """Ask it in its place again."""
        ...


class Ask(Protocol):
    """Asks for a line of text."""

    def __call__(self, prompt: str) -> str: ...


class Faces:
    """Is this face that person?"""

    keys = "[y]es [n]o [s]kip [o]ther [f] not a face [i]gnore [u]ndo [q]uit"
    _words: dict[str, Word] = {  # noqa: RUF012
        "y": "accept",
        "n": "reject",
        "s": "skip",
        "f": "not_a_face",
        "i": "ignore",
    }

    def __init__(self, ctx: Context, person: int | None, minimum: float, url: str | None) -> None:
        self._ctx, self._url = ctx, url
        self._narrowed = Narrowed(person=person, minimum=minimum)

    def page(self, cursor: str | None) -> Page[SuggestionRow]:
        """The surest first."""
        with self._ctx.database.read() as reader:
            return review_store.suggestions(reader, self._narrowed, cursor=cursor, limit=PART)

    def key(self, row: SuggestionRow) -> Hashable:
        """Its face and person."""
        return row.face, row.person

    def show(self, row: SuggestionRow) -> list[str]:
        """Whom it may be, where the face is, and why."""
        box = Box(row.x, row.y, row.width, row.height).pixels(row.photo_width, row.photo_height)
        taken = "" if row.taken_at is None else f", taken {row.taken_at:%Y-%m-%d}"
        lines = [f"Is face {row.face} {_called(row.person, row.name)}? {row.confidence:.0%} sure"]
        lines += [f"  {path}" for path in paths(row.files)]
        lines.append(f"  {box.width} x {box.height} pixels at {box.x}, {box.y} of photo {row.photo}{taken}")
        lines.append(f"  distance {row.distance:.2f}{_reason(row.reason)}")
        return lines + ([] if self._url is None else [f"  {self._url}photos/{row.photo}"])

    def answer(self, row: SuggestionRow, key: str, ask: Ask) -> str | None:
        """By the action, as from everywhere else."""
        if key == "o":
            given = self._other(row, ask("who?"))
        elif key in self._words:
            given = Answer(row.face, row.person, self._words[key])
        else:
            return None
        return review.answer_suggestions(self._ctx, [given])[0].outcome

    def unskip(self, row: SuggestionRow) -> None:
        """Ask it in its place again."""
        review.take_skip_back(self._ctx, row.face, row.person)

    def _other(self, row: SuggestionRow, who: str) -> Answer:
        if not who:
            raise UsageError("nobody was named", hint="Type a name, or a person's number.")
        if who.isdecimal():
            return Answer(row.face, row.person, "other", to=int(who))
        same = namesakes(self._ctx, " ".join(who.split()), apart_from=None)
        if len(same) > 1:
            numbers = ", ".join(str(known.person) for known in same)
            raise UsageError(f"several people are named {who}: {numbers}", hint="Type the number.")
        if same:
            return Answer(row.face, row.person, "other", to=same[0].person)
        return Answer(row.face, row.person, "other", name=who)


class Pairs:
    """Are these two one person?"""

    keys = "[y]es, one person [n]o, two [s]kip [u]ndo [q]uit"
    _words: dict[str, TwoWord] = {"y": "merge", "n": "apart", "s": "skip"}  # noqa: RUF012

    def __init__(self, ctx: Context, person: int | None, url: str | None) -> None:
        self._ctx, self._person, self._url = ctx, person, url

    def page(self, cursor: str | None) -> Page[ProposalRow]:
        """The least doubtful first."""
        with self._ctx.database.read() as reader:
            return apart_store.proposals(reader, person=self._person, cursor=cursor, limit=PART)

    def key(self, row: ProposalRow) -> Hashable:
        """The two."""
        return row.one, row.other

    def show(self, row: ProposalRow) -> list[str]:
        """The two, what speaks for it, and who would stay."""
        one, other = _called(row.one, row.one_name), _called(row.other, row.other_name)
        stays = one if proposal_fields(row)["stays"] == row.one else other
        lines = [f"Are {one} and {other} one person? {stays} would stay"]
        lines += [_shown(one, row.one_faces, row.one_shown), _shown(other, row.other_faces, row.other_shown)]
        lines.append(
            f"  {row.near:,} of {row.compared:,} pairs of faces are as near as one person's; "
            f"nearest {row.nearest:.2f}, mean {row.mean:.2f}"
        )
        links = [] if self._url is None else [f"{self._url}people/{who}" for who in (row.one, row.other)]
        return lines + [f"  {link}" for link in links]

    def answer(self, row: ProposalRow, key: str, ask: Ask) -> str | None:  # noqa: ARG002
        """By the action, as from everywhere else."""
        if key not in self._words:
            return None
        given = TwoAnswer(row.one, row.other, self._words[key])
        return proposals.answer_proposals(self._ctx, [given])[0].outcome

    def unskip(self, row: ProposalRow) -> None:
        """Ask about them in their place again."""
        proposals.take_skip_back(self._ctx, row.one, row.other)


@dataclass(frozen=True, slots=True, eq=False)
class _Done:
    """An answer of this session. `decision`: its number in the journal; None for one that is no decision."""

    row: Any
    outcome: str
    decision: int | None


@dataclass(slots=True)
class Session:
    """One sitting. What is answered is not asked again; the next sitting goes on where this one ended."""

    ctx: Context
    asking: Asking
    keys: Keys
    decisions: list[int]
    """Gets the number of each decision that is made through `ctx`."""
    _done: list[_Done] = field(default_factory=list)
    _back: list[Any] = field(default_factory=list)

    def run(self) -> None:
        """Ask until there is nothing more to ask, or the user has enough. Ends with a summary."""
        try:
            with self.keys.open():
                while self._ask(row) if (row := self._next()) is not None else self._ask_for_more():
                    pass
        finally:
            self._sum_up()

    def _next(self) -> Any:
        if self._back:
            return self._back.pop()
        had = {self.asking.key(done.row) for done in self._done}
        cursor = None
        while True:
            page = self.asking.page(cursor)
            for row in page.items:
                if self.asking.key(row) not in had:
                    return row
            cursor = page.next
            if cursor is None:
                return None

    def _ask(self, row: Any) -> bool:
        """Until this question is answered; False when the user has enough."""
        question, *more = self.asking.show(row)
        typer.secho(f"\n{question}", bold=True)
        for line in more:
            say(line)
        while True:
            typed = self.keys.read(self.asking.keys)
            if typed is None or typed.key == "q":
                return False
            try:
                if typed.key == "u":
                    self._undo([row])
                    return True
                if self._answer(row, typed):
                    return True
                say("  one of the letters in brackets, please")
            except FacekeepError as error:
                if error.exit_status != UsageError.exit_status:
                    raise
                say(f"  {error.message}" + (f". {error.hint}" if error.hint else ""))

    def _answer(self, row: Any, typed: Typed) -> bool:
        before = len(self.decisions)
        outcome = self.asking.answer(row, typed.key, lambda prompt: self.keys.text(prompt, typed))
        if outcome is None:
            return False
        self._done.append(_Done(row, outcome, self.decisions[-1] if len(self.decisions) > before else None))
        said = _SAID.get(outcome)
        if said is not None:
            say(f"  {said}")
        return True

    def _ask_for_more(self) -> bool:
        """Nothing more is asked: the last answer may still be taken back."""
        if not self._done:
            return False
        typed = self.keys.read("\nthat was the last one: [u]ndo [q]uit")
        if typed is None or typed.key != "u":
            return False
        self._undo([])
        return True

    def _undo(self, asked: list[Any]) -> None:
        """Take the latest answer back, and ask it again; then what is asked now."""
        mine = [done for done in self._done if done.decision is not None or done.outcome == "skipped"]
        if not mine:
            raise UsageError(
                "nothing was answered in this sitting", hint="`facekeep undo` goes further back."
            )
        last = mine[-1]
        if last.decision is None:
            self.asking.unskip(last.row)
        else:
            journal.undo(self.ctx, last.decision)
        self._done.remove(last)
        self._back += [*asked, last.row]
        say("  taken back")

    def _sum_up(self) -> None:
        counted = Counter(done.outcome for done in self._done)
        parts = [f"{counted[outcome]:,} {word}" for outcome, word in _COUNTED.items() if counted[outcome]]
        left = self.asking.page(None).total
        say("")
        say(f"{', '.join(parts) if parts else 'nothing answered'}; {left:,} left")


_SAID = {
    "answered": "somebody answered this meanwhile; nothing was changed",
    "in_photo": "another face of this photo is that person already; nothing was changed",
    "not_found": "this is not asked any more; nothing was changed",
}
_COUNTED = {
    "accepted": "yes",
    "merged": "one person",
    "rejected": "no",
    "apart": "two people",
    "reassigned": "somebody else",
    "skipped": "skipped",
    "not_a_face": "not a face",
    "ignored": "ignored",
    "answered": "answered by somebody else",
    "in_photo": "in the photo already",
    "not_found": "not asked any more",
}


def _called(person: int, name: str | None) -> str:
    return f"person {person}" if name is None else f"{name} (person {person})"


def _shown(who: str, faces: int, shown: list[int]) -> str:
    return f"  {who}: {count(faces, 'face')}, such as {', '.join(map(str, shown))}"


def _reason(reason: dict[str, Any]) -> str:
    told = json.dumps(reason, ensure_ascii=False, default=str)[1:-1].replace('"', "")
    return f"; {told[:LONGEST_REASON]}" if told else ""
