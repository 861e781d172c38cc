"""How much is done: the short form runs with every test, the full form by `script/chaos`."""

import os
from dataclasses import dataclass

FULL_FORM = "FACEKEEP_CHAOS"
"""Environment variable; `full` asks for the full form."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The numbers of one form. What is marked `full_form` has none in the short one."""

    poisoned_photos: int
    kill_photos: int
    kills: int
    outage_photos: int
    outages: int
    mutants: int
    worker_photos: int
    worker_counts: tuple[int, ...]
    soak_photos: int
    full: bool = False


SHORT = Plan(
    poisoned_photos=40,
    kill_photos=0,
    kills=0,
    outage_photos=40,
    outages=1,
    mutants=100,
    worker_photos=0,
    worker_counts=(1,),
    soak_photos=0,
)
FULL = Plan(
    poisoned_photos=1000,
    kill_photos=500,
    kills=50,
    outage_photos=400,
    outages=10,
    mutants=5500,
    worker_photos=400,
    worker_counts=(1, 2, 4),
    soak_photos=10_000,
    full=True,
)


def chosen() -> Plan:
    """The form that the environment asks for."""
    return FULL if os.environ.get(FULL_FORM) == "full" else SHORT
