"""Grouping of generated libraries: time, memory, and how right, beside what others would use.

Every measurement has a process of its own, which is ended when it takes too long. It is run by `script/bench
grouping`, or by `python -m tests.bench.grouping`, with `--sizes 10000 100000`, `--limit SECONDS` and
`--no-rivals`.
"""

import argparse
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from tests.bench.face_generator import ARCFACE_LIKE, BUNDLED_LIKE, Crowd, FaceModel, library
from tests.bench.grouping_rivals import RIVALS, Rival
from tests.bench.grouping_shelf import Shelf
from tests.bench.grouping_truth import Truth, judged
from tests.bench.plan import Plan
from tests.bench.results import Figure, Result
from tests.peak_memory import peak_kilobytes

from facekeep.domain.library_grouping import CLEAR, LONE, Faces, group_library
from facekeep.domain.likeness import BUNDLED_LIKENESS, Likeness
from facekeep.domain.neighbours import Ids

ARCFACE_LIKENESS = Likeness(0.95**2 + 0.13**2, 40.0, 1.40**2 + 0.043**2, 400.0)
"""Of the generator's ArcFace-like faces: what a calibration of such a pack would give."""

PACKS = ((BUNDLED_LIKE, BUNDLED_LIKENESS), (ARCFACE_LIKE, ARCFACE_LIKENESS))
SIZES = (10_000, 100_000)
LIMIT_S = 120.0
SHORT_S = 30.0
ADDITIONS = (1, 100, 10_000)
TIMES = 10
"""Times the limit of the others that ours may take before it is ended: its figures are wanted in any case."""

REPEATED = 5
"""Times that a single face is added; the median counts."""

