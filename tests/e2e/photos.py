"""Photos for the browser tests where no real library is at hand, and files that are none."""

from importlib import resources
from pathlib import Path

from PIL import Image

BROKEN = {
    "empty.jpg": b"",
    "cut off.jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00",
    "a <b>bold name.png": b"\x89PNG\r\n\x1a\n" + b"not a picture" * 20,
}
"""Files that are no photos, though they are called so, by name. One name would be markup if it were let."""


def add_broken(folder: Path) -> None:
    for name, content in BROKEN.items():
        (folder / name).write_bytes(content)


def make_portraits(folder: Path, count: int) -> Path:
    """So many different photos of one person (the astronaut that comes with scikit-image, public domain)."""
    folder.mkdir(parents=True)
    with resources.files("skimage").joinpath("data/astronaut.png").open("rb") as file:
        astronaut = Image.open(file).convert("RGB")
    for number in range(count):
        shift = 3 * number
        portrait = astronaut.crop((shift % 60, 0, 512, 512 - shift % 80)).resize((900 - number, 880))
        portrait.save(folder / f"portrait-{number:02}.jpg", quality=90)
    return folder
