"""What is searched for, and circles, as it goes over HTTP."""

from dataclasses import asdict
from typing import Annotated, Literal, Self

from pydantic import Field

from facekeep.actions.circles import MAX_PEOPLE
from facekeep.actions.circles import Changed as ChangedCircle
from facekeep.api.schemas import MAX_NAME, Body, Id, Person, Photo, Schema, Text, Version
from facekeep.domain.dates import between
from facekeep.store.circles import CircleRow
from facekeep.store.rows import PersonRow
from facekeep.store.search import Age, Found, Group, PhotoQuery

MAX_ASKED = 200
"""People, or circles, in one part of a search."""

MAX_AGE = 200
MAX_FACES = 100_000

Ids = Annotated[list[Id], Field(max_length=MAX_ASKED)]
Day = Annotated[Text, Field(max_length=10, examples=["2019", "2019-07", "2019-07-14"])]
Years = Annotated[int, Field(ge=0, le=MAX_AGE)]
Count = Annotated[int, Field(ge=0, le=MAX_FACES)]
Name = Annotated[Text, Field(min_length=1, max_length=MAX_NAME)]


class SearchGroup(Body):
    """People, and everybody in circles."""

    people: Ids = Field(default=[])
    circles: Ids = Field(default=[])

    def group(self) -> Group:
        """As the store asks for it."""
        return Group(tuple(self.people), tuple(self.circles))


class SearchAge(Body):
    """Somebody is in the photo, and so many years old in it; both ages included."""

    person: Id
    least: Years
    most: Years


class PhotoSearch(Body):
    """Which photos; all of it must be so. What is left out does not matter."""

    all_of: SearchGroup = Field(default=SearchGroup(), description="Each of them is in the photo.")
    any_of: SearchGroup = Field(default=SearchGroup(), description="At least one of them is.")
    none_of: SearchGroup = Field(default=SearchGroup(), description="None of them is.")
    only: bool = Field(default=False, description="Nobody else is in it, and no unknown face.")
    unnamed: bool = Field(
        default=False, description="A face is in it of nobody, or of somebody without a name."
    )
    faces_min: Count | None = None
    faces_max: Count | None = Field(default=None, description="0: photos without faces.")
    taken_from: Day | None = Field(
        default=None, description="From the first day of this year, month or day on."
    )
    taken_to: Day | None = Field(default=None, description="Until the last day of this year, month or day.")
    ages: Annotated[list[SearchAge], Field(max_length=MAX_ASKED)] = Field(default=[])
    library: Id | None = Field(default=None, description="A file of it lies there.")
    state: Literal["waiting", "done", "failed"] | None = None
    sort: Literal["newest", "oldest", "added"] = Field(
        default="newest", description="By when they were taken, or as they were added, the last first."
    )
    cursor: Annotated[Text, Field(max_length=500)] | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100

    def query(self) -> PhotoQuery:
        """As the store asks for it. UsageError for dates that are none."""
        return PhotoQuery(
            all_of=self.all_of.group(),
            any_of=self.any_of.group(),
            none_of=self.none_of.group(),
            only=self.only,
            unnamed=self.unnamed,
            faces_min=self.faces_min,
            faces_max=self.faces_max,
            taken=between(self.taken_from, self.taken_to),
            ages=tuple(Age(age.person, age.least, age.most) for age in self.ages),
            library=self.library,
            state=self.state,
            order=self.sort,
        )


class PhotosFound(Schema):
    """Part of the photos that fit. `next` is the cursor of the following part; null at the end."""

    items: list[Photo]
    total: int
    undated: int = Field(
        description="How many fit but have no date. They come last; where dates or ages are asked for, they "
        "are left out, of `total` as well."
    )
    next: str | None

    @classmethod
    def of(cls, found: Found) -> Self:
        """From the store."""
        items = [Photo.of(row) for row in found.items]
        return cls(items=items, total=found.total, undated=found.undated, next=found.next)


# Circles ---------------------------------------------------------------------------------------------------

People = Annotated[list[Id], Field(min_length=1, max_length=MAX_PEOPLE)]


class Circle(Schema):
    """A group of people that a user made."""

    circle: int
    name: str = Field(examples=["Family"])
    people: int = Field(description="How many are in it.")
    version: int = Field(description="Send it back with a change.")

    @classmethod
    def of(cls, row: CircleRow) -> Self:
        """From a row of the listing."""
        return cls.model_validate(asdict(row))


class CircleWithPeople(Circle):
    """A circle, with who is in it."""

    members: list[Person]

    @classmethod
    def with_people(cls, row: CircleRow, people: list[PersonRow]) -> Self:
        """From both listings."""
        return cls.model_validate(asdict(row) | {"members": [Person.of(person) for person in people]})


class CirclesPage(Schema):
    """Part of a listing. `next` is the cursor of the following part; null at the end."""

    items: list[Circle]
    total: int
    next: str | None


class CircleNew(Body):
    """A circle to make, and who is in it from the beginning."""

    name: Name
    people: Annotated[list[Id], Field(max_length=MAX_PEOPLE)] = Field(default=[])


class CircleRename(Body):
    """Another name for a circle."""

    name: Name
    version: Version


class CirclePeople(Body):
    """Who comes into a circle, or leaves it."""

    people: People
    version: Version | None = None


class MemberOutcome(Schema):
    """What happened to one person."""

    person: int
    outcome: Literal["added", "removed", "same", "not_found"]


class CircleChanged(Schema):
    """A circle as it is now, and a word for each person that was named."""

    circle: Circle
    items: list[MemberOutcome]

    @classmethod
    def of(cls, changed: ChangedCircle) -> Self:
        """From the action."""
        items = [MemberOutcome(person=person, outcome=outcome) for person, outcome in changed.outcomes]
        return cls(circle=Circle.of(changed.circle), items=items)
