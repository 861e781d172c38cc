"""How much of everything is measured: the whole, the short form, or the least that runs every line."""

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """The sizes of a run. Every size of the published figures is the default."""

    repetitions: int = 5
    chips: int = 32
    detection_photos: int = 40
    """At most so many of the annotated photos, those with most faces first."""
    pipeline_photos: int = 16
    pipeline_repetitions: int = 3
    megapixels: float = 12.0
    copy_side: int = 1080
    working_side: int = 1280
    memory_photos: int = 2000
    memory_sample_s: float = 1.0
    grouping_faces: tuple[int, ...] = (10_000, 100_000)
    grouping_rivals: bool = True
    cores: int = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


FULL = Plan()
QUICK = Plan(
    repetitions=3,
    chips=16,
    detection_photos=4,
    pipeline_photos=6,
    pipeline_repetitions=1,
    memory_photos=100,
    grouping_faces=(10_000,),
    grouping_rivals=False,
)
LEAST = Plan(
    repetitions=1,
    chips=2,
    detection_photos=1,
    pipeline_photos=1,
    pipeline_repetitions=1,
    megapixels=0.2,
    copy_side=320,
    working_side=320,
    memory_photos=8,
    memory_sample_s=0.1,
    grouping_faces=(300,),
    grouping_rivals=False,
    cores=1,
)
