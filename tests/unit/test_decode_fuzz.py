"""Damaged bytes of every format: each file ends as pixels or as a PhotoFault, without a crash."""

import json
import random
import subprocess
import sys
from collections import Counter
from io import BytesIO
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from made_photos import dng, exif, jpeg, picture, png_bytes, scene
from PIL import Image

SEED = 20240229
ROUNDS = 26

# In a process of its own: a codec that crashes shall fail this test and not the run.
PROGRAM = """
import json, sys, warnings
from pathlib import Path
from facekeep.domain.errors import PhotoFault
from facekeep.inference.decode import decode
from tests.peak_memory import peak_kilobytes
warnings.simplefilter("error")
outcomes = {}
for path in sorted(Path(sys.argv[1]).iterdir()):
    Path(sys.argv[2]).write_text(path.name)
    try:
        pixels = decode(path, long_side=200, max_pixels=4_000_000).pixels
        good = str(pixels.dtype) == "uint8" and pixels.ndim == 3 and max(pixels.shape) <= 200
        outcomes[path.name] = "decoded" if good else f"{pixels.dtype} {pixels.shape}"
    except PhotoFault as fault:
        named = fault.message.startswith(str(path)) and len(fault.message) > len(str(path)) + 5
        outcomes[path.name] = str(fault.failure) if named else f"badly named: {fault.message}"
peak = peak_kilobytes() // 1024
print(json.dumps({"outcomes": outcomes, "peak": peak}))
"""


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def heic() -> bytes:
    buffer = BytesIO()
    pillow_heif.from_pillow(picture(320, 240)).save(buffer, quality=80, exif=exif(6))
    return buffer.getvalue()


def originals() -> dict[str, bytes]:
    noise = Image.fromarray(np.random.default_rng(SEED).integers(0, 256, (60, 90, 3), dtype=np.uint8))
    camera = {0x9003: "2020:01:02 03:04:05"}
    return {
        "jpeg": jpeg(noise, exif=exif(6, camera)),
        "progressive": jpeg(picture(), progressive=True),
        "inks": jpeg(picture().convert("CMYK")),
        "png": saved(noise, "PNG"),
        "png16": png_bytes(np.asarray(noise).astype(np.uint16) * 257, 2),
        "webp": saved(noise, "WEBP"),
        "gif": saved(noise, "GIF"),
        "bmp": saved(noise, "BMP"),
        "tiff": saved(noise, "TIFF", compression="tiff_lzw"),
        "avif": saved(noise, "AVIF"),
        "heic": heic(),
        "dng": dng(scene(64, 48), None),
        "dng-preview": dng(scene(64, 48), jpeg(picture(64, 48))),
    }


def damaged(data: bytes, chance: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        # Headers hold the numbers that decide; half of the damage goes there.
        at = chance.randrange(min(len(out), chance.choice((400, len(out)))))
        way = chance.randrange(6)
        if way == 0:
            out[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"))
        elif way == 1:
            del out[at : at + chance.randrange(1, 40)]
        elif way == 2:
            out[at:at] = chance.randbytes(chance.randrange(1, 40))
        else:
            out[at] ^= 1 << chance.randrange(8)
        if len(out) < 16:
            break
    return bytes(out[: chance.randrange(len(out))] if chance.random() < 0.1 else out)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("damaged")
    last = folder.parent / f"{folder.name}-last"
    chance = random.Random(SEED)
    for kind, data in originals().items():
        (folder / f"{kind}.whole").write_bytes(data)
        for number in range(ROUNDS):
            (folder / f"{kind}.{number}").write_bytes(damaged(data, chance))
    command = [sys.executable, "-c", PROGRAM, str(folder), str(last)]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)
    assert done.returncode == 0, f"ended with {done.returncode} at {last.read_text()}: {done.stderr[-2000:]}"
    result: dict[str, object] = json.loads(done.stdout)
    return result


def outcomes(report: dict[str, object]) -> dict[str, str]:
    found = report["outcomes"]
    assert isinstance(found, dict)
    return found


def test_every_file_ends_as_pixels_or_as_a_named_fault(report: dict[str, object]) -> None:
    allowed = {"decoded", "unreadable", "too_large"}
    assert {name: what for name, what in outcomes(report).items() if what not in allowed} == {}
    assert len(outcomes(report)) == len(originals()) * (ROUNDS + 1)


def test_the_undamaged_files_are_decoded_and_damage_is_noticed(report: dict[str, object]) -> None:
    found = outcomes(report)
    whole = {name: what for name, what in found.items() if name.endswith(".whole")}
    assert set(whole.values()) == {"decoded"}
    assert Counter(found.values())["unreadable"] > len(found) // 4


def test_memory_stays_small(report: dict[str, object]) -> None:
    peak = report["peak"]
    assert isinstance(peak, int)
    assert peak < 400
