"""What the tests measure, told at the end of the run and, if asked, written to a file."""

import json
import os
from pathlib import Path

FIGURES_FILE = "FACEKEEP_CHAOS_FIGURES"
"""Environment variable: a folder for figures and plots."""

_figures: dict[str, str] = {}


def tell(name: str, value: str) -> None:
    """Note a figure."""
    _figures[name] = value
    folder = results_folder()
    if folder is not None:
        (folder / "figures.json").write_text(json.dumps(_figures, indent=2) + "\n", "utf-8")


def told() -> dict[str, str]:
    """All that were noted, in their order."""
    return dict(_figures)


def results_folder() -> Path | None:
    """Where plots and figures go; None when nobody asked for them."""
    asked = os.environ.get(FIGURES_FILE, "")
    return Path(asked) if asked else None
