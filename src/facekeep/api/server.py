"""The HTTP server: on a socket that is ours already; it stops without waiting for those who only watch."""

import errno
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from fastapi import FastAPI

from facekeep.domain.errors import EnvironmentFault

GRACE_S = 10
"""How long requests that are under way may take to finish when the server stops."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, taken before anything slow starts, so that nobody waits only to hear it is taken.

    Raises EnvironmentFault when the port is taken or may not be used.
    """
    family, kind, proto, _, address = _resolve(host, port)
    found = socket.socket(family, kind, proto)
    try:
        # A port that a server left a moment ago is free; on Linux one that is listened on stays refused.
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(1024)
    except OSError as error:
        found.close()
        raise _fault(host, port, error) from error
    return found


def url_of(found: socket.socket, host: str) -> str:
    """The address to open in a browser."""
    # Who listens everywhere is found at home.
    place = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    name = f"[{place}]" if ":" in place else place
    return f"http://{name}:{found.getsockname()[1]}/"


class Server(uvicorn.Server):
    """Serves `app` on a socket that listens already. `ready` is called once requests are answered.

    `run()` returns after Ctrl-C or SIGTERM in the main thread, or after `stop()` from any thread.
    """

    def __init__(self, app: FastAPI, found: socket.socket, *, ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        self._app, self._socket, self._ready = app, found, ready

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until asked to stop."""
        super().run([self._socket] if sockets is None else sockets)

    def stop(self) -> None:
        """Ask to stop: requests under way are finished, watchers are sent home."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # First, because the server waits for every connection, and an event stream never ends by itself.
        self._app.state.feed.close()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As in uvicorn, but an obeyed signal is not raised again: what was opened must still be closed."""
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread hears signals
            return
        handled = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in handled}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn calls it
        """The first signal asks to stop; another one does not wait for requests under way."""
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True


def _resolve(host: str, port: int) -> tuple[int, int, int, str, tuple[str, int]]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]  # type: ignore[return-value]
    except OSError as error:
        raise EnvironmentFault(f"{host} is no address of this machine", hint="Use 127.0.0.1.") from error


def _fault(host: str, port: int, error: OSError) -> EnvironmentFault:
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < 65535 else 0
        hint = f"Stop that program, or choose another port: facekeep serve --port {other}"
        return EnvironmentFault(f"port {port} of {host} is taken by another program", hint=hint)
    if error.errno in (errno.EACCES, errno.EPERM):
        return EnvironmentFault(f"port {port} may not be used by this user", hint="Use a port above 1023.")
    return EnvironmentFault(f"cannot listen on {host} port {port}: {error.strerror}", hint="Use 127.0.0.1.")
