"""What `facekeep doctor` looks at. Each check answers, whatever state the machine is in; none changes it."""

from collections.abc import Callable, Iterator
from pathlib import Path

from facekeep.cli.checks import configured, database, disks, health, machine, parts
from facekeep.cli.checks.finding import Check, State, failed
from facekeep.domain.errors import FacekeepError
from facekeep.settings import Settings

__all__ = ["Check", "State", "run"]


def run(load: Callable[[], Settings], home: Path | None, *, start: bool = True) -> Iterator[Check]:
    """Every check, in an order in which the first failure explains the later ones.

    `start`: whether a private database server that is not running may be started to look inside.
    """
    yield machine.python()
    yield machine.system()
    try:
        settings = load()
    except FacekeepError as error:
        yield failed("settings", error)
        return
    yield configured.settings(settings, home)
    yield machine.memory(settings)
    yield machine.gpu()
    yield disks.data_folder(settings.home)
    yield disks.space(settings.home)
    yield disks.cache(settings)
    yield parts.weights()
    yield parts.models(settings.home)
    yield from database.checks(settings, start=start)
    yield from health.files(settings.home)
    yield parts.page()
    yield parts.server(settings)
