"""The journal as JSON."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import Field

from facekeep.actions.journal import Undone as UndoneValue
from facekeep.api.fields import change_fields, decision_fields, undone_fields
from facekeep.api.schemas import Schema
from facekeep.store.decisions import ChangeRow, DecisionRow

Kind = Literal["assignment", "rejection", "person", "face", "pin", "apart", "circle", "member"]


class Decision(Schema):
    """Something that was decided, once and for all that it changed."""

    decision: int = Field(examples=[12])
    verb: str = Field(
        description="What was done: `name`, `merge`, `undo` and so on of users; `match` and `group` of the "
        "machine; `directly` for what somebody wrote past facekeep. There may be more.",
        examples=["merge"],
    )
    actor: str = Field(description="`user` or `machine`.", examples=["user"])
    decided_at: datetime
    about: dict[str, Any] = Field(description="What was asked for.", examples=[{"from": 12, "into": 7}])
    undoes: int | None = Field(description="The decision that this one took back.")
    undone_by: int | None = Field(
        description="The undo of this one that stands; null while it is not undone."
    )
    changes: int = Field(description="How many rows it changed.", examples=[15])
    faces: list[int] = Field(description="Some of the faces in it, to show.")
    people: list[int] = Field(description="Some of the people in it.")
    summary: str = Field(
        description="One line, for people. Names are those of then.",
        examples=["You merged person 12 into Ada: 14 faces"],
    )
    account: int | None = Field(
        description="Of what a user decided, the account; null for who was local and had none."
    )
    account_name: str | None = Field(examples=["ada"])

    @classmethod
    def of(cls, row: DecisionRow) -> Self:
        """From a row of the journal."""
        return cls.model_validate(decision_fields(row))


class JournalPage(Schema):
    """Part of a listing. `next` is the cursor of the following part; null at the end."""

    items: list[Decision]
    total: int
    next: str | None


class DecisionChange(Schema):
    """One row from what to what. `before` is null where there was none, `after` where there is none."""

    number: int
    kind: Kind = Field(
        description="What the row is about: whose a face is, whose it is not, a person, a face itself, one "
        "that always stands for somebody, two who are not one person, a circle, or somebody in it."
    )
    face: int | None
    person: int | None
    other: int | None = Field(description="Of `apart` the other person, of `circle` and `member` the circle.")
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    summary: str = Field(description="One line, for people.", examples=["face 31 went from person 12 to Ada"])

    @classmethod
    def of(cls, row: ChangeRow) -> Self:
        """From a row of the journal."""
        return cls.model_validate(change_fields(row))


class ChangesPage(Schema):
    """Part of a listing. `next` is the cursor of the following part; null at the end."""

    items: list[DecisionChange]
    total: int
    next: str | None


class Left(Schema):
    """A row that was not put back, and why."""

    kind: Kind
    face: int | None
    person: int | None
    other: int | None
    reason: str = Field(description="For people.", examples=["changed since"])


class Undone(Schema):
    """What an undo did, or a redo, which is the undo of an undo."""

    decision: int = Field(description="Its own entry: undo that to have it all again.")
    undid: int = Field(description="The entry that it took back.")
    restored: int = Field(description="Rows that are again as they were.")
    left_total: int = Field(description="Rows that were left as they are.")
    left: list[Left] = Field(description="Why, for the first of them.")
    looked_at_again: int = Field(
        description="Faces that the machine gave to a merged person since: it decides anew whose they are."
    )

    @classmethod
    def of(cls, undone: UndoneValue) -> Self:
        """From what the undo tells."""
        return cls.model_validate(undone_fields(undone))
