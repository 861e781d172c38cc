"""Every benchmark runs and measures something. Nothing here depends on how fast."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.bench import __main__ as bench
from tests.bench import grouping, trend
from tests.bench.photos import SUBSTITUTE, Collection, collect
from tests.bench.plan import LEAST
from tests.bench.results import as_json
from tests.bench.truth import Found, Marks, boxes_of, judge


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    """One photo that comes with a package: the same everywhere."""
    return collect(tmp_path_factory.mktemp("photos"), shared=Path("/nowhere"))


def test_embeddings_are_compared_on_the_same_faces(collection: Collection, tmp_path: Path) -> None:
    result = bench.measure(["embedding"], replace(LEAST, cores=2), collection, tmp_path)
    assert result.notes == (SUBSTITUTE,)
    assert len(result.ratios) == 4
    assert all(ratio.ours.median > 0 and ratio.theirs.median > 0 for ratio in result.ratios)
    (apart,) = result.figures
    assert float(apart.value) < 1e-4


def test_detectors_are_judged_by_the_same_marks(collection: Collection, tmp_path: Path) -> None:
    result = bench.measure(["detection"], LEAST, collection, tmp_path)
    assert {finding.found.faces for finding in result.findings} == {1}
    assert result.findings[0].found.recall == 1.0


@pytest.mark.slow
def test_the_pipelines_find_the_face(collection: Collection, tmp_path: Path) -> None:
    result = bench.measure(["pipeline"], LEAST, collection, tmp_path)
    found = {(finding.where, finding.who): finding.found.found for finding in result.findings}
    assert len(found) == 6
    assert all(count == 1 for (_, who), count in found.items() if who == "facekeep")
    assert {ratio.unit for ratio in result.ratios} == {"photos/s"}


@pytest.mark.slow
def test_memory_of_a_scan_is_measured_and_drawn(collection: Collection, tmp_path: Path) -> None:
    picture = tmp_path / "memory.svg"
    result = bench.measure(["memory"], LEAST, collection, tmp_path, plot=picture)
    # The peak of so short a scan may be that of making the models, before there is any child.
    assert "children" in result.figures[0].value
    assert "database 0 " not in result.figures[0].value
    assert picture.read_text("utf-8").count("<polyline") == 4


def test_results_can_be_read_by_programs(collection: Collection, tmp_path: Path) -> None:
    result = bench.measure([], LEAST, collection, tmp_path)
    assert json.loads(as_json(result, {"cores": 1}))["notes"] == [SUBSTITUTE]


def test_a_face_is_found_once_and_ignored_heads_do_not_count() -> None:
    marks = Marks(boxes_of([(0.1, 0.1, 0.3, 0.3), (0.6, 0.6, 0.8, 0.8)]), boxes_of([(0.0, 0.8, 0.2, 1.0)]))
    twice_and_astray = boxes_of([(0.1, 0.1, 0.3, 0.32), (0.11, 0.1, 0.3, 0.3), (0.8, 0.1, 0.9, 0.2)])
    assert judge(twice_and_astray, marks) == Found(faces=2, found=1, false=2)
    assert judge(boxes_of([(0.05, 0.85, 0.15, 0.95)]), marks) == Found(faces=2, found=0, false=0)
    assert judge(boxes_of([]), marks) == Found(faces=2, found=0, false=0)


def test_a_trend_is_told_from_noise() -> None:
    x = list(range(200))
    noise = [(index * 7919) % 13 - 6 for index in x]
    flat = trend.slope(x, noise)
    rising = trend.slope(x, [0.5 * index + wobble for index, wobble in zip(x, noise, strict=True)])
    assert flat.low < 0 < flat.high
    assert 0.4 < rising.low < 0.5 < rising.high < 0.6


def test_grouping_is_measured(
    collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouping, "ADDITIONS", (1, 10))
    result = bench.measure(["grouping"], LEAST, collection, tmp_path)
    assert len(result.figures) == 6
    assert all("precision" in figure.value for figure in result.figures)


def test_pages_of_a_large_library_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    bench.main(["listing", "--small", "--rounds", "1"])
    lines = [line for line in capsys.readouterr().out.splitlines() if " in all" in line]
    assert len(lines) > 60
    assert any("people by faces, 19" in line for line in lines)
    assert any("search: A and B, " in line and "search: A and B, 0 in all" not in line for line in lines)
