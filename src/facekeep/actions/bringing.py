"""Bringing a model pack's files to this machine: downloaded, or from a folder."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from facekeep.connectors import fetching
from facekeep.connectors.fetching import Patience, Progress, Wanted
from facekeep.domain.catalogue import RECIPES, Offer, Recipe
from facekeep.domain.errors import ModelFault, UsageError
from facekeep.domain.packs import ModelPack, check_terms
from facekeep.inference import packs as files
from facekeep.inference.bundled import sha256_of


def download(
    models_folder: Path,
    pack: ModelPack,
    *,
    accepted: bool,
    base_url: str | None = None,
    progress: Progress = fetching.unwatched,
    patience: Patience | None = None,
) -> bool:
    """Download a pack's files; False when they are here already.

    `base_url`: a mirror that has each file as PACK/FILE. TermsNotAccepted; DownloadFault; ModelFault.
    """
    recipe = _recipe(pack, accepted=accepted)
    folder = models_folder / pack.label
    with writing(folder), files.held(models_folder, pack.label):
        if _is_here(models_folder, pack):
            return False
        wanted = {offer.file: _wanted(folder, pack, offer, base_url) for offer in recipe.offers}
        for each in wanted.values():
            if not _is_done(each):
                fetching.fetch(each, progress=progress, patience=patience)
        files.place(folder, recipe, {name: each.target for name, each in wanted.items()}, {})
        for each in wanted.values():
            each.target.unlink()
    return True


def add(
    models_folder: Path,
    pack: ModelPack,
    source: Path,
    *,
    accepted: bool,
    by_hand: Mapping[str, str] | None = None,
) -> None:
    """Take a pack's files, or its archive, from a folder.

    `by_hand`: the SHA-256 of a file that is another than the published one, as the user vouches for it.
    UsageError; TermsNotAccepted; ModelFault when a file is missing or altered.
    """
    recipe = _recipe(pack, accepted=accepted)
    named = {} if by_hand is None else dict(by_hand)
    names = {name for offer in recipe.offers for name in (offer.file, *(p.file for p in offer.pieces))}
    if not source.is_dir():
        raise UsageError(f"{source} is not a folder")
    if unknown := sorted(set(named) - {piece.file for piece in recipe.pieces}):
        raise UsageError(f"{pack.name} has no file {unknown[0]}", hint=f"It has {', '.join(sorted(names))}.")
    sources = {name: source / name for name in names if (source / name).is_file()}
    folder = models_folder / pack.label
    with writing(folder), files.held(models_folder, pack.label):
        files.place(folder, recipe, sources, named)


def _recipe(pack: ModelPack, *, accepted: bool) -> Recipe:
    if pack.label not in RECIPES:
        raise UsageError(f"{pack.name} comes with facekeep; there is nothing to fetch")
    check_terms(pack, accepted=accepted)
    return RECIPES[pack.label]


def _wanted(folder: Path, pack: ModelPack, offer: Offer, base_url: str | None) -> Wanted:
    url = offer.url if base_url is None else f"{base_url.rstrip('/')}/{pack.name}/{offer.file}"
    return Wanted(url, folder / offer.file, offer.size, offer.sha256)


def _is_done(wanted: Wanted) -> bool:
    """Whether a download that was broken off later had brought this file."""
    with suppress(OSError):
        return wanted.target.stat().st_size == wanted.size and sha256_of(wanted.target) == wanted.sha256
    return False


def _is_here(models_folder: Path, pack: ModelPack) -> bool:
    with suppress(ModelFault):
        files.check(models_folder, pack.label)
        return True
    return False


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Around work on a pack's folder: what the disk refuses becomes a ModelFault that names it."""
    try:
        yield
    except OSError as error:
        raise ModelFault(
            f"the models cannot be written to {folder}: {error.strerror}",
            hint="Make the folder writable, free space on its disk, or choose another data folder.",
        ) from error
