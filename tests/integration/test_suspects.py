"""Photos that failed in a way that others may have caused, or may suffer from."""

from concurrent.futures import Future
from pathlib import Path

import pytest
from store_support import Bench
from worker_support import write_astronauts

from facekeep.actions import analyse
from facekeep.domain.errors import FailureCode, PhotoFault
from facekeep.domain.faces import PhotoAnalysis
from facekeep.worker.analysing import Analyser
from facekeep.worker.children import Children


def test_suspects_are_looked_at_alone_and_last(
    bench: Bench, children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What crashed once may harm, or have been harmed by, whatever is in hand beside it."""
    write_astronauts(bench.root, 8)
    bench.scan()
    suspects = bench.claim()[:3]
    for item in suspects:
        analyse.record_failure(bench.ctx, item, PhotoFault(FailureCode.CRASHED, "it died"))
    bench.sql("UPDATE photo SET due_at = now(), leased_by = NULL, leased_worker = NULL")
    given: list[tuple[str, int]] = []
    futures: list[Future[PhotoAnalysis]] = []
    real = children.analyse

    def noted(path: Path, long_side: int | None = None, *, pack: str) -> Future[PhotoAnalysis]:
        given.append((path.name, sum(not future.done() for future in futures)))
        futures.append(real(path, long_side, pack=pack))
        return futures[-1]

    monkeypatch.setattr(children, "analyse", noted)
    assert Analyser(bench.ctx, children).run(lambda: False).done == 8
    names = [item.path.name for item in suspects]
    alone = [index for index, (name, _) in enumerate(given) if name in names]
    assert [given[index][1] for index in alone] == [0, 0, 0], "nothing else is in hand"
    assert all(given[index + 1][1] == 0 for index in alone if index + 1 < len(given)), "nor comes beside it"
    assert max(beside for _, beside in given) > 0, "the others go side by side"
