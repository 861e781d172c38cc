"""The bundled models on disk: made once from weights that two packages carry, then only checked.

The packages `mtcnn` and `face_recognition_models` are used as data: their files are found without
importing them (the one would import TensorFlow, the other pkg_resources). A weight file is read once, its
SHA-256 compared with the one pinned here, and only then unpacked: the files of mtcnn are pickles, and an
altered pickle runs what its author likes.

The manifest is written last and says which content each ONNX file has: without it, or with a file that
differs from it, the models are made anew. Every file is written beside its place, flushed to the disk and
renamed, under a lock that dies with its process; so a crash at any point leaves the old files, the new
ones, or files that no manifest vouches for.
"""

import hashlib
import importlib.util
import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facekeep.domain.errors import ModelFault
from facekeep.domain.packs import BUNDLED
from facekeep.inference.memory import give_back

Progress = Callable[[str, float], None]
"""Told what is being done and how much of the whole is done, 0 to 1."""

CONVERTER = 4
"""Raised whenever the graphs change: files of another converter are made anew."""

_MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Weights:
    """A file in an installed package that holds weights, by its content."""

    package: str
    path: str
    sha256: str


SOURCES = {
    "pnet": Weights(
        "mtcnn", "assets/weights/pnet.lz4", "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5"
    ),
    "rnet": Weights(
        "mtcnn", "assets/weights/rnet.lz4", "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee"
    ),
    "onet": Weights(
        "mtcnn", "assets/weights/onet.lz4", "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3"
    ),
    "embedder": Weights(
        "face_recognition_models",
        "models/dlib_face_recognition_resnet_model_v1.dat",
        "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    ),
}
"""mtcnn 1.0.0 (MIT) and face_recognition_models 0.3.0 (CC0)."""

MODELS = ("pnet", "rnet", "onet", "crop24", "crop48", "embedder")


@dataclass(frozen=True, slots=True)
class PackFiles:
    """The ONNX files of a pack, all present and checked. `mend`: what to do when one cannot be loaded."""

    folder: Path
    mend: str = "Delete the folder; the models are made anew at the next start."

    def path(self, model: str) -> Path:
        return self.folder / f"{model}.onnx"


def ignore(_step: str, _share: float) -> None:
    """Progress that nobody listens to."""


def prepare(models_folder: Path, *, progress: Progress = ignore) -> PackFiles:
    """The bundled models' files below `models_folder`, converted first where they are missing, altered or
    outdated.

    Any number of processes may call this at once: one converts, the others wait for it.
    Raises ModelFault when a weight file is missing or altered, or the folder cannot be written.
    """
    folder = models_folder / BUNDLED.label
    files = PackFiles(folder)
    if _is_whole(folder):
        return files
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / ".lock"):
            if not _is_whole(folder):
                _convert(folder, progress)
                give_back()  # the process that makes them may be a server that runs for years
    except OSError as fault:
        raise ModelFault(
            f"the models cannot be written to {folder}: {fault.strerror}",
            hint="Make the folder writable, free space on its disk, or choose another data folder.",
        ) from fault
    return files


def check(models_folder: Path) -> bool:
    """Whether the bundled models' files below `models_folder` are there and unaltered.

    Remembered, as long as the files are not touched, for `prepare` in this process and in forks of it.
    """
    return _is_whole(models_folder / BUNDLED.label)


_found_whole: dict[Path, tuple[int, ...]] = {}


def _is_whole(folder: Path) -> bool:
    try:
        signs = signs_of(folder, MODELS)
        if _found_whole.get(folder) == signs:
            return True
        manifest = json.loads((folder / _MANIFEST).read_bytes())
        whole = bool(manifest == _manifest({name: sha256_of(folder / f"{name}.onnx") for name in MODELS}))
    except (OSError, ValueError):
        return False  # missing or half-written: to be made anew, which reports what stands in the way
    _found_whole.clear()  # one folder a process; never more than one is kept
    if whole:
        _found_whole[folder] = signs
    return whole


def signs_of(folder: Path, models: Sequence[str]) -> tuple[int, ...]:
    """What changes whenever one of the files does; on POSIX nobody but the system sets the change time."""
    found = [(folder / name).stat() for name in (_MANIFEST, *(f"{model}.onnx" for model in models))]
    return tuple(
        sign for stat in found for sign in (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    )


def _manifest(files: dict[str, str]) -> dict[str, Any]:
    sources = {name: weights.sha256 for name, weights in SOURCES.items()}
    return {"pack": BUNDLED.label, "converter": CONVERTER, "sources": sources, "files": files}


def sha256_of(path: Path) -> str:
    """Of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _convert(folder: Path, progress: Progress) -> None:
    for leftover in folder.glob("*.part"):
        leftover.unlink()
    digests = {}
    for index, name in enumerate(MODELS):
        progress(f"converting {name}", index / len(MODELS))
        content = _onnx(name)
        write_whole(folder / f"{name}.onnx", content)
        digests[name] = hashlib.sha256(content).hexdigest()
    write_whole(folder / _MANIFEST, json.dumps(_manifest(digests), indent=1).encode())
    progress("models ready", 1.0)


def write_whole(path: Path, content: bytes) -> None:
    """All of the content under that name, on the disk, or what was there before."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """The names in a folder are on the disk."""
    if sys.platform == "win32":
        return  # a folder cannot be opened there; NTFS journals the rename
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds the lock file; waits while another process does. The system frees it when its process ends."""
    with path.open("ab") as file:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _onnx(name: str) -> bytes:
    # Imported here: onnx takes 0.2 s to import and is needed once in the life of a data folder.
    from facekeep.inference import graphs
    from facekeep.inference.dlib_weights import read_layers

    if name.startswith("crop"):
        return graphs.crop_graph(int(name.removeprefix("crop")))
    content = read_weights(SOURCES[name])
    if name == "embedder":
        return graphs.embedding_network(read_layers(content))
    build = {
        "pnet": graphs.proposal_network,
        "rnet": graphs.refinement_network,
        "onet": graphs.output_network,
    }
    return build[name](_stage(name, content))


def _stage(name: str, content: bytes) -> Any:
    import joblib

    from facekeep.inference.mtcnn_weights import read_stage

    return read_stage(name, joblib.load(io.BytesIO(content)))


def read_weights(weights: Weights) -> bytes:
    """The content of a weight file, found without importing its package, and equal to the one pinned.

    Raises ModelFault naming the file when it is missing or differs.
    """
    path = _locate(weights)
    reinstall = f"Reinstall the package: pip install --force-reinstall {weights.package.replace('_', '-')}"
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise ModelFault(f"weight file {path} cannot be read: {fault.strerror}", hint=reinstall) from fault
    if hashlib.sha256(content).hexdigest() != weights.sha256:
        raise ModelFault(
            f"weight file {path} is not the one expected: it is altered or of another version", hint=reinstall
        )
    return content


def _locate(weights: Weights) -> Path:
    spec = importlib.util.find_spec(weights.package)
    if spec is None or not spec.submodule_search_locations:
        raise ModelFault(
            f"weight file {weights.path} is missing: the package {weights.package} is not installed",
            hint=f"Install it: pip install {weights.package.replace('_', '-')}",
        )
    return Path(next(iter(spec.submodule_search_locations))) / weights.path
