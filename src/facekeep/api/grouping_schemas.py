"""Grouping, and what it asks about, as it goes over HTTP."""

from dataclasses import asdict
from datetime import datetime
from typing import Literal, Self

from pydantic import Field

from facekeep.actions.parts import Parts
from facekeep.actions.twice import Found
from facekeep.api.schemas import Body, Schema
from facekeep.store.regrouping import Run


class RegroupAsked(Body):
    """Whether to do it, or only to say what it would change."""

    dry_run: bool = Field(default=False, description="Change nothing; say what would.")


class Outcome(Schema):
    """What it changed, or would change, of people without a name."""

    faces: int = Field(description="Faces that were compared.", examples=[48210])
    stay: int = Field(description="People who keep exactly the faces that they have.", examples=[1830])
    change: int = Field(description="People who gain faces or lose some.", examples=[41])
    new: int = Field(description="People who come to be.", examples=[12])
    gone: int = Field(description="People of whom nothing is left; they point to who has most of it.")
    moved: int = Field(description="Faces that change whose they are.", examples=[166])
    left: int = Field(description="Faces that stay after all, because a user was at them meanwhile.")


class Regroup(Schema):
    """One time that everything is grouped anew."""

    regroup: int = Field(examples=[3])
    state: Literal["queued", "running", "done", "cancelled", "failed"]
    dry_run: bool
    stopping: bool = Field(description="Somebody asked for an end.")
    stage: str = Field(description="What it does now, for people; empty when it does nothing.")
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    outcome: Outcome | None = Field(description="Once it is known.")
    decision: int | None = Field(description="The journal's number of it; null when nothing changed.")
    message: str = Field(description="Why it ended, where it was not done.")

    @classmethod
    def of(cls, run: Run) -> Self:
        """From the store."""
        found = asdict(run)
        return cls.model_validate({"regroup": found.pop("number"), **found})


class Grouping(Schema):
    """How grouping is."""

    waiting: int = Field(description="Faces that wait for it; of many, 10,000 are counted.")
    regroup: Regroup | None = Field(description="The last time that everything was grouped anew, or will be.")


class TwiceFound(Schema):
    """Who was looked for as being there twice."""

    people: int = Field(description="People who were compared.", examples=[2100])
    proposed: int = Field(description="Pairs that are asked about.", examples=[17])
    withdrawn: int = Field(description="Pairs that are not asked about any more.", examples=[2])

    @classmethod
    def of(cls, found: Found) -> Self:
        """From the action."""
        return cls.model_validate(asdict(found))


class Part(Schema):
    """Faces of a person that are surely one."""

    faces: list[int]
    distance: float = Field(description="Euclidean, of its mean to that of the largest part.")
    doubt: float = Field(description="Of its being the same person as the largest; above 1 it is not likely.")


class PersonParts(Schema):
    """What the faces of a person fall into."""

    person: int
    parts: list[Part] = Field(description="The largest first. One alone: nothing speaks for a split.")
    alone: list[int] = Field(description="Faces that are too far from all, or too poor to tell.")

    @classmethod
    def of(cls, found: Parts) -> Self:
        """From the action."""
        return cls.model_validate(asdict(found))
