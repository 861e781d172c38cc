"""Downloaded packs on disk, checked by their hashes, and their embedders.

A pack's folder holds `detector.onnx`, `embedder.onnx` and, written last, a manifest with the SHA-256 of both.
A folder without a manifest that fits is no pack. The hashes must be those of the catalogue, unless the user
named another one by hand when the files were added; then the manifest says so.
"""

import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from facekeep.domain.catalogue import RECIPES, Embedding, Offer, Piece, Recipe
from facekeep.domain.errors import ModelFault
from facekeep.domain.faces import Landmarks, Pixels
from facekeep.domain.geometry import similarity
from facekeep.inference.bundled import PackFiles, flush_folder, locked, sha256_of, signs_of, write_whole
from facekeep.inference.embedding import chip
from facekeep.inference.sessions import Sessions

MODELS = ("detector", "embedder")
MANIFEST = "manifest.json"

_BATCH = 16  # faces at once
_BLOCK = 1 << 20

_found_whole: dict[Path, tuple[int, ...]] = {}


def recipe_of(label: str) -> Recipe:
    """What a pack is made of. ModelFault when this program knows none of that label."""
    if label not in RECIPES:
        raise ModelFault(
            f"this facekeep does not know the model pack {label}",
            hint="Update it to the version in use elsewhere.",
        )
    return RECIPES[label]


def check(models_folder: Path, label: str) -> PackFiles:
    """The files of a pack, all there and unaltered. ModelFault, saying how to get them, when they are not.

    Remembered as long as the files are not touched.
    """
    recipe, folder = recipe_of(label), models_folder / label
    name = recipe.pack.name
    mend = f"Run `facekeep models download {name}`, or `facekeep models add {name} --from FOLDER`."
    try:
        signs = signs_of(folder, MODELS)
        whole = _found_whole.get(folder) == signs or _is_whole(recipe, folder)
    except (OSError, ValueError, KeyError, TypeError):
        raise ModelFault(f"the files of the model pack {label} are not in {folder}", hint=mend) from None
    if not whole:
        raise ModelFault(f"the files of the model pack {label} in {folder} are altered", hint=mend)
    _found_whole[folder] = signs
    return PackFiles(folder, mend)


def is_there(models_folder: Path, label: str) -> bool:
    """Whether a pack's files are there; their content is checked whenever they are used."""
    folder = models_folder / label
    return all((folder / name).is_file() for name in (MANIFEST, *(f"{model}.onnx" for model in MODELS)))


def fingerprint(models_folder: Path, label: str) -> str:
    """The SHA-256 of the embedder: vectors of another one cannot be compared. ModelFault as `check`."""
    folder = check(models_folder, label).folder
    return str(_manifest_of(folder)["files"]["embedder"]["sha256"])


def _manifest_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
    return found


def _is_whole(recipe: Recipe, folder: Path) -> bool:
    files = _manifest_of(folder)["files"]
    published = {piece.model: piece.sha256 for piece in recipe.pieces}
    return all(
        sha256_of(folder / f"{model}.onnx") == files[model]["sha256"]
        and (files[model]["by_hand"] is True or files[model]["sha256"] == published[model])
        for model in MODELS
    )


# Bringing one in -------------------------------------------------------------------------------------------


def held(models_folder: Path, label: str) -> AbstractContextManager[None]:
    """Only one process at a time brings a pack in; it waits for another. OSError when the folder cannot be
    written."""
    folder = models_folder / label
    folder.mkdir(parents=True, exist_ok=True)
    return locked(folder / ".lock")


def place(folder: Path, recipe: Recipe, sources: Mapping[str, Path], by_hand: Mapping[str, str]) -> None:
    """Make a pack of files that lie anywhere, by the name of each offer or piece; all of it or nothing.

    `by_hand`: the SHA-256 that the user named for a file, in place of the published one. ModelFault when a
    file is missing or is not what it should be. OSError when the folder cannot be written.
    """
    files = {}
    for offer in recipe.offers:
        for piece in offer.pieces:
            part = folder / f"{piece.model}.onnx.part"
            _bring(offer, piece, sources, part)
            wanted = by_hand.get(piece.file, piece.sha256)
            found = sha256_of(part)
            if found != wanted:
                part.unlink()
                raise altered(piece.file, wanted, found)
            files[piece.model] = {"file": piece.file, "sha256": found, "by_hand": piece.file in by_hand}
    (folder / MANIFEST).unlink(missing_ok=True)  # not before: what was there stays when the new is refused
    for model in MODELS:
        (folder / f"{model}.onnx.part").replace(folder / f"{model}.onnx")
    flush_folder(folder)
    manifest = {"pack": recipe.pack.label, "files": files}
    write_whole(folder / MANIFEST, json.dumps(manifest, indent=1).encode())
    _found_whole.pop(folder, None)


