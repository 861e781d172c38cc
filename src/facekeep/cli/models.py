"""`facekeep models`."""

import typer

from facekeep.cli import options
from facekeep.cli.options import Home, Json

app = typer.Typer(help="The model packs that find and recognise faces.", no_args_is_help=True)


@app.command("list")
def list_models(json: Json = False, home: Home = None) -> None:
    """List the model packs: what they are, their licence, and whether they are ready to use."""
    from facekeep.api.readiness import are_models_ready
    from facekeep.cli.output import emit, table
    from facekeep.domain.packs import BUNDLED, PACKS

    settings = options.load(home)
    items = [
        {
            "model": pack.label,
            "name": pack.name,
            "version": pack.version,
            "description": pack.description,
            "licence": pack.licence,
            "dimensions": pack.dimensions,
            "active": pack is BUNDLED,
            "ready": are_models_ready(settings.home / "models", pack),
        }
        for pack in PACKS
    ]
    if json:
        for item in items:
            emit(item)
        return
    rows = (
        (
            item["model"],
            "ready" if item["ready"] else "made on first use",
            item["licence"],
            item["description"],
        )
        for item in items
    )
    table(["model", "state", "licence", "description"], rows)


@app.command("release")
def release(home: Home = None) -> None:
    """Let every worker give the models' memory back now; they are loaded again with the next photo.

    It happens by itself after a while without photos (`models_idle_seconds`).
    """
    from facekeep import bootstrap
    from facekeep.actions import steering
    from facekeep.cli.output import count, note, say
    from facekeep.store.steering import workers

    settings = options.load(home)
    if not options.is_begun(settings):
        say(options.nothing_yet(settings))
        return
    with bootstrap.open_context(settings, notice=note) as ctx:
        steering.release_models(ctx)
        with ctx.database.read() as reader:
            living = sum(worker.alive for worker in workers(reader))
    say(f"asked {count(living, 'worker')}; each ends its idle processes within seconds")
