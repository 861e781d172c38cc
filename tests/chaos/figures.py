"""What the tests measure, told at the end of the run and, if asked, kept in a file.

Tests run in several processes: each notes its figures in a file of its own, which the one that reports reads.
"""

import json
import os
from pathlib import Path

FIGURES_FOLDER = "FACEKEEP_CHAOS_FIGURES"
"""Environment variable: a folder for figures and plots."""

_PARTS = "figures-*.json"

_figures: dict[str, str] = {}


def tell(name: str, value: str) -> None:
    """Note a figure."""
    _figures[name] = value
    folder = results_folder()
    if folder is not None:
        (folder / f"figures-{os.getpid()}.json").write_text(json.dumps(_figures), "utf-8")


def told() -> dict[str, str]:
    """All that were noted in this run, by any process; kept as figures.json."""
    folder = results_folder()
    if folder is None:
        return dict(_figures)
    found: dict[str, str] = {}
    for part in sorted(folder.glob(_PARTS)):
        found |= json.loads(part.read_text("utf-8"))
        part.unlink()
    if found:
        (folder / "figures.json").write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    return found


def results_folder() -> Path | None:
    """Where plots and figures go; None when nobody asked for them."""
    asked = os.environ.get(FIGURES_FOLDER, "")
    return Path(asked) if asked else None
