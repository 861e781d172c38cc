"""Forgetting somebody, as it goes over HTTP."""

from dataclasses import asdict
from datetime import datetime
from typing import Self

from pydantic import Field

from facekeep.actions.forgetting import Forgotten as Result
from facekeep.api.schemas import Body, Id, Schema
from facekeep.library.identity import display_path


class Forget(Body):
    """What to do: a dry run first, then the same with the version that it told."""

    dry_run: bool = Field(default=False, description="Only count what would be erased.")
    confirm: Id | None = Field(default=None, description="The person's `version`; needed unless `dry_run`.")


class CopyMade(Schema):
    """An older copy outside the database, which still has what was forgotten."""

    kind: str = Field(description="`export` or `backup`.")
    place: str
    vectors: bool = Field(description="Whether embeddings are in it.")
    made_at: datetime


class Forgotten(Schema):
    """What is erased, or would be, in numbers of rows."""

    person: int = Field(description="The person that the merges led to.")
    people: int = Field(description="It, and all who went into it.")
    faces: int
    photos: int
    vectors: int
    rejections: int
    entries: int = Field(description="Entries of the journal that are emptied.")
    elsewhere: int = Field(description="Faces that were theirs once and are somebody else's now: they stay.")
    namesakes: list[int] = Field(description="Other people (at most 20) with one of their names: it stays.")
    copies: list[CopyMade]
    version: int = Field(description="Of the person, to confirm with.")
    dry_run: bool

    @classmethod
    def of(cls, result: Result, *, dry_run: bool) -> Self:
        """From what the action says."""
        copies = [
            CopyMade(
                kind=copy.kind, place=display_path(copy.place), vectors=copy.vectors, made_at=copy.made_at
            )
            for copy in result.copies
        ]
        return cls(**(asdict(result) | {"copies": copies, "dry_run": dry_run}))
