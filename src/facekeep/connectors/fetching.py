"""Downloads a file of known size and content, however the network and the server behave.

What has come is kept beside its place as `.part` and gone on with by a Range request, as long as the server
says by its ETag, or the time of its last change, that it is still the same file. The size is checked before a
byte is taken, the SHA-256 before the file gets its name: nobody ever sees half a file, or another one.
"""

import hashlib
import json
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import BinaryIO

import httpx

from facekeep import __version__
from facekeep.domain.errors import DownloadFault, ModelFault

Progress = Callable[[str, int, int], None]
"""Told the file, and how many bytes of how many are here."""

_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers that may be another a moment later."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to put up with what. `tries` in a row that bring nothing end it; waits double."""

    tries: int = 6
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    connect_s: float = 15.0
    silence_s: float = 30.0
    slow_s: float = 60.0
    """Slower than `least_rate` bytes a second for so long counts as silence."""
    least_rate: float = 512.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to download to `target`."""

    url: str
    target: Path
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """As shown."""
        return self.target.name


class _Broken(Exception):
    """This try failed, the next may not. `after_s`: the server asks to wait so long."""

    def __init__(self, said: str, after_s: float | None = None) -> None:
        super().__init__(said)
        self.after_s = after_s


class _Slow(_Broken):
    """The server sends, but so little that it will never end."""


class _Other(Exception):
    """The whole has another content than it should."""


def unwatched(_file: str, _done: int, _size: int) -> None:
    """Progress that nobody looks at."""


def fetch(wanted: Wanted, *, progress: Progress = unwatched, patience: Patience | None = None) -> None:
    """Bring the file, whole and as expected, or raise.

    DownloadFault: the server or the network; what has come stays and is gone on with the next time.
    ModelFault: no room for it. OSError: the folder cannot be written. Proxies come from the environment.
    """
    patience = Patience() if patience is None else patience
    part = _Part(wanted)
    _check_room(wanted, part.length)
    timeout = httpx.Timeout(patience.silence_s, connect=patience.connect_s)
    headers = {"User-Agent": f"facekeep/{__version__}", "Accept-Encoding": "identity"}
    with httpx.Client(timeout=timeout, follow_redirects=True, headers=headers) as client:
        resumed = part.length > 0
        try:
            _bring(client, part, progress, patience)
            part.finish()
        except _Other as other:
            if not resumed:
                raise _altered(wanted, str(other)) from None
            # Two halves of different files, perhaps: once more, from the beginning.
            _again(client, part, progress, patience)


def _again(client: httpx.Client, part: "_Part", progress: Progress, patience: Patience) -> None:
    try:
        _bring(client, part, progress, patience)
        part.finish()
    except _Other as other:
        raise _altered(part.wanted, str(other)) from None


def _bring(client: httpx.Client, part: "_Part", progress: Progress, patience: Patience) -> None:
    """Try until all bytes are here."""
    failed = 0
    while part.length < part.wanted.size:
        before = part.length
        try:
            _try(client, part, progress, patience)
        except (_Broken, httpx.TransportError) as error:
            useful = part.length > before and not isinstance(error, _Slow)
            failed = 1 if useful else failed + 1
            if failed >= patience.tries:
                raise _gave_up(part, error) from error
            asked = error.after_s if isinstance(error, _Broken) else None
            time.sleep(_wait(failed, asked, patience))
    progress(part.wanted.name, part.length, part.wanted.size)


def _wait(failed: int, asked: float | None, patience: Patience) -> float:
    grown: float = patience.first_wait_s * 2.0 ** (failed - 1) * random.uniform(0.75, 1.25)
    wanted = grown if asked is None else max(asked, grown)
    return float(min(patience.longest_wait_s, wanted))


def _try(client: httpx.Client, part: "_Part", progress: Progress, patience: Patience) -> None:
    try:
        with client.stream("GET", part.wanted.url, headers=part.request_headers()) as answer:
            _judge(part, answer)
            _take(part, answer.iter_raw(), progress, patience)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.TooManyRedirects) as error:
        raise DownloadFault(f"{part.wanted.url} leads nowhere: {error}") from error
    if part.length < part.wanted.size:
        raise _Broken("the server ended before the file did")


def _judge(part: "_Part", answer: httpx.Response) -> None:
    """Whether what follows is the file, or the rest of it."""
    wanted, status = part.wanted, answer.status_code
    if status == 416:  # our part is longer than its file, or it is another file
        part.drop()
        raise _Broken("the server has no such part of the file")
    if status in _AGAIN:
        raise _Broken(f"the server answers {status}", _retry_after(answer))
    if status not in (200, 206):
        raise DownloadFault(
            f"{wanted.url} cannot be downloaded: the server answers {status} {answer.reason_phrase}",
            hint="Look whether the address is right, or add the files by hand: `facekeep models add`.",
        )
    if status == 200:
        part.drop()  # it ignores Range, or the file has changed since
    elif not _is_rest(part, answer.headers.get("content-range", "")):
        part.drop()
        raise _Broken("the server sent another part than was asked for")
    length = answer.headers.get("content-length", "")
    if length.isdecimal() and part.length + int(length) != wanted.size:
        raise DownloadFault(
            f"{wanted.url} is not the file expected: {part.length + int(length)} bytes, not {wanted.size}",
            hint="It was replaced by another version, or something on the way answers in its place.",
        )
    part.note(answer)


def _is_rest(part: "_Part", content_range: str) -> bool:
    return content_range.replace(" ", "") == f"bytes{part.length}-{part.wanted.size - 1}/{part.wanted.size}"


def _retry_after(answer: httpx.Response) -> float | None:
    """Seconds that the server asks to wait; a number or a date (RFC 9110)."""
    given = str(answer.headers.get("retry-after", ""))
    if given.isdecimal():
        return float(given)
    with suppress(ValueError):
        wait: float = parsedate_to_datetime(given).timestamp() - time.time()
        return max(0.0, wait)
    return None


def _take(part: "_Part", blocks: Iterator[bytes], progress: Progress, patience: Patience) -> None:
    marked, at = part.length, time.monotonic()
    with part.open() as file:
        for block in blocks:
            if part.length + len(block) > part.wanted.size:
                part.drop()
                raise DownloadFault(
                    f"{part.wanted.url} is not the file expected: it is longer than {part.wanted.size} bytes"
                )
            while block:  # unbuffered: a full disk may take a part before it refuses
                taken = file.write(block)
                part.length += taken
                block = block[taken:]
            progress(part.wanted.name, part.length, part.wanted.size)
            passed = time.monotonic() - at
            if passed >= patience.slow_s:
                if part.length - marked < patience.least_rate * passed:
                    raise _Slow("the server hardly sends anything")
                marked, at = part.length, time.monotonic()


class _Part:
    """What has come so far, and by what the server tells that its file is still the same."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self._path = wanted.target.with_name(wanted.target.name + ".part")
        self._about = wanted.target.with_name(wanted.target.name + ".part.json")
        self._validator = self._known_validator()
        self.length = self._path.stat().st_size if self._validator and self._path.is_file() else 0
        if self.length > wanted.size:
            self.drop()

    def _known_validator(self) -> str:
        with suppress(OSError, ValueError, KeyError, TypeError):
            about = json.loads(self._about.read_bytes())
            if about["url"] == self.wanted.url and about["sha256"] == self.wanted.sha256:
                return str(about["validator"])
        return ""

    def request_headers(self) -> dict[str, str]:
        """Ask for the rest, if the file is the same; else for the whole."""
        if self.length == 0 or not self._validator:
            return {}
        return {"Range": f"bytes={self.length}-", "If-Range": self._validator}

    def note(self, answer: httpx.Response) -> None:
        """Remember by what this file can be told from a later one; without it, every try begins anew."""
        etag = answer.headers.get("etag", "")
        strong = etag if not etag.startswith("W/") else ""
        self._validator = strong if strong else answer.headers.get("last-modified", "")
        about = {"url": self.wanted.url, "sha256": self.wanted.sha256, "validator": self._validator}
        self._about.write_text(json.dumps(about))

    def open(self) -> BinaryIO:
        """To add to it; unbuffered, so that what is counted is written."""
        file = self._path.open("r+b" if self.length else "wb", buffering=0)
        file.seek(self.length)
        return file

    def drop(self) -> None:
        """Begin anew."""
        self.length = 0
        self._path.unlink(missing_ok=True)

    def finish(self) -> None:
        """Give the file its name. _Other, and nothing is kept, when its content is not the one wanted."""
        with self._path.open("r+b") as file:
            os.fsync(file.fileno())
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != self.wanted.sha256:
            self.drop()
            self._about.unlink(missing_ok=True)
            raise _Other(found)
        self._path.replace(self.wanted.target)
        self._about.unlink(missing_ok=True)


def _check_room(wanted: Wanted, here: int) -> None:
    free = shutil.disk_usage(wanted.target.parent).free
    if free < wanted.size - here:
        needed = (wanted.size - here) >> 20
        raise ModelFault(
            f"there is no room for {wanted.name}: it needs {needed} MB, {free >> 20} are free",
            hint="Free some space on the disk of the data folder.",
        )


def _altered(wanted: Wanted, found: str) -> DownloadFault:
    return DownloadFault(
        f"{wanted.url} is not the file expected: its SHA-256 is {found}, not {wanted.sha256}",
        hint="Nothing of it was kept. It was altered on its way, or replaced by another version.",
    )


def _gave_up(part: _Part, error: Exception) -> DownloadFault:
    said = str(error) if str(error) else type(error).__name__
    here = f"{part.length:,} of {part.wanted.size:,} bytes are here"
    return DownloadFault(
        f"{part.wanted.url} cannot be downloaded: {said}; {here}",
        hint="Run it again: it goes on from there.",
    )
