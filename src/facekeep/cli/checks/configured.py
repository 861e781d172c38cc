"""Settings: names that mean nothing, and a file that tells a password."""

import os
from pathlib import Path

from facekeep.cli.checks.finding import Check
from facekeep.settings import Settings, unknown_variables


def settings(found: Settings, home: Path | None) -> Check:
    """They were accepted; what is still odd about them."""
    unknown = unknown_variables(os.environ)
    if unknown:
        return Check(
            "settings", "warn", f"unknown: {', '.join(unknown)}", "See docs/settings.md for the names."
        )
    file = found.config_file
    if file.exists() and file.stat().st_mode & 0o044 and "database_url" in file.read_text("utf-8"):
        return Check("settings", "warn", f"{file} can be read by others", f"chmod 600 '{file}'")
    source = "--home" if home is not None else "FACEKEEP_HOME or its default"
    return Check("settings", "ok", f"in order; the data folder comes from {source}")
