"""A folder of malformed pictures: every sound one, mutations of them, and hard cases made by hand."""

import random
from pathlib import Path

from tests.chaos import hard_cases
from tests.chaos.mutations import MUTATIONS
from tests.chaos.sound import pictures

FOLDER_OF = 250
"""Files in one folder."""


def write_mutants(folder: Path, count: int, first: int = 0) -> list[Path]:
    """So many, told by their numbers: the same ones every time, and `first` begins further on.

    Each format meets each mutation in turn. The names end as the format's do, but for one in ten.
    """
    sound = list(pictures().items())
    return [_write(folder, number, sound) for number in range(first, first + count)]


def write_corpus(folder: Path, mutants: int, *, first: int = 0, heavy: bool = False) -> None:
    """Sound ones, mutants and hard cases, below one folder. `heavy`: the hard cases that take seconds too."""
    (folder / "sound").mkdir(parents=True)
    for name, data in pictures().items():
        (folder / "sound" / name).write_bytes(data)
    hard_cases.write_all(folder / "hard", heavy=heavy)
    write_mutants(folder / "mutants", mutants, first)


def _write(folder: Path, number: int, sound: list[tuple[str, bytes]]) -> Path:
    chance = random.Random(f"malformed {number}")
    name, data = sound[number % len(sound)]
    # A step of one more each round, so that the numbers of formats and mutations need not be coprime.
    mutation = MUTATIONS[(number + number // len(sound)) % len(MUTATIONS)]
    damaged = mutation(data, chance.choice(sound)[1], chance)
    if chance.random() < 0.1:
        name = chance.choice(sound)[0]
    path = folder / f"{number // FOLDER_OF:03d}" / f"{number:05d}-{mutation.__name__}-{name}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(damaged)
    return path
