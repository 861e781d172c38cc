"""Photo folders as given on the command line: checked before anything is opened or made."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from facekeep.settings import Settings

# Not `readable`: what cannot be read is refused below, in our own words.
Folders = Annotated[
    list[Path], typer.Argument(metavar="DIR…", help="Folders of photos.", show_default=False, readable=False)
]


def checked(settings: Settings, folders: Sequence[Path]) -> list[Path]:
    """Each folder once, in the order given. UsageError: one is missing, a file, unreadable, or ours."""
    from facekeep.library.walk import check_root

    for folder in folders:
        check_root(folder, own=(settings.home,))
    return list(dict.fromkeys(folder.resolve() for folder in folders))


def kinds() -> str:
    """The types of photos that are looked for, in words."""
    return "JPEG, PNG, WebP, TIFF, GIF, BMP, HEIC, AVIF and camera RAW"
