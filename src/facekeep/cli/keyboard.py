"""A key at a time from a terminal; a line at a time from a pipe."""

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import typer


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed: a key, and what came after it on the same line of a pipe."""

    key: str
    rest: str = ""


class Keys:
    """What the user types."""

    def __init__(self) -> None:
        self._terminal = sys.stdin.isatty()

    @contextmanager
    def open(self) -> Iterator[None]:
        """Keys come at once for as long as the block runs; Ctrl-C is as everywhere."""
        if not self._terminal or os.name != "posix":
            yield
            return
        import termios
        import tty

        before = termios.tcgetattr(sys.stdin.fileno())
        # Not flushed: whoever knows the keys types ahead.
        tty.setcbreak(sys.stdin.fileno(), termios.TCSANOW)
        try:
            yield
        finally:
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, before)

    def read(self, prompt: str) -> Typed | None:
        """The next key, in lower case; None at the end of the input."""
        typer.echo(f"{prompt} ", nl=False)
        if not self._terminal:
            return self._line()
        key = _key() if os.name == "posix" else typer.getchar()
        typer.echo(key if key.isprintable() else "")
        return None if key in ("", "\x04") else Typed(key.lower())

    def text(self, prompt: str, typed: Typed) -> str:
        """A line of text; what came with the key already, when something did. Empty for nothing."""
        if typed.rest:
            return typed.rest
        typer.echo(f"{prompt} ", nl=False)
        with self._lines():
            return sys.stdin.readline().strip()

    def _line(self) -> Typed | None:
        line = sys.stdin.readline()
        typer.echo("")
        if not line:
            return None
        key, _, rest = line.strip().partition(" ")
        return Typed(key.lower(), rest.strip())

    @contextmanager
    def _lines(self) -> Iterator[None]:
        """With what a terminal offers to write a line: echo and correction."""
        if not self._terminal or os.name != "posix":
            yield
            return
        import termios

        place = sys.stdin.fileno()
        keys = termios.tcgetattr(place)
        lines = termios.tcgetattr(place)
        lines[3] |= termios.ICANON | termios.ECHO
        termios.tcsetattr(place, termios.TCSANOW, lines)
        try:
            yield
        finally:
            termios.tcsetattr(place, termios.TCSANOW, keys)


def _key() -> str:
    """One key; empty at the end of the input. Of keys that send several characters, such as arrows, one."""
    place = sys.stdin.fileno()
    first = os.read(place, 1)
    if first == b"\x1b" or first >= b"\x80":
        while select.select([place], [], [], 0)[0] and os.read(place, 1):
            continue
        return "?"
    return first.decode("ascii")
