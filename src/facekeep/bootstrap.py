"""Settings to wired objects. The only place that wires."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from facekeep.actions.context import Context, WorkRules
from facekeep.actions.derived import DerivedPictures
from facekeep.actions.using import current
from facekeep.domain.errors import EnvironmentFault
from facekeep.domain.failures import Rules
from facekeep.domain.packs import BUNDLED
from facekeep.settings import Settings
from facekeep.store import faces, packs
from facekeep.store.database import Database

if TYPE_CHECKING:
    from facekeep.worker.background import Background
    from facekeep.worker.children import Children
    from facekeep.worker.presence import Role

Notice = Callable[[str], None]
Share = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Folders:
    """What lies where in the data folder."""

    home: Path

    @property
    def models(self) -> Path:
        return self.home / "models"

    @property
    def cache(self) -> Path:
        return self.home / "cache"


def silent(_: str) -> None:
    """Tell nobody."""


def unseen(_step: str, _share: float) -> None:
    """Show nobody."""


@contextmanager
def open_context(settings: Settings, *, notice: Notice = silent) -> Iterator[Context]:
    """The database, brought to today's schema, and what actions need; all given back at the end.

    StorageFault, EnvironmentFault when the machine is not in a state for it.
    """
    folders = Folders(settings.home)
    with ExitStack() as stack:
        database = stack.enter_context(_database(stack, settings, notice))
        with database.write() as writer:
            pack_id = faces.add_pack(writer, BUNDLED)
            packs.begin_with(writer, pack_id)
        pictures = DerivedPictures(folders.cache, settings.cache_megabytes * 2**20)
        ctx = Context(
            folders.home,
            folders.cache,
            folders.models,
            database,
            BUNDLED,
            pack_id,
            pictures,
            rules=work_rules(settings),
        )
        yield current(ctx)


def work_rules(settings: Settings) -> WorkRules:
    """The numbers of the failure policy."""
    failures = Rules(
        settings.max_attempts, float(settings.retry_first_seconds), float(settings.retry_longest_seconds)
    )
    return WorkRules(failures, float(settings.lease_seconds), settings.suggestion_days)


def prepare_models(settings: Settings, *, progress: Share = unseen) -> None:
    """Make the ONNX files on first use; cheap afterwards. ModelFault."""
    from facekeep.inference.models import prepare

    prepare(Folders(settings.home).models, progress=progress)


@contextmanager
def open_children(settings: Settings, *, count: int | None = None) -> Iterator["Children"]:
    """Isolated processes for decoding and inference, one for each worker by default."""
    from facekeep.worker.children import ChildLimits, Children

    limits = ChildLimits(
        timeout_s=float(settings.timeout_seconds),
        memory_bytes=settings.child_memory_megabytes * 2**20,
        idle_s=float(settings.models_idle_seconds),
    )
    models = Folders(settings.home).models
    children = Children(settings.workers if count is None else count, models, limits=limits)
    try:
        yield children
    finally:
        children.close()


@contextmanager
def open_background(settings: Settings, ctx: Context, *, role: "Role" = "serve") -> Iterator["Background"]:
    """The background work of the server or of a mere worker, running, with its health file.

    The server's `context` is the one to serve from.
    """
    from facekeep.worker.background import Background
    from facekeep.worker.health import HealthFile

    with ExitStack() as stack:
        children = stack.enter_context(open_children(settings))
        # One child more than workers: a page's pictures do not wait behind a long scan.
        painter = stack.enter_context(open_children(settings, count=1)) if role == "serve" else None
        background = Background(ctx, children, painter, role=role)
        stack.enter_context(HealthFile(settings.home, role, background.snapshot))
        yield stack.enter_context(background)


def _database(stack: ExitStack, settings: Settings, notice: Notice) -> Database:
    from facekeep.store.migrate import migrate

    if settings.database_url is not None:
        _make_home(settings.home)
        migrate(settings.database_url, notice=notice)
        return Database(settings.database_url)
    from facekeep.store.embedded import open_server

    # It makes the data folder itself, so that as root the server's own user can pass through it.
    server = stack.enter_context(open_server(settings.home, notice=notice))
    migrate(server.conninfo, notice=notice)
    return Database(lambda: server.conninfo)


def _make_home(home: Path) -> None:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentFault(
            f"cannot make the data folder {home}: {error.strerror}",
            hint="Set FACEKEEP_HOME (or --home) to a folder that you may write to.",
        ) from error
