"""A server of files on this machine that behaves as badly as told."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(slots=True)
class Zoo:
    """What the server has and how it is. A number for one request is used up by it."""

    files: dict[str, bytes]
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Path and Range of each request."""
    break_after: list[int] = field(default_factory=list)
    """Close the connection after so many bytes of the answer."""
    statuses: list[int] = field(default_factory=list)
    """Answer with these first."""
    headers: dict[str, str] = field(default_factory=dict)
    """Of those answers, such as Retry-After or Location."""
    ranges: bool = True
    etag: str = '"one"'
    say_length: Callable[[int], int | None] = lambda length: length
    pause_s: float = 0.0
    """Between blocks of 100 bytes."""
    wrong_part: bool = False
    url: str = ""


@contextmanager
def serving_files(files: dict[str, bytes]) -> Iterator[Zoo]:
    """The server, at `url`."""
    zoo = Zoo(files)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            _answer(self, zoo)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    zoo.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield zoo
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _answer(handler: BaseHTTPRequestHandler, zoo: Zoo) -> None:
    asked = handler.headers.get("Range", "")
    zoo.asked.append((handler.path, asked))
    handler.close_connection = True
    if zoo.statuses:
        status = zoo.statuses.pop(0)
        handler.send_response(status)
        for name, value in zoo.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.send_header("Connection", "close")
        handler.end_headers()
        return
    content = zoo.files.get(handler.path)
    if content is None:
        handler.send_error(404)
        return
    _send(handler, zoo, content, asked)


def _send(handler: BaseHTTPRequestHandler, zoo: Zoo, content: bytes, asked: str) -> None:
    start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
    same = handler.headers.get("If-Range", zoo.etag) == zoo.etag
    if asked and zoo.ranges and same:
        if start >= len(content):
            handler.send_error(416)
            return
        said = start + 1 if zoo.wrong_part else start
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes {said}-{len(content) - 1}/{len(content)}")
        body = content[start:]
    else:
        handler.send_response(200)
        body = content
    if zoo.etag:
        handler.send_header("ETag", zoo.etag)
    length = zoo.say_length(len(body))
    handler.send_header("Connection", "close")
    if length is not None:
        handler.send_header("Content-Length", str(length))
    handler.end_headers()
    most = zoo.break_after.pop(0) if zoo.break_after else len(body)
    try:
        for at in range(0, min(most, len(body)), 100 if zoo.pause_s else 1 << 16):
            step = 100 if zoo.pause_s else 1 << 16
            handler.wfile.write(body[at : min(at + step, most)])
            handler.wfile.flush()
            time.sleep(zoo.pause_s)
    except OSError:
        return  # the client had enough