ASKED_PRECISION, ASKED_RECALL = 0.99, 0.90


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement; `note` says what is missing and why."""

    pack: str
    faces: int
    what: str
    seconds: float | None = None
    peak_mb: float | None = None
    truth: Truth | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Files:
    """A library written down, for processes to read."""

    folder: Path
    likeness: Likeness
    size: int
    threads: int
    additions: tuple[int, ...]

    def write(self, model: FaceModel) -> None:
        """With those to be added at the end; in half precision where vectors are long: half the memory."""
        made = library(model, Crowd(self.size + REPEATED + sum(self.additions[1:])))
        kind = np.float16 if model.dimensions > 256 else np.float32
        np.save(self.folder / "vectors.npy", made.vectors.astype(kind))
        np.save(self.folder / "photo.npy", made.photo)
        np.save(self.folder / "quality.npy", made.quality)
        np.save(self.folder / "person.npy", made.person)

    def faces(self) -> Faces:
        """Those to be grouped at first. Not through a map of the file, which would count as memory too."""
        return Faces(*(self.start(name) for name in ("vectors", "photo", "quality")))

    def added(self) -> Faces:
        """Those to be added."""
        return Faces(*(np.array(self.part(name)[self.size :]) for name in ("vectors", "photo", "quality")))

    def judged(self, group: Ids) -> Truth:
        """How right the groups of the first faces are."""
        return judged(group, np.array(self.part("person")[: len(group)], dtype=np.int64))

    def start(self, name: str) -> np.ndarray:
        """Of those to be grouped at first."""
        with (self.folder / f"{name}.npy").open("rb") as file:
            version = np.lib.format.read_magic(file)
            assert version == (1, 0)
            shape, _, kind = np.lib.format.read_array_header_1_0(file)
            each = int(np.prod(shape[1:], dtype=np.int64))
            return np.fromfile(file, dtype=kind, count=self.size * each).reshape(self.size, *shape[1:])

    def part(self, name: str) -> np.ndarray:
        """Of all; read only where it is used."""
        return np.asarray(np.load(self.folder / f"{name}.npy", mmap_mode="r"))


@dataclass(frozen=True, slots=True)
class Measured:
    """What a process brings back."""

    seconds: float
    peak_mb: float
    truth: Truth
    group: Ids


def ours(files: Files, _: Rival | None, __: float) -> Measured:
    """The first grouping of the whole library."""
    faces = files.faces()
    start = time.perf_counter()
    group = group_library(faces, files.likeness, threads=files.threads)
    seconds = time.perf_counter() - start
    return Measured(seconds, _peak_mb(), files.judged(group), group)


def theirs(files: Files, rival: Rival | None, setting: float) -> Measured:
    """The same by somebody else, of the clear faces alone."""
    assert rival is not None
    faces = files.faces()
    clear = np.flatnonzero(faces.quality >= CLEAR)
    group = np.full(len(faces), LONE)
    start = time.perf_counter()
    group[clear] = rival.group(faces.vectors[clear], setting * files.likeness.within**0.5)
    seconds = time.perf_counter() - start
    return Measured(seconds, _peak_mb(), files.judged(group), group)


def grown(files: Files, first: Ids) -> list[tuple[int, float, Truth]]:
    """Faces added to a library that is grouped: how many, seconds, and how right all is then."""
    shelf, added = Shelf(files.likeness, _single(files.faces()), first), _single(files.added())
    found, start = [], 0
    for count in files.additions:
        seconds = []
        for _ in range(REPEATED if count == 1 else 1):
            shelf.add(added.some(slice(start, start + count)))
            seconds.append(shelf.seconds)
            start += count
        found.append((count, statistics.median(seconds), files.judged(shelf.group)))
    return found


def _single(faces: Faces) -> Faces:
    return Faces(faces.vectors.astype(np.float32, copy=False), faces.photo, faces.quality)


def _peak_mb() -> float:
    """Of this process: largest resident set, everything included."""
    return peak_kilobytes() / 1024


def _in_a_process(limit_s: float, work: Callable[..., object], *arguments: object) -> object | str:
    """What the work gives; or a word on why there is nothing."""
    spawn = multiprocessing.get_context("spawn")
    ours_end, its_end = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_answer, args=(its_end, work, *arguments))
    process.start()
    its_end.close()
    try:
        return ours_end.recv() if ours_end.poll(limit_s) else f"ended after {limit_s:.0f} s"
    except EOFError:
        return "ended without an answer: out of memory?"
    finally:
        process.kill()
        process.join()


def _answer(end: Connection, work: Callable[..., object], *arguments: object) -> None:
    try:
        end.send(work(*arguments))
    except ImportError as missing:
        end.send(f"not installed: {missing.name}")


def measure(
    model: FaceModel, likeness: Likeness, sizes: Sequence[int], limit_s: float, rivals: bool, threads: int
) -> list[Row]:
    """Every size of one pack: the first grouping, additions, and the others."""
    rows: list[Row] = []
    best: dict[str, float] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="facekeep-grouping-") as folder:
            files = Files(Path(folder), likeness, size, threads, ADDITIONS)
            files.write(model)
            rows += _ours(files, model.name, limit_s)
            if rivals:
                rows += [_rival(files, model.name, limit_s, rival, best) for rival in RIVALS]
    return rows


def _ours(files: Files, pack: str, limit_s: float) -> list[Row]:
    """All at once, then more added to it."""
    whole = _in_a_process(TIMES * limit_s, ours, files, None, 0.0)
    if not isinstance(whole, Measured):
        return [Row(pack, files.size, "facekeep, first grouping", note=str(whole))]
    rows = [Row(pack, files.size, "facekeep, first grouping", whole.seconds, whole.peak_mb, whole.truth)]
    after = _in_a_process(TIMES * limit_s, grown, files, whole.group)
    if not isinstance(after, list):
        return [*rows, Row(pack, files.size, "facekeep, additions", note=str(after))]
    more = [(f"facekeep, {count:,} added", seconds, truth) for count, seconds, truth in after]
    return rows + [Row(pack, files.size, what, seconds, None, truth) for what, seconds, truth in more]


def _rival(files: Files, pack: str, limit_s: float, rival: Rival, best: dict[str, float]) -> Row:
    """With the setting that did best before, or with each of them the first time."""
    size = files.size
    if size > rival.most:
        return Row(pack, size, rival.name, note=f"not tried beyond {rival.most:,} faces")
    settings = (best[rival.name],) if rival.name in best else rival.settings
    found = [(setting, _in_a_process(limit_s, theirs, files, rival, setting)) for setting in settings]
    done = [(setting, each) for setting, each in found if isinstance(each, Measured)]
    if not done:
        return Row(pack, size, rival.name, note=str(found[0][1]))
    setting, chosen = max(done, key=lambda pair: _score(pair[1].truth))
    best[rival.name] = setting
    note = f"setting {setting:g} of {', '.join(f'{one:g}' for one in rival.settings)}"
    return Row(pack, size, rival.name, chosen.seconds, chosen.peak_mb, chosen.truth, note)


def _score(truth: Truth) -> float:
    """Harmonic mean of pairwise precision and recall."""
    together = truth.precision + truth.recall
    return 2 * truth.precision * truth.recall / together if together else 0.0


def table(rows: Sequence[Row]) -> Table:
    """For people."""
    shown = Table(title="Grouping")
    for name in ("faces", "who", "seconds", "peak MB", "precision", "recall", "by face", ""):
        shown.add_column(name, justify="left" if name in ("faces", "who", "") else "right")
    for row in rows:
        truth = row.truth
        shown.add_row(
            f"{row.faces:,} {row.pack}",
            row.what,
            "" if row.seconds is None else f"{row.seconds:.3g}",
            "" if row.peak_mb is None else f"{row.peak_mb:.0f}",
            "" if truth is None else f"{truth.precision:.4f}",
            "" if truth is None else f"{truth.recall:.4f}",
            "" if truth is None else f"{truth.face_precision:.3f} / {truth.face_recall:.3f}",
            row.note,
        )
    return shown


def run(plan: Plan) -> Result:
    """For `script/bench`."""
    rows: list[Row] = []
    for model, likeness in PACKS:
        rows += measure(model, likeness, plan.grouping_faces, SHORT_S, plan.grouping_rivals, plan.cores)
    return Result(figures=tuple(Figure(f"{row.faces:,} {row.pack}: {row.what}", _told(row)) for row in rows))


def _told(row: Row) -> str:
    parts = [] if row.seconds is None else [f"{row.seconds:.3g} s"]
    parts += [] if row.peak_mb is None else [f"{row.peak_mb:.0f} MB"]
    if row.truth is not None:
        parts += [f"precision {row.truth.precision:.4f}", f"recall {row.truth.recall:.4f}"]
    return ", ".join([*parts, *([row.note] if row.note else [])])


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.grouping", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="FACES")
    parser.add_argument(
        "--limit", type=float, default=LIMIT_S, metavar="SECONDS", help="for each of the others"
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--pack", choices=[model.name for model, _ in PACKS])
    parser.add_argument("--no-rivals", action="store_true")
    given = parser.parse_args(arguments)
    rows: list[Row] = []
    for model, likeness in PACKS:
        if given.pack in (None, model.name):
            rows += measure(model, likeness, given.sizes, given.limit, not given.no_rivals, given.threads)
    Console(width=150).print(table(rows))


if __name__ == "__main__":
    main()
