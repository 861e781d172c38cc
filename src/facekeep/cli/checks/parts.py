"""What belongs to the program: weights, models, the page, the server."""

from pathlib import Path

from facekeep.cli.checks.finding import Check, failed
from facekeep.cli.output import count
from facekeep.domain.errors import FacekeepError
from facekeep.settings import Settings


def weights() -> Check:
    """The weight files that came with the program, by their hashes."""
    from facekeep.inference.bundled import SOURCES, read_weights

    try:
        for weights in SOURCES.values():
            read_weights(weights)
    except FacekeepError as error:
        return failed("weight files", error)
    return Check("weight files", "ok", f"{count(len(SOURCES), 'file')}, as expected by their hashes")


def models(home: Path) -> Check:
    """Whether the models have been made of them."""
    from facekeep.api.readiness import are_models_ready
    from facekeep.domain.packs import BUNDLED

    if are_models_ready(home / "models", BUNDLED):
        return Check("models", "ok", f"{BUNDLED.label} is ready")
    return Check("models", "ok", f"{BUNDLED.label} is made on first use, within seconds")


def page() -> Check:
    """Whether the page was built."""
    from facekeep.api.pages import FOLDER, is_built

    if is_built():
        return Check("page", "ok", "built")
    return Check("page", "warn", f"not built: {FOLDER} is missing", "Run script/setup in the checkout.")


def server(settings: Settings) -> Check:
    """Whether it runs, or could."""
    from facekeep.api.server import listen
    from facekeep.cli.running import url_of_running

    url = url_of_running(settings.home)
    if url is not None:
        return Check("server", "ok", f"running at {url}")
    try:
        listen(settings.host, settings.port).close()
    except FacekeepError as error:
        return Check("server", "warn", error.message, error.hint)
    return Check("server", "ok", f"not running; port {settings.port} is free")
