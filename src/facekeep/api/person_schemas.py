"""What is said of a person beside their faces, and many faces at once, as it goes over HTTP."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field

from facekeep.actions.details import MAX_ALIASES, MAX_NOTES
from facekeep.actions.moving import Moved as MovedFaces
from facekeep.api.schemas import MAX_NAME, MAX_NAMED, Body, Id, Schema, Text, Version
from facekeep.store.details import Details

Name = Annotated[Text, Field(max_length=MAX_NAME)]
Faces = Annotated[list[Id], Field(min_length=1, max_length=MAX_NAMED)]
NewName = Annotated[Name | None, Field(description="The name of a new person; null for one without a name.")]


class PersonDetails(Schema):
    """All that a user says of a person."""

    person: int
    name: str | None
    aliases: list[str] = Field(description="Other names they are found by.")
    birth_date: date | None = Field(description="facekeep finds nobody in a photo taken before it.")
    notes: str
    favourite: bool
    auto: bool = Field(description="Whether facekeep may put faces on them without being asked.")
    hidden: bool
    cover: int | None = Field(description="The face that was chosen to show them; null for the best.")
    version: int

    @classmethod
    def of(cls, found: Details) -> Self:
        """From the store."""
        return cls.model_validate(asdict(found))


class PersonEdit(Body):
    """What to change; what is left out stays."""

    aliases: Annotated[list[Name], Field(max_length=MAX_ALIASES)] = Field(default=[])
    birth_date: date | None = None
    notes: Annotated[Text, Field(max_length=MAX_NOTES)] = ""
    favourite: bool = False
    auto: bool = True
    cover: Id | None = Field(default=None, description="One of the person's faces; null for the best.")
    version: Version


class FacesMove(Body):
    """Faces, and whose they are: of a person, of a new one with a name, or of a new one without."""

    faces: Faces
    person: Id | None = None
    name: NewName = None


class FacesRemove(Body):
    """Faces that are not who they are said to be."""

    faces: Faces
    reject: bool = Field(default=True, description="Remember it for good.")


class PersonSplit(Body):
    """Faces of a person that are somebody else."""

    faces: Faces
    name: NewName = None


class PhotosMove(Body):
    """Photos of a person in which it is another."""

    photos: Faces
    person: Id | None = None
    name: NewName = None


class PhotosRemove(Body):
    """Photos in which it is not this person."""

    photos: Faces
    reject: bool = Field(default=True, description="Remember it for good.")


class FaceOutcome(Schema):
    """What happened to one face."""

    face: int
    outcome: Literal["moved", "confirmed", "same", "removed", "not_found"]


class Moved(Schema):
    """Whom the faces went to, and a word for each."""

    person: int | None = Field(description="Null for nobody.")
    items: list[FaceOutcome]

    @classmethod
    def of(cls, moved: MovedFaces) -> Self:
        """From the action."""
        items = [FaceOutcome(face=face, outcome=outcome) for face, outcome in moved.outcomes]
        return cls(person=moved.person, items=items)


class Deleted(Schema):
    """Whose faces are unknown again."""

    person: int
    faces: list[int]
