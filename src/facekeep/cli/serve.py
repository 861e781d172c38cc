"""`facekeep serve`."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facekeep.cli import options
from facekeep.cli.folders import checked
from facekeep.cli.options import Home, Workers
from facekeep.domain.errors import EnvironmentFault
from facekeep.settings import is_loopback

if TYPE_CHECKING:
    import socket

    from facekeep.actions.context import Context
    from facekeep.api.recent import RecentLines
    from facekeep.settings import Settings


def serve(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[DIR…]", help="Folders of photos to scan as well.", show_default=False, readable=False
        ),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Where to listen (127.0.0.1); elsewhere it asks for a password.",
            show_default=False,
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Which port to listen on (8765); 0 takes a free one.", show_default=False
        ),
    ] = None,
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = False,
    workers: Workers = None,
    home: Home = None,
) -> None:
    """Show the people on a page, and look at photos in the background.

    Folders given here are scanned and remembered. Without any, those known already are served; new ones can
    be added on the page. Ctrl-C stops after the photos in hand.
    """
    from facekeep.api import server

    settings = options.load(home, host=host, port=port, workers=workers)
    if not is_loopback(settings.host) and not options.is_begun(settings):
        raise _no_account(settings)
    roots = checked(settings, folders or [])
    recent = options.start_logging(settings)
    _refuse_second(settings)
    try:
        found = server.listen(settings.host, settings.port)
    except EnvironmentFault:
        # Two that were started at the same moment: the other one has just taken the port.
        _refuse_second(settings)
        raise
    with found:
        _serve(settings, found, roots, open_page, recent)


def _no_account(settings: "Settings") -> EnvironmentFault:
    return EnvironmentFault(
        f"{settings.host} can be reached from other machines, and nobody has an account yet",
        hint="Make one: facekeep users add NAME --role admin. Or keep to this machine: --host 127.0.0.1.",
    )


def _refuse_second(settings: "Settings") -> None:
    from facekeep.cli.running import url_of_running

    url = url_of_running(settings.home)
    if url is not None:
        raise EnvironmentFault(
            f"already running for {settings.home}, at {url}",
            hint="Open that address. To have a folder scanned, add it there or run `facekeep scan DIR`.",
        )


def _serve(
    settings: "Settings", found: "socket.socket", roots: list[Path], open_page: bool, recent: "RecentLines"
) -> None:
    from facekeep import bootstrap
    from facekeep.actions.libraries import add_library, request_scan
    from facekeep.api import server
    from facekeep.api.app import create_app
    from facekeep.cli.output import note
    from facekeep.cli.progress import Steps
    from facekeep.cli.reporting import about
    from facekeep.cli.running import written_down

    url, instance = server.url_of(found, settings.host), secrets.token_hex(8)
    with bootstrap.open_context(settings, notice=note) as ctx, written_down(settings.home, url, instance):
        by_address = not is_loopback(settings.host)
        if by_address and not _has_accounts(ctx):
            raise _no_account(settings)
        with Steps() as steps:
            bootstrap.prepare_models(settings, progress=steps)
        with bootstrap.open_background(settings, ctx) as background:
            for root in roots:
                request_scan(background.context, add_library(background.context, root).library)
            app = create_app(
                background.context,
                allowed_hosts=settings.allowed_hosts,
                instance=instance,
                about=about(settings, recent),
                loopback_open=settings.loopback_open,
                by_address=by_address,
            )
            server.Server(app, found, ready=lambda: _announce(url, open_page)).run()
            note("stopping: finishing the photos in hand")


def _has_accounts(ctx: "Context") -> bool:
    from facekeep.store import accounts

    with ctx.database.read() as reader:
        return accounts.is_any(reader)


def _announce(url: str, open_page: bool) -> None:
    import webbrowser

    typer.echo(f"facekeep: {url} shows the people (Ctrl-C stops)")
    if open_page:
        webbrowser.open(url)
