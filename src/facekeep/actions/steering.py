"""What the user says to all workers, wherever they run."""

from facekeep.actions.context import Context
from facekeep.store import steering
from facekeep.store.steering import Control


def pause(ctx: Context) -> Control:
    """Claim no more photos until `resume`; what is in hand is finished. Outlives restarts."""
    return _set(ctx, paused=True)


def resume(ctx: Context) -> Control:
    """Go on."""
    return _set(ctx, paused=False)


def release_models(ctx: Context) -> None:
    """Give the models' memory back; they are loaded again with the next photo."""
    with ctx.database.write("user") as writer:
        steering.request_release(writer)
    ctx.wake()


def _set(ctx: Context, *, paused: bool) -> Control:
    with ctx.database.write("user") as writer:
        steering.set_paused(writer, paused)
        said = steering.control(writer)
    ctx.wake()
    return said
