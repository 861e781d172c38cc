"""`facekeep worker`."""

import typer

from facekeep.cli import options
from facekeep.cli.options import Home, Workers


def worker(workers: Workers = None, home: Home = None) -> None:
    """Look at photos until stopped, beside others: any number of workers may share one database.

    It scans no folders: `facekeep serve` or `facekeep scan` finds the photos, and this machine must see
    them under the same paths. On another machine, set FACEKEEP_DATABASE_URL. Ctrl-C stops after the photos
    in hand.
    """
    from facekeep import bootstrap
    from facekeep.cli.output import note
    from facekeep.cli.progress import Steps
    from facekeep.cli.stopping import stoppable

    settings = options.load(home, workers=workers)
    options.start_logging(settings)
    with bootstrap.open_context(settings, notice=note) as ctx:
        with Steps() as steps:
            bootstrap.prepare_models(settings, progress=steps)
        with stoppable() as stop, bootstrap.open_background(settings, ctx, role="worker"):
            typer.echo("facekeep: working (Ctrl-C stops)")
            stop.wait()
