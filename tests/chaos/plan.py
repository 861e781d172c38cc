"""How much is done: the short form runs with every test, the full form by `script/chaos`."""

import os
from dataclasses import dataclass

FULL_FORM = "FACEKEEP_CHAOS"
"""Environment variable; `full` asks for the full form."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The numbers of one form. Seconds and megabytes where the name says so."""

    poisoned_photos: int
    """Photos among which the faults are spread."""
    poisoned_rounds: int
    """How often each kind of fault occurs, about."""
    kill_photos: int
    kills: int
    outage_photos: int
    outages: int
    mutants: int
    first_mutant: int
    worker_photos: int
    worker_counts: tuple[int, ...]
    soak_photos: int
    full: bool = False


SHORT = Plan(
    poisoned_photos=60,
    poisoned_rounds=1,
    kill_photos=30,
    kills=3,
    outage_photos=40,
    outages=2,
    mutants=120,
    first_mutant=0,
    worker_photos=40,
    worker_counts=(2,),
    soak_photos=0,
)
FULL = Plan(
    poisoned_photos=1000,
    poisoned_rounds=2,
    kill_photos=500,
    kills=50,
    outage_photos=400,
    outages=10,
    mutants=5500,
    first_mutant=0,
    worker_photos=400,
    worker_counts=(1, 2, 4),
    soak_photos=10_000,
    full=True,
)


def chosen() -> Plan:
    """The form that the environment asks for."""
    return FULL if os.environ.get(FULL_FORM) == "full" else SHORT
