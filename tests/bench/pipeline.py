"""From files to faces with vectors, on every core: facekeep against the usual recipe of face_recognition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.bench import program
from tests.bench.photos import Annotated, large, of_megapixels, of_side
from tests.bench.plan import Plan
from tests.bench.recipe import Recipe, open_recipe
from tests.bench.results import Finding, Ratio, Result, rate
from tests.bench.timing import Duel, in_turn, seconds
from tests.bench.truth import Boxes, Found, boxes_of, judge

from facekeep.domain.faces import Box
from facekeep.worker.children import Children

LARGE_TARGET, SMALL_TARGET = 15.0, 2.0
PROGRAM_COPIES = 6
"""The program scans so many copies of each photo: to begin and to end a scan takes a while in itself."""

US, PROGRAM, USUAL, SHRUNK = "facekeep", "program", "usual", "shrunk"


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """Photos of one size, and what is hoped for."""

    label: str
    photos: Sequence[Annotated]
    target: float

    @property
    def paths(self) -> list[Path]:
        return [photo.path for photo in self.photos]


def run(plan: Plan, photos: Sequence[Annotated], models_folder: Path, scratch: Path) -> Result:
    """Twelve megapixels, and small copies of the same photos."""
    chosen = large(photos, plan.pipeline_photos)
    whole, enlarged = of_megapixels(chosen, plan.megapixels, scratch / "large")
    label = f"{len(chosen)} photos of {plan.megapixels:g} megapixels"
    fields = [
        Field(label, whole, LARGE_TARGET),
        Field(
            f"the same {len(chosen)} at {plan.copy_side} pixels",
            of_side(chosen, plan.copy_side, scratch / "small"),
            SMALL_TARGET,
        ),
    ]
    note = f"{enlarged} of the {len(chosen)} photos were enlarged to {plan.megapixels:g} megapixels."
    result = Result(notes=(note,))
    with program.open_children(plan.cores, models_folder) as children, open_recipe(plan.cores) as recipe:
        for number, field in enumerate(fields):
            result += _measure(plan, field, children, recipe, scratch / f"scanned-{number}")
    return result


def _measure(plan: Plan, field: Field, children: Children, recipe: Recipe, scratch: Path) -> Result:
    # Looking once at everything warms both sides up, and tells what they find.
    findings = _findings(field, children, recipe)
    pieces = {US: len(field.photos), USUAL: len(field.photos), SHRUNK: len(field.photos)}
    pieces[PROGRAM] = program.distinct_copies(field.paths, PROGRAM_COPIES, scratch)
    sides = {
        US: partial(seconds, partial(program.look_at, children, field.paths)),
        PROGRAM: partial(program.scan, scratch, plan.cores, children),
        USUAL: partial(seconds, partial(recipe.look_at, field.paths)),
        SHRUNK: partial(seconds, partial(recipe.look_at, field.paths, shrink=True)),
    }
    taken = in_turn(sides, plan.pipeline_repetitions)
    a_photo = {name: tuple(each / pieces[name] for each in values) for name, values in taken.items()}
    return Result(ratios=_ratios(field, a_photo), findings=findings)


def _ratios(field: Field, a_photo: Mapping[str, tuple[float, ...]]) -> tuple[Ratio, ...]:
    usual, shrunk = "face_recognition's usual recipe", "its command line's, shrunk to 1600 pixels first"
    pairs = [
        (f"Decode, detect, embed {field.label}", US, USUAL, usual, field.target),
        (f"The whole program, with database: {field.label}", PROGRAM, USUAL, usual, None),
        (f"Decode, detect, embed {field.label}", US, SHRUNK, shrunk, None),
    ]
    return tuple(
        rate(what, against, Duel(a_photo[ours], a_photo[theirs]), 1, target)
        for what, ours, theirs, against, target in pairs
    )


def _findings(field: Field, children: Children, recipe: Recipe) -> tuple[Finding, ...]:
    looked = program.look_at(children, field.paths)
    ours = [boxes_of(_corners(face.box) for face in analysis.faces) for analysis in looked]
    usual = [each.boxes for each in recipe.look_at(field.paths)]
    shrunk = [each.boxes for each in recipe.look_at(field.paths, shrink=True)]
    everybody = {"facekeep": ours, "usual recipe": usual, "recipe shrunk to 1600": shrunk}
    return tuple(Finding(field.label, who, _judged(field, boxes)) for who, boxes in everybody.items())


def _corners(box: Box) -> tuple[float, float, float, float]:
    return box.x, box.y, box.x + box.width, box.y + box.height


def _judged(field: Field, boxes: Sequence[Boxes]) -> Found:
    each = [judge(found, photo.marks) for found, photo in zip(boxes, field.photos, strict=True)]
    return sum(each, Found())
