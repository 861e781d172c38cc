"""Model packs, as they go over HTTP."""

from dataclasses import asdict
from datetime import datetime
from typing import Self

from pydantic import Field

from facekeep.actions.context import Activity as Doing
from facekeep.actions.models import Change, PackState
from facekeep.api import schemas
from facekeep.api.fields import status_fields
from facekeep.api.schemas import Activity, Body, Schema, Text
from facekeep.store.packs import FailedPhoto, Left, Use
from facekeep.store.rows import Status as StatusRow


class ModelChange(Schema):
    """The change to another model pack, in photos. New photos count as they come."""

    active: str = Field(description="The pack that matching goes by meanwhile.", examples=["bundled-1"])
    wanted: str = Field(description="The pack that it will go by.", examples=["opencv-1"])
    paused: bool
    photos: int = Field(description="All that were to do: `done`, `waiting` and `failed` together.")
    done: int
    waiting: int
    failed: int = Field(description="Tried and given up; the change does not wait for them.")
    rate: float = Field(description="Photos a second, of all workers together.")
    seconds_left: float | None = Field(description="An estimate for `waiting`; null without a rate.")

    @classmethod
    def of(cls, change: Change) -> Self:
        """From what the action tells."""
        return cls.model_validate(asdict(change))


class Status(schemas.Status):
    """One look at the whole."""

    model_change: ModelChange | None = Field(
        default=None, description="The change to another model pack; null when there is none."
    )

    @classmethod
    def told(cls, row: StatusRow, doing: Doing, change: Change | None) -> Self:
        """From the counts and what goes on."""
        going = None if change is None else ModelChange.of(change)
        return cls.model_validate(
            status_fields(row) | {"activity": Activity.of(doing), "model_change": going}
        )


class Model(Schema):
    """A model pack."""

    model: str = Field(description="Name and version.", examples=["opencv-1"])
    name: str = Field(examples=["opencv"])
    version: int
    description: str
    licence: str
    terms: str = Field(description="What its user must agree to; empty where there is nothing to ask.")
    dimensions: int = Field(description="How many numbers an embedding has.")
    calibrated: bool = Field(
        description="Whether its thresholds were measured by facekeep, not taken from what others publish."
    )
    active: bool = Field(description="Matching goes by it.")
    wanted: bool = Field(description="It is being changed to.")
    ready: bool = Field(description="Its files are on the server's machine.")
    faces: int = Field(description="How many faces have an embedding under it.")

    @classmethod
    def of(cls, state: PackState) -> Self:
        """From what the action tells."""
        return cls.model_validate(model_fields(state))


class NotEmbedded(Schema):
    """A photo whose faces could not be embedded under the pack."""

    photo: int
    code: str = Field(examples=["missing_file"])
    message: str
    tries: int


class Models(Schema):
    """The model packs, which of them is in use, and the change to another one."""

    items: list[Model]
    change: ModelChange | None
    waiting: int = Field(description="Photos with a face that still lacks an embedding and will get one.")
    away: int = Field(description="Those of `waiting` whose library is offline.")
    gone: int = Field(description="Photos of which no file is there any more; not waited for.")
    failed: list[NotEmbedded] = Field(description="The first 100 that were given up.")
    switched_at: datetime | None = Field(description="When another pack last came into use.")

    @classmethod
    def told(
        cls, states: list[PackState], change: Change | None, left: Left, failed: list[FailedPhoto], use: Use
    ) -> Self:
        """From what the actions tell."""
        return cls(
            items=[Model.of(state) for state in states],
            change=None if change is None else ModelChange.of(change),
            waiting=left.waiting,
            away=left.away,
            gone=left.gone,
            failed=[NotEmbedded.model_validate(asdict(each)) for each in failed],
            switched_at=use.switched_at,
        )


class UseModel(Body):
    """Which pack to change to."""

    model: Text = Field(description="Its name or label.", examples=["opencv"], max_length=100)
    accept_terms: bool = Field(default=False, description="Your use is within the pack's `terms`.")
    without_away: bool = Field(default=False, description="Do not wait for photos that are out of reach now.")


def model_fields(state: PackState) -> dict[str, object]:
    """The names of the contract, which the command line uses as well."""
    pack = state.pack
    return {
        "model": pack.label,
        "name": pack.name,
        "version": pack.version,
        "description": pack.description,
        "licence": pack.licence,
        "terms": pack.terms,
        "dimensions": pack.dimensions,
        "calibrated": pack.calibrated,
        "active": state.active,
        "wanted": state.wanted,
        "ready": state.ready,
        "faces": state.faces,
    }
