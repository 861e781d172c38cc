"""Where errors end: one line and a hint on standard error, and the exit status that the error tree says."""

import logging
import os
import sys
import traceback
from typing import Any

import typer
from typer.core import TyperGroup

from facekeep.domain.errors import FacekeepError

EXIT_ENVIRONMENT = 3


class GuardedGroup(TyperGroup):
    """A group of commands that never shows a traceback unless --debug asks for it."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an error becomes a message and an exit status."""
        debug = bool(ctx.params.get("debug"))
        if debug:
            from facekeep.cli import logs

            logs.start("debug", "text")
        try:
            result = super().invoke(ctx)
            # What is buffered belongs to the command: a reader that has gone is noticed here, not at exit.
            sys.stdout.flush()
        except BrokenPipeError as error:
            _be_silent()
            # `facekeep faces --json | head`: the reader has what it wanted.
            raise typer.Exit(0) from error
        except FacekeepError as error:
            raise _ended(error, error.message, error.hint, error.exit_status, debug) from error
        except OSError as error:
            message, hint = _os_words(error)
            raise _ended(error, message, hint, EXIT_ENVIRONMENT, debug) from error
        except (typer.Exit, typer.Abort, KeyboardInterrupt):
            raise
        except Exception as error:
            if _is_usage(error):
                raise
            hint = "This is a mistake in facekeep. `facekeep --debug …` shows where."
            message = f"{type(error).__name__}: {error}"
            raise _ended(error, message, hint, EXIT_ENVIRONMENT, debug) from error
        return result


def complain(message: str, hint: str = "") -> None:
    """An error, as every command shows it. A log line where the log is for programs."""
    from facekeep.cli import logs

    if logs.is_json():
        logging.getLogger("facekeep").error("%s", message, extra={"hint": hint} if hint else {})
        return
    typer.echo(f"facekeep: {message}", err=True)
    if hint:
        typer.echo(f"  {hint}", err=True)


def _ended(error: Exception, message: str, hint: str, status: int, debug: bool) -> typer.Exit:
    if debug:
        traceback.print_exception(error)
    complain(message, hint)
    return typer.Exit(status)


def _is_usage(error: Exception) -> bool:
    # The command line parser's own complaints, which it shows with the usage: they can format themselves.
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def _os_words(error: OSError) -> tuple[str, str]:
    where = (
        ""
        if error.filename is None
        else f": {os.fsencode(error.filename).decode('utf-8', 'backslashreplace')}"
    )
    return f"{error.strerror or error}{where}", "Check the permissions and the free space there."


def _be_silent() -> None:
    # Python would complain at exit that it cannot flush what nobody reads.
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
