"""What is said of faces themselves, and faces that look alike, as they go over HTTP."""

from typing import Annotated, Literal, Self

from pydantic import Field

from facekeep.actions.alike import Likeness, Searched, SearchedFace
from facekeep.actions.faces import box_of
from facekeep.actions.standing import Stood
from facekeep.api.fields import likeness_fields, searched_fields
from facekeep.api.schemas import MAX_NAME, MAX_NAMED, Body, Box, Id, Schema, Text
from facekeep.domain.faces import Box as Place

Standing = Literal["shown", "ignored", "not_a_face", "deleted"]

Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Length = Annotated[float, Field(gt=0.0, le=1.0, allow_inf_nan=False)]


class NewBox(Body):
    """A rectangle in fractions of the upright photo, inside it."""

    x: Share = Field(examples=[0.25])
    y: Share = Field(examples=[0.1])
    width: Length = Field(examples=[0.2])
    height: Length = Field(examples=[0.3])

    def place(self) -> Place:
        """The value. UsageError when it reaches out of the photo."""
        return box_of(self.x, self.y, self.width, self.height)


class FaceDraw(Body):
    """A face that no machine saw, and whose it is: of a person, of a new one with a name, or not said."""

    box: NewBox
    person: Id | None = None
    name: Annotated[Text, Field(min_length=1, max_length=MAX_NAME)] | None = None


class FaceBox(Body):
    """Where a face is instead."""

    box: NewBox
    was: NewBox = Field(description="The box that you looked at; 409 when it has changed since.")


class FaceStanding(Body):
    """What a face is."""

    standing: Standing


class FacesStanding(Body):
    """What some faces are."""

    faces: Annotated[list[Id], Field(min_length=1, max_length=MAX_NAMED)]
    standing: Standing


class StandingOutcome(Schema):
    """What happened to one face."""

    face: int
    outcome: Literal["done", "same", "not_found"]


class FacesStood(Schema):
    """What was said, and a word for each face."""

    standing: Standing
    items: list[StandingOutcome]

    @classmethod
    def of(cls, stood: Stood) -> Self:
        """From the action."""
        items = [StandingOutcome(face=face, outcome=outcome) for face, outcome in stood.outcomes]
        return cls(standing=stood.standing, items=items)


class SimilarFace(Schema):
    """A face that looks like another."""

    face: int
    photo: int
    distance: float = Field(description="Euclidean, between embeddings of one model pack; 0 is the same.")
    confidence: float = Field(description="How sure it is the same person, 0 to 1.")
    person: int | None
    name: str | None

    @classmethod
    def of(cls, found: Likeness) -> Self:
        """From the action."""
        return cls.model_validate(likeness_fields(found))


class SimilarFaces(Schema):
    """Nearest first."""

    items: list[SimilarFace]


class SimilarPerson(Schema):
    """A person of whom some face looks like it."""

    person: int
    name: str | None
    face: int = Field(description="The nearest of their faces.")
    distance: float
    confidence: float


class FaceQuality(Schema):
    """How well a face can be recognised, each 0 to 1."""

    overall: float
    size: float
    sharpness: float
    pose: float
    exposure: float


class PictureFace(Schema):
    """A face in the picture that was sent, and whom it looks like."""

    box: Box
    score: float
    quality: FaceQuality
    people: list[SimilarPerson]
    faces: list[SimilarFace]

    @classmethod
    def of(cls, found: SearchedFace) -> Self:
        """From the action."""
        return cls.model_validate(searched_fields(found))


class PictureFound(Schema):
    """The faces in the picture that was sent, largest first."""

    width: int
    height: int
    items: list[PictureFace]

    @classmethod
    def of(cls, found: Searched) -> Self:
        """From the action."""
        items = [PictureFace.of(face) for face in found.faces]
        return cls(width=found.width, height=found.height, items=items)
