"""What a process does before others are forked from it, so that they need not."""

from pathlib import Path


def preload(models_folder: Path) -> None:
    """Import the codecs and what reads and judges pictures, and check the models' files if they are there:
    0.18 s that each fork is spared.

    Starts no thread and loads no model. The runtime is left out: it starts a thread when it is imported,
    and a fork of a process with threads may inherit a lock that nobody will ever open.
    """
    import pillow_heif  # noqa: F401
    import rawpy  # noqa: F401
    import simplejpeg  # noqa: F401
    from PIL import Image, ImageCms  # noqa: F401

    from facekeep.inference import bundled, crops, models  # noqa: F401

    Image.init()
    bundled.check(models_folder)
