"""Thousands of malformed pictures through the whole of a scan: each ends done or failed with a code."""

import os
from collections import Counter
from pathlib import Path

import pytest
from store_support import TEMPLATE, Cluster
from tests.chaos import figures, invariants
from tests.chaos.malformed import write_corpus
from tests.chaos.plan import Plan
from tests.chaos.rig import Watch, open_children, open_context

from facekeep.domain.errors import FailureCode
from facekeep.domain.media import PHOTO_ENDINGS
from facekeep.worker.foreground import Foreground

LIMIT_MEGABYTES = 3072

KILLED = {FailureCode.CRASHED, FailureCode.TIMEOUT, FailureCode.OUT_OF_MEMORY}


@pytest.mark.timeout(1800)
def test_malformed_pictures_harm_nothing(cluster: Cluster, models: Path, tmp_path: Path, plan: Plan) -> None:
    corpus, conninfo = tmp_path / "corpus", cluster.database(TEMPLATE)
    write_corpus(corpus, plan.mutants, heavy=plan.full)
    with (
        open_context(conninfo, tmp_path / "home") as ctx,
        open_children(models, memory_megabytes=LIMIT_MEGABYTES) as children,
        Watch() as watch,
    ):
        outcome = Foreground(ctx, children).run([corpus])
        state = children.state()
    assert outcome.errors == {}
    found = invariants.states(conninfo)
    assert set(found) == photo_files(corpus)
    codes = Counter(found.values())
    assert set(codes) <= {"done", *FailureCode} - {"internal", "storage", "missing_file", "library_offline"}
    killed = [name for name, code in found.items() if code in KILLED]
    assert state.died <= len(killed), "a child died of more than its own photo"
    assert killed == [] or plan.full, "none of these needs to cost a child"
    assert {f"sound/{name}" for name in os.listdir(corpus / "sound")} <= done(found)
    assert codes["unreadable"] > len(found) // 3
    assert invariants.broken(conninfo) == {}
    assert watch.largest_child < LIMIT_MEGABYTES
    figures.tell("Malformed: files", f"{len(found):,}: {_shown(codes)}")
    figures.tell("Malformed: children that died", f"{state.died}")
    figures.tell("Malformed: largest child", f"{watch.largest_child:.0f} MB")


def photo_files(corpus: Path) -> set[str]:
    """Every regular file that a scan has to record, as the database names it."""
    found = (path for path in corpus.rglob("*") if path.is_file() and not path.is_symlink())
    return {
        bytes(path.relative_to(corpus)).decode("utf-8", "backslashreplace")
        for path in found
        if path.suffix in PHOTO_ENDINGS
    }


def done(found: dict[str, str]) -> set[str]:
    return {name for name, state in found.items() if state == "done"}


def _shown(codes: "Counter[str]") -> str:
    return ", ".join(f"{count:,} {code}" for code, count in codes.most_common())