def altered(file: str, wanted: str, found: str) -> ModelFault:
    """A file whose content is another than it should be."""
    return ModelFault(
        f"{file} is not the file expected: its SHA-256 is {found}, not {wanted}",
        hint="It is altered, incomplete or of another version. Nothing of it was kept.",
    )


def _bring(offer: Offer, piece: Piece, sources: Mapping[str, Path], part: Path) -> None:
    """A piece's content, flushed, from the file itself or out of the archive."""
    source = sources.get(piece.file)
    if source is not None:
        with source.open("rb") as file:
            _copy(file, part, piece.file, None)
        return
    if offer.file not in sources:
        also = f", nor {offer.file}" if offer.is_archive else ""
        raise ModelFault(f"there is no {piece.file}{also}", hint="A pack needs all of its files.")
    try:
        with zipfile.ZipFile(sources[offer.file]) as archive, archive.open(_member(archive, piece)) as file:
            _copy(file, part, piece.file, piece.size)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as fault:
        raise ModelFault(
            f"{offer.file} is not a sound archive: {fault}", hint="Download it again."
        ) from fault


def _member(archive: zipfile.ZipFile, piece: Piece) -> zipfile.ZipInfo:
    """The one entry whose last name is the piece's: nothing else is unpacked, and its path is not used."""
    found = [entry for entry in archive.infolist() if entry.filename.rsplit("/", 1)[-1] == piece.file]
    if len(found) != 1:
        raise ModelFault(f"the archive holds {len(found)} files called {piece.file}, not one")
    if found[0].file_size > piece.size:
        raise ModelFault(
            f"{piece.file} in the archive is larger than it should be: {found[0].file_size} bytes"
        )
    return found[0]


def _copy(file: Any, part: Path, name: str, most: int | None) -> None:
    """Copy and flush; no more than `most` bytes, whatever an archive's directory says."""
    taken = 0
    with part.open("wb") as target:
        while block := file.read(_BLOCK):
            taken += len(block)
            if most is not None and taken > most:
                target.close()
                part.unlink()
                raise ModelFault(f"{name} in the archive is larger than it should be: over {most} bytes")
            target.write(block)
        target.flush()
        os.fsync(target.fileno())


def remove(models_folder: Path, label: str) -> bool:
    """Delete a pack's files, whether whole or begun; whether there were any. OSError."""
    folder = models_folder / label
    if not folder.is_dir():
        return False
    with held(models_folder, label):
        (folder / MANIFEST).unlink(missing_ok=True)  # first: what is half deleted is no pack
        shutil.rmtree(folder)
    _found_whole.pop(folder, None)
    return True


# Using one -------------------------------------------------------------------------------------------------


def embed(
    sessions: Sessions, recipe: Recipe, picture: Pixels, landmarks: Sequence[Landmarks]
) -> npt.NDArray[np.float32]:
    """Embeddings of unit length, shape (n, d). ValueError when points cannot be aligned, or the network gives
    something that has no direction."""
    name, shape = sessions.input_of("embedder")
    (output,) = sessions.outputs_of("embedder")[:1]
    fixed = 0 if shape[0] is None else shape[0]
    together = fixed if fixed else _BATCH
    vectors = np.empty((len(landmarks), recipe.pack.dimensions), dtype=np.float32)
    for start in range(0, len(landmarks), together):
        chips = _chips(picture, landmarks[start : start + together], recipe.embedding)
        asked = np.concatenate([chips, np.repeat(chips[-1:], max(0, fixed - len(chips)), axis=0)])
        (given,) = sessions.run("embedder", {name: asked}, [output])
        vectors[start : start + len(chips)] = given.reshape(len(asked), -1)[: len(chips)]
    return _unit(vectors)


def _chips(picture: Pixels, landmarks: Sequence[Landmarks], how: Embedding) -> npt.NDArray[np.float32]:
    height, width = picture.shape[:2]
    places = np.array(how.points)
    faces = [
        chip(picture, similarity(five.array() * [width, height], places), how.side) for five in landmarks
    ]
    planes = np.stack(faces).transpose(0, 3, 1, 2).astype(np.float32)
    return np.ascontiguousarray((planes - np.float32(how.mean)) / np.float32(how.scale))


def _unit(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    norms = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    if not (np.isfinite(norms) & (norms > 0)).all():
        raise ValueError("the embedder gave a vector without a direction")
    return np.asarray(vectors / norms, dtype=np.float32)
