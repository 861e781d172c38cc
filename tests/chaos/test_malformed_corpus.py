"""What the malformed pictures are made of: sound ones that are really decoded, and damage of every kind."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from tests.chaos.anatomy import parts, sizes
from tests.chaos.hard_cases import BEYOND_ANY_FILE
from tests.chaos.malformed import write_mutants
from tests.chaos.mutations import MUTATIONS
from tests.chaos.sound import HEIGHT, WIDTH, pictures

from facekeep.domain.errors import FailureCode, PhotoFault
from facekeep.inference.decode import decode


@pytest.mark.parametrize("name", pictures())
def test_a_sound_picture_is_decoded_and_its_parts_are_known(name: str, tmp_path: Path) -> None:
    data = pictures()[name]
    (tmp_path / name).write_bytes(data)
    facts = decode(tmp_path / name, long_side=WIDTH).facts
    assert {facts.width, facts.height} in ({WIDTH, HEIGHT}, {80, 64})
    assert all(0 <= part.start < part.end <= len(data) for part in parts(data))
    assert sizes(data)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: str(mutation.__name__))
def test_a_mutation_changes_what_it_is_given(mutation: object, tmp_path: Path) -> None:
    assert callable(mutation)
    sound = list(pictures().values())
    changed = [mutation(data, sound[0], random.Random(at)) != data for at, data in enumerate(sound)]
    assert sum(changed) >= 0.7 * len(changed)


def test_the_mutants_are_the_same_ones_every_time(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        write_mutants(tmp_path / folder, 60, first=300)
    files = [sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*"))]
    assert len(files[0]) == 60
    assert all(
        (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in files[0]
    )


def test_damage_is_mostly_noticed(tmp_path: Path) -> None:
    """A corpus that decoders shrug off would prove nothing."""
    outcomes = [_decoded(path) for path in write_mutants(tmp_path, 2 * len(pictures()))]
    assert outcomes.count(False) > len(outcomes) // 3
    assert outcomes.count(True) > len(outcomes) // 8


def test_a_place_that_no_file_has_is_the_photos_fault_and_not_the_disks(tmp_path: Path) -> None:
    """As a fault of storage it would be tried for ever, and pause its whole library."""
    path = tmp_path / "beyond.tif"
    path.write_bytes(BEYOND_ANY_FILE)
    with pytest.raises(PhotoFault) as raised:
        decode(path, long_side=WIDTH)
    assert raised.value.failure is FailureCode.UNREADABLE


def test_a_header_that_asks_for_gigabytes_is_given_what_the_file_has(tmp_path: Path) -> None:
    """Room for all that is asked for would end a child, or be tried again and again as a lack of memory."""
    sound = pictures()["eight.png"]
    at = sound.rfind(b"IDAT") - 4
    path = tmp_path / "greedy.png"
    path.write_bytes(sound[:at] + b"\x7f\xff\xff\xff" + sound[at + 4 :])
    program = f"""
import resource
from facekeep.inference.decode import decode
resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30))
print(decode({str(path)!r}, long_side={WIDTH}).pixels.shape)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"({WIDTH}, {HEIGHT}, 3)"  # upright: it lies on its side


def _decoded(path: Path) -> bool:
    try:
        decode(path, long_side=WIDTH)
    except PhotoFault:
        return False
    return True
