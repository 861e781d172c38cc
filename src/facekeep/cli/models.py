"""`facekeep models`."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facekeep.cli import options
from facekeep.cli.options import Home, Json
from facekeep.cli.progress import Downloads
from facekeep.domain.errors import UsageError

if TYPE_CHECKING:
    from facekeep.actions.models import PackState
    from facekeep.domain.packs import ModelPack
    from facekeep.store.database import Reader

app = typer.Typer(help="The model packs that find and recognise faces.", no_args_is_help=True)


Pack = Annotated[str, typer.Argument(metavar="PACK", help="bundled, opencv, buffalo_s or buffalo_l.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Agree, without being asked.")]


@app.command("list")
def list_models(json: Json = False, home: Home = None) -> None:
    """List the model packs: what they are, their licence, which is in use, and how far a change is."""
    from facekeep.actions import models as actions
    from facekeep.api.models_schemas import model_fields
    from facekeep.api.readiness import are_models_ready
    from facekeep.cli.output import emit
    from facekeep.domain.packs import PACKS

    settings = options.load(home)
    with options.looking(settings) as reader:
        states = actions.listed(reader, PACKS, lambda pack: are_models_ready(settings.home / "models", pack))
        if json:
            for state in states:
                emit(model_fields(state))
            return
        _show(states)
        if reader is not None:
            say_change(reader)


def _show(states: "list[PackState]") -> None:
    from facekeep.cli.output import table

    rows = (
        (state.pack.label, _state(state), f"{state.faces:,}", state.pack.licence, state.pack.description)
        for state in states
    )
    table(["model", "state", ">faces", "licence", "description"], rows)


def _state(state: "PackState") -> str:
    if state.active:
        return "in use" if state.ready else "in use; made on first use"
    if state.wanted:
        return "being changed to"
    return "ready" if state.ready else "not here"


def say_change(reader: "Reader") -> None:
    """How far the change to another pack is; nothing when there is none."""
    from facekeep.actions import models as actions
    from facekeep.cli.output import count, say, span

    change = actions.change(reader)
    if change is None:
        return
    parts = [f"{change.done:,} of {count(change.photos, 'photo')} embedded"]
    parts += [f"{change.failed:,} given up"] if change.failed else []
    parts += ["paused"] if change.paused else []
    if change.seconds_left is not None:
        parts += [f"{change.rate:.1f} a second", f"about {span(change.seconds_left)} left"]
    say(f"changing from {change.active} to {change.wanted}: {', '.join(parts)}")
    left = actions.left(reader)
    if left.away:
        say(
            f"{count(left.away, 'photo')} in folders that are away: `facekeep models use --now` does not wait"
        )
    if left.gone:
        say(f"{count(left.gone, 'photo')} without a file any more: not waited for")


@app.command("use")
def use_model(
    pack: Pack,
    yes: Yes = False,
    now: Annotated[
        bool, typer.Option("--now", help="Do not wait for photos in folders that are away.")
    ] = False,
    home: Home = None,
) -> None:
    """Change to another model pack: every known face is embedded under it, then matching goes by it.

    `facekeep serve` or `facekeep worker` does it in the background. People, names and all that you decided
    stay. Changing back is instant. The pack in use ends a change that is under way.
    """
    from facekeep import bootstrap
    from facekeep.actions import models as actions
    from facekeep.cli.output import note, say
    from facekeep.domain.packs import pack_called

    settings, found = options.load(home), pack_called(pack)
    accepted = _agreed(found, yes)
    with bootstrap.open_context(settings, notice=note) as ctx:
        use = actions.use(ctx, found, accepted=accepted, without_away=now)
        if use.active_label == found.label:
            say(f"{found.label} is in use")
            return
        say(f"{found.label} will be in use when every face is embedded under it")
        with ctx.database.read() as reader:
            say_change(reader)
            _say_who_works(reader)


def _say_who_works(reader: "Reader") -> None:
    from facekeep.cli.output import say
    from facekeep.store.steering import workers

    if not any(worker.alive and worker.role != "scan" for worker in workers(reader)):
        say("nobody works on it now: start `facekeep serve` or `facekeep worker`")


def _agreed(pack: "ModelPack", yes: bool) -> bool:
    """Whether the user agrees to the pack's terms; asked on a terminal."""
    if not pack.terms or yes:
        return yes
    return sys.stdin.isatty() and typer.confirm(f"{pack.name}: {pack.terms}\nIs your use within these terms?")


