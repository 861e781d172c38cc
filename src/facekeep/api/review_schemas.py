"""What is asked of reviewers and what they answer, as it goes over HTTP."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field

from facekeep.actions.proposals import MAX_ANSWERS as MAX_TWO_ANSWERS
from facekeep.actions.proposals import TwoAnswer, TwoGiven
from facekeep.actions.review import MAX_ANSWERS, AllGiven, Given
from facekeep.api.review_fields import proposal_fields, suggestion_fields
from facekeep.api.schemas import MAX_NAME, Body, Box, Id, PixelBox, Schema, Text, Wall
from facekeep.domain.review import Answer, Outcome, TwoOutcome, TwoWord, Word
from facekeep.store.apart import ProposalRow
from facekeep.store.review import AskedPerson, SuggestionRow

Confidence = Annotated[float, Field(ge=0, le=1)]


class Suggestion(Schema):
    """Is this face that person?"""

    face: int
    photo: int
    files: list[str] = Field(description="Paths of the photo; bytes that are not UTF-8 are shown as `\\xe9`.")
    box: Box
    box_px: PixelBox
    quality: float | None
    taken_at: Wall | None
    person: int
    name: str | None
    confidence: float = Field(description="0 to 1.", examples=[0.81])
    distance: float = Field(
        description="Euclidean, to those of the person's faces that speak for it.", examples=[0.47]
    )
    reason: dict[str, Any] = Field(
        description="What speaks for it, such as which faces, how far, and who else it could be; `merged`: "
        "it was about that person, who has been merged since."
    )
    suggested_at: datetime
    skipped: bool

    @classmethod
    def of(cls, row: SuggestionRow) -> Self:
        """From a row of the queue."""
        return cls.model_validate(suggestion_fields(row))


class SuggestionsPage(Schema):
    """Part of a listing. `next` is the cursor of the following part; null at the end."""

    items: list[Suggestion]
    total: int
    next: str | None


class SuggestedPerson(Schema):
    """Somebody who is asked about."""

    person: int
    name: str | None
    hidden: bool
    cover: int | None = Field(description="The face to show for them.")
    suggestions: int = Field(description="Open questions, the skipped ones with them.")
    skipped: int
    best: float = Field(description="The confidence of the surest question.")
    faces: list[int] = Field(description="The faces of the surest questions.")

    @classmethod
    def of(cls, row: AskedPerson) -> Self:
        """From a row of the queue."""
        return cls.model_validate(asdict(row))


class SuggestedPeoplePage(Schema):
    """Part of a listing. `next` is the cursor of the following part; null at the end."""

    items: list[SuggestedPerson]
    total: int
    next: str | None


class SuggestionAnswer(Body):
    """One answer. With `other` exactly one of `to` and `name`."""

    face: Id
    person: Id
    answer: Word = Field(
        description="`accept`: it is. `reject`: it is not, for good. `other`: it is not but somebody else. "
        "`skip`: not now; it comes last. `not_a_face`: there is none. `ignore`: somebody whom nobody wants "
        "to know."
    )
    to: Id | None = Field(default=None, description="With `other`: who it is.")
    name: Annotated[Text, Field(max_length=MAX_NAME)] | None = Field(
        default=None, description="With `other`: the name of a new person."
    )

    def value(self) -> Answer:
        """As the action takes it."""
        return Answer(self.face, self.person, self.answer, self.to, self.name)


class SuggestionAnswers(Body):
    """Answers that are one decision."""

    answers: Annotated[list[SuggestionAnswer], Field(min_length=1, max_length=MAX_ANSWERS)]


class Answered(Schema):
    """What became of one answer."""

    face: int
    person: int = Field(description="Where merges of the person that was named led.")
    outcome: Outcome = Field(
        description="`accepted`, `rejected`, `reassigned` (to somebody else), `skipped`, "
        "`not_a_face`, `ignored`; or nothing was "
        "done: `answered` (meanwhile, by somebody else), `in_photo` (another face of the photo is that "
        "person), `not_found` (no such face, person or question)."
    )
    now: int | None = Field(description="Whose face it is now.")

    @classmethod
    def of(cls, given: Given) -> Self:
        """From the action."""
        return cls.model_validate(asdict(given))


class AnsweredItems(Schema):
    """A word for each answer, in their order."""

    items: list[Answered]


class AnswerAll(Body):
    """Which questions about a person are answered, the surest first."""

    minimum: Confidence = Field(default=0.0, description="From this confidence on.")
    skipped: bool = Field(default=False, description="Those that were skipped as well.")
    limit: Annotated[int, Field(ge=1, le=MAX_ANSWERS)] = MAX_ANSWERS


class AnsweredAll(Schema):
    """A word for each question that was answered."""

    person: int
    items: list[Answered]
    left: int = Field(description="Questions about the person from that confidence on that are still open.")

    @classmethod
    def of(cls, given: AllGiven) -> Self:
        """From the action."""
        items = [Answered.of(item) for item in given.items]
        return cls(person=given.person, items=items, left=given.left)


class ProposedPerson(Schema):
    """One of two who may be one person."""

    person: int
    name: str | None
    hidden: bool
    faces: int = Field(description="How many.")
    shown: list[int] = Field(description="Some of the faces, the best ones.")


class ProposalReason(Schema):
    """What speaks for it, face by face. Distances are Euclidean."""

    near: int = Field(description="Pairs of faces as near as one person's,")
    compared: int = Field(description="of so many that were compared.")
    nearest: float
    mean: float


class Proposal(Schema):
    """Are these two one person?"""

    one: ProposedPerson
    other: ProposedPerson
    stays: int = Field(description="Who stays when they are merged: who has a name, else more faces.")
    distance: float = Field(description="Euclidean, between the means of their faces.")
    doubt: float = Field(description="0 to 1: none, and the limit for asking.")
    reason: ProposalReason
    proposed_at: datetime
    skipped: bool

    @classmethod
    def of(cls, row: ProposalRow) -> Self:
        """From a row of the queue."""
        return cls.model_validate(proposal_fields(row))


class ProposalsPage(Schema):
    """Part of a listing. `next` is the cursor of the following part; null at the end."""

    items: list[Proposal]
    total: int
    next: str | None


class ProposalAnswer(Body):
    """One answer about two people."""

    one: Id
    other: Id
    answer: TwoWord = Field(
        description="`merge`: they are one. `apart`: they are two, for good; may be said of any two. "
        "`skip`: not now; it comes last."
    )
    into: Id | None = Field(default=None, description="With `merge`: who stays; null for `stays`.")

    def value(self) -> TwoAnswer:
        """As the action takes it."""
        return TwoAnswer(self.one, self.other, self.answer, self.into)


class ProposalAnswers(Body):
    """Answers that are one decision."""

    answers: Annotated[list[ProposalAnswer], Field(min_length=1, max_length=MAX_TWO_ANSWERS)]


class ProposalAnswered(Schema):
    """What became of one answer."""

    one: int
    other: int
    outcome: TwoOutcome = Field(
        description="`merged`, `apart`, `skipped`; or nothing was done: `answered` (meanwhile, by somebody "
        "else), `not_found` (no such people or question)."
    )
    person: int | None = Field(description="Who stays, of two that were merged.")

    @classmethod
    def of(cls, given: TwoGiven) -> Self:
        """From the action."""
        return cls.model_validate(asdict(given))


class ProposalsAnswered(Schema):
    """A word for each answer, in their order."""

    items: list[ProposalAnswered]
