"""Exemplars, who a face may be, and finding more of a person, as they go over HTTP."""

from dataclasses import asdict
from typing import Annotated, Literal, Self

from pydantic import Field

from facekeep.actions.exemplars import Standing
from facekeep.actions.finding import MAX_FOUND, MAX_FROM, Found
from facekeep.actions.matching import Likely
from facekeep.api.schemas import Body, Id, Schema, Wall


class Matching(Schema):
    """What the user said to matching as a whole."""

    auto: bool = Field(description="Whether facekeep says by itself who a face is, where that is clear.")


class MatchingChange(Body):
    """What to change."""

    auto: bool


class Exemplar(Schema):
    """A face that stands for its person when others are matched."""

    face: int
    era: str = Field(description="By age, or by years where the birth date is not known.", examples=["teen"])
    pinned: bool = Field(description="It always stands: the user said so.")
    quality: float | None
    taken_at: Wall | None


class Era(Schema):
    """How a part of a person's life is covered."""

    era: str
    faces: int
    exemplars: int


class Exemplars(Schema):
    """The faces that stand for a person, the oldest photo first."""

    person: int
    exemplars: list[Exemplar]
    eras: list[Era]

    @classmethod
    def of(cls, standing: Standing) -> Self:
        """From the action."""
        return cls.model_validate(asdict(standing))


class Voter(Schema):
    """A face that speaks for a person, and how far it is (Euclidean)."""

    face: int
    distance: float
    exemplar: bool


class Reason(Schema):
    """What speaks for a person, and who is next."""

    voters: list[Voter]
    runner_up: int | None
    runner_up_distance: float | None
    other_era: bool = Field(description="None of the person's faces was taken near in time.")


class CandidatePerson(Schema):
    """A person that a face may be."""

    person: int
    name: str | None
    confidence: float = Field(description="0 to 1; one half where same and different are as likely.")
    distance: float = Field(description="Euclidean, mean over the faces that speak for it.")
    likely: bool = Field(description="Near enough to be asked about, and not excluded.")
    excluded: Literal["", "rejected", "same_photo", "before_birth"] = Field(
        description="Why it cannot be that person; empty when it can."
    )
    reason: Reason


class Candidates(Schema):
    """Who a face may be, the likeliest first."""

    face: int
    items: list[CandidatePerson]

    @classmethod
    def of(cls, face: int, likely: list[Likely]) -> Self:
        """From the action."""
        items = [CandidatePerson.model_validate(asdict(one)) for one in likely]
        return cls(face=face, items=items)


class FindMore(Body):
    """From which faces of the person to begin; without them, from all its exemplars."""

    faces: Annotated[list[Id], Field(min_length=1, max_length=MAX_FROM)] | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_FOUND, description="So many are asked about at most.")] = 50


class FoundFace(Schema):
    """A face that may be the person: it waits for a yes or no now."""

    face: int
    person: int
    confidence: float
    distance: float
    reason: Reason


class FoundMore(Schema):
    """What a search came to."""

    person: int
    looked_at: int = Field(description="Unassigned faces that were judged.")
    new: int = Field(description="Questions that were not asked before.")
    items: list[FoundFace]

    @classmethod
    def of(cls, found: Found) -> Self:
        """From the action."""
        return cls.model_validate(asdict(found))
