"""`facekeep pause` and `facekeep resume`."""

from facekeep.cli import options
from facekeep.cli.options import Home


def pause(home: Home = None) -> None:
    """Let every worker take up no more photos, on every machine, until `facekeep resume`.

    What is in hand is finished. It outlives restarts: `facekeep scan` waits as well.
    """
    from facekeep import bootstrap
    from facekeep.actions import steering
    from facekeep.cli.output import note, say

    settings = options.load(home)
    if not options.is_begun(settings):
        say(options.nothing_yet(settings))
        return
    with bootstrap.open_context(settings, notice=note) as ctx:
        said = steering.pause(ctx)
    say(f"paused since {said.paused_at:%Y-%m-%d %H:%M:%S %Z}; `facekeep resume` goes on")


def resume(home: Home = None) -> None:
    """Go on after `facekeep pause`."""
    from facekeep import bootstrap
    from facekeep.actions import steering
    from facekeep.cli.output import note, say

    settings = options.load(home)
    if not options.is_begun(settings):
        say(options.nothing_yet(settings))
        return
    with bootstrap.open_context(settings, notice=note) as ctx:
        steering.resume(ctx)
    say("photos are looked at again, wherever `facekeep serve` or `facekeep worker` runs")
