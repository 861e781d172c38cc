"""Whether this server can do its work now, part by part."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from facekeep.actions.context import Context
from facekeep.actions.using import current
from facekeep.domain.errors import FacekeepError
from facekeep.domain.packs import BUNDLED, ModelPack
from facekeep.store import migrate


@dataclass(frozen=True, slots=True)
class Lack:
    """What is missing, in `part`."""

    part: str
    message: str


def lacks(ctx: Context) -> list[Lack]:
    """Everything that keeps it from being ready. Waits for the database as long as it takes."""
    found = _database(ctx)
    with suppress(FacekeepError):  # told above, when it is the database
        ctx = current(ctx)
    if not are_models_ready(ctx.models_folder, ctx.pack):
        found.append(Lack("models", f"the files of {ctx.pack.label} have not been made"))
    return found


def are_models_ready(models_folder: Path, pack: ModelPack) -> bool:
    """Whether a pack's files are there; their content is checked whenever they are used."""
    if pack.label != BUNDLED.label:
        from facekeep.inference.packs import is_there

        return is_there(models_folder, pack.label)
    from facekeep.inference.bundled import MODELS, PackFiles

    folder = models_folder / pack.label
    files = PackFiles(folder)
    return (folder / "manifest.json").is_file() and all(files.path(model).is_file() for model in MODELS)


def _database(ctx: Context) -> list[Lack]:
    try:
        with ctx.database.read() as reader:
            version = migrate.version_of(reader)
    except FacekeepError as error:
        return [Lack("database", error.message)]
    if version == migrate.HEAD:
        return []
    return [Lack("schema", f"the database has schema {version}, this facekeep works with {migrate.HEAD}")]