@app.command("pause")
def pause_change(home: Home = None) -> None:
    """Let the change to another pack rest, until `facekeep models resume`; photos are looked at as ever."""
    _steer(home, "pause", "paused; `facekeep models resume` goes on")


@app.command("resume")
def resume_change(home: Home = None) -> None:
    """Go on with the change to another pack, also with photos that were given up."""
    _steer(home, "resume", "goes on")


@app.command("cancel")
def cancel_change(home: Home = None) -> None:
    """Stay with the pack in use. What is embedded already is kept, for the next time."""
    _steer(home, "cancel", "the pack in use stays")


def _steer(home: Path | None, verb: str, done: str) -> None:
    from facekeep import bootstrap
    from facekeep.actions import models as actions
    from facekeep.cli.output import note, say

    settings = options.load(home)
    if not options.is_begun(settings):
        say(options.nothing_yet(settings))
        return
    with bootstrap.open_context(settings, notice=note) as ctx:
        {"pause": actions.pause, "resume": actions.resume, "cancel": actions.cancel}[verb](ctx)
    say(done)


@app.command("download")
def download(pack: Pack, yes: Yes = False, home: Home = None) -> None:
    """Download a model pack to this machine. Broken off, it goes on from there the next time.

    The size and SHA-256 of every file are known beforehand, and anything else is refused.
    """
    from facekeep.actions import bringing
    from facekeep.cli.output import say
    from facekeep.domain.packs import pack_called

    settings, found = options.load(home), pack_called(pack)
    accepted = _agreed(found, yes)
    with Downloads() as progress:
        came = bringing.download(
            settings.home / "models",
            found,
            accepted=accepted,
            base_url=settings.models_url,
            progress=progress,
        )
    say(f"{found.label} is here" if came else f"{found.label} is here already")
    say(f"`facekeep models use {found.name}` changes to it")


@app.command("add")
def add(
    pack: Pack,
    source: Annotated[
        Path, typer.Option("--from", metavar="FOLDER", help="Where the pack's files, or its archive, are.")
    ],
    sha256: Annotated[
        list[str] | None,
        typer.Option(
            "--sha256",
            metavar="FILE=HASH",
            help="Take a file that is another than the published one, if its SHA-256 is this.",
        ),
    ] = None,
    yes: Yes = False,
    home: Home = None,
) -> None:
    """Take a model pack's files from a folder, without any network; they are checked like downloads."""
    from facekeep.actions import bringing
    from facekeep.cli.output import say
    from facekeep.domain.packs import pack_called

    settings, found = options.load(home), pack_called(pack)
    by_hand = dict(_pair(text) for text in ([] if sha256 is None else sha256))
    accepted = _agreed(found, yes)
    bringing.add(settings.home / "models", found, source, accepted=accepted, by_hand=by_hand)
    say(f"{found.label} is here")
    say(f"`facekeep models use {found.name}` changes to it")


def _pair(text: str) -> tuple[str, str]:
    file, _, digest = text.partition("=")
    if not re.fullmatch(r"[0-9a-fA-F]{64}", digest):
        raise UsageError(f"--sha256 {text}: FILE=HASH is needed, the hash in 64 hexadecimal digits")
    return file, digest.lower()


@app.command("remove")
def remove(pack: Pack, yes: Yes = False, home: Home = None) -> None:
    """Drop a pack's embeddings and files, after asking; not of the pack in use."""
    from facekeep import bootstrap
    from facekeep.actions import models as actions
    from facekeep.cli.output import count, note, say
    from facekeep.domain.packs import pack_called

    settings, found = options.load(home), pack_called(pack)
    question = f"Drop the files and all embeddings of {found.label}? Nothing you decided is lost"
    if not yes and not (sys.stdin.isatty() and typer.confirm(question)):
        raise UsageError(f"nothing was removed: {found.label} is dropped only after a yes", hint="Say --yes.")
    with bootstrap.open_context(settings, notice=note) as ctx:
        dropped = actions.remove(ctx, found)
    say(f"{found.label} is removed; {count(dropped, 'embedding')} dropped")


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
