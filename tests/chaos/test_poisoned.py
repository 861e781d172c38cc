"""Photos that really kill, hang and bloat the children: they alone fail, with the right code, and the rest
goes on nearly as fast."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from store_support import TEMPLATE, Cluster
from tests.chaos import audit, faulty_child, figures, invariants
from tests.chaos.face_photos import poison, write_faces
from tests.chaos.faulty_child import CODES
from tests.chaos.plan import Plan
from tests.chaos.rig import QUICK, Watch, at_work, eventually, open_children, open_context

from facekeep.actions.libraries import add_library, request_scan
from facekeep.domain.failures import Rules

TIMEOUT_S = 3.0
"""A hundred times what such a photo takes, as 120 seconds are to one that takes a second."""

LIMIT_MEGABYTES = 600

BAD_AMONG_A_THOUSAND = (
    *("kill", "segfault", "abort", "leave", "vanish") * 2,
    *("kill", "segfault", "hang", "spin", "grow", "grow", "creep", "creep", "wordless", "wordless"),
)
"""Twenty: a dozen deaths, two hangs, four of memory, two errors without a word."""

ONE_OF_EACH = ("kill", "segfault", "leave", "vanish", "hang", "grow", "wordless")
"""One of each way of dying, and one of each other kind."""

AT_LEAST = 0.8
"""Of the throughput of a clean run."""


@pytest.mark.timeout(1200)
def test_the_poisoned_fail_alone(cluster: Cluster, models: Path, tmp_path: Path, plan: Plan) -> None:
    conninfo = cluster.database(TEMPLATE)
    names = [path.name for path in write_faces(tmp_path / "photos", plan.poisoned_photos, side=480)]
    bad = poison([tmp_path / "photos" / name for name in names], ONE_OF_EACH)
    audit.install(conninfo)
    died = _run(conninfo, models, tmp_path, QUICK.failures)
    good = set(names) - set(bad)
    states = invariants.states(conninfo)
    assert {name: states[name] for name in bad} == {name: CODES[fault] for name, fault in bad.items()}
    assert {name for name, state in states.items() if state == "done"} == good
    assert invariants.charged(conninfo) == _charged(bad)
    assert invariants.count(conninfo, "SELECT count(*) FROM face") == len(good)
    assert audit.read(conninfo).finished_again == 0
    assert invariants.broken(conninfo) == {}
    figures.tell(
        "Poisoned, short form", f"{len(bad)} of {len(names)}, one of each kind; {died} children died"
    )


def _run(conninfo: str, models: Path, folder: Path, rules: Rules) -> int:
    """Until every photo is looked at or given up; how many children died."""
    with (
        open_context(conninfo, folder / "home", replace(QUICK, failures=rules)) as ctx,
        open_children(
            models, timeout_s=TIMEOUT_S, memory_megabytes=LIMIT_MEGABYTES, entry=faulty_child.run
        ) as children,
        Watch() as watch,
    ):
        library = add_library(ctx, folder / "photos").library
        with at_work(ctx, children) as running:
            request_scan(running.context, library)
            eventually(lambda: _settled(conninfo), "all is looked at, or given up")
        assert watch.largest_child < LIMIT_MEGABYTES + 400, "more than a watch can miss"
        return children.state().died


def _settled(conninfo: str) -> bool:
    """What is nobody's fault is tried for ever; all else ends."""
    query = """
        SELECT count(*) FROM photo p LEFT JOIN failure x ON x.photo_id = p.id
        WHERE p.state = 'waiting' OR p.leased_by IS NOT NULL OR (NOT x.permanent AND x.code <> 'internal')"""
    scanned = invariants.count(conninfo, "SELECT count(*) FROM scan WHERE state = 'done'") == 1
    return scanned and invariants.count(conninfo, query) == 0


def _charged(bad: Mapping[str, str]) -> dict[str, str]:
    return {name: CODES[fault] for name, fault in bad.items() if CODES[fault] != "internal"}


@pytest.mark.full_form
@pytest.mark.timeout(1800)
def test_twenty_among_a_thousand_slow_the_rest_little(
    cluster: Cluster, models: Path, tmp_path: Path, plan: Plan
) -> None:
    """With the product's own waits, so that what is tried again is tried when the rest is done."""
    rates: dict[str, float] = {}
    for kind in ("clean", "poisoned"):
        conninfo = cluster.database(TEMPLATE)
        paths = write_faces(tmp_path / kind / "photos", plan.poisoned_photos, side=1024)
        bad = poison(paths, BAD_AMONG_A_THOUSAND) if kind == "poisoned" else {}
        began = time.monotonic()
        _run(conninfo, models, tmp_path / kind, Rules(first_delay_s=20.0, longest_delay_s=30.0))
        states = invariants.states(conninfo)
        assert {name: states[name] for name in bad} == {name: CODES[fault] for name, fault in bad.items()}
        assert invariants.charged(conninfo) == _charged(bad)
        assert invariants.broken(conninfo) == {}
        good = plan.poisoned_photos - len(bad)
        assert invariants.count(conninfo, "SELECT count(*) FROM photo WHERE state = 'done'") == good
        rates[kind] = good / _seconds_of_the_good(conninfo)
        figures.tell(
            f"Poisoned: the {kind} run", f"{rates[kind]:.1f} photos/s, {time.monotonic() - began:.0f} s"
        )
    share = rates["poisoned"] / rates["clean"]
    figures.tell("Poisoned: throughput of the good ones", f"{share:.0%} of a clean run's")
    assert share >= AT_LEAST


def _seconds_of_the_good(conninfo: str) -> float:
    """From the first answer to the last."""
    query = "SELECT extract(epoch FROM max(analysed_at) - min(analysed_at)) * 1000 FROM photo"
    return invariants.count(conninfo, query) / 1000
