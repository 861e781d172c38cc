"""Random sequences of everything that a user and the machines do, against a plain reference model.

`FACEKEEP_MACHINE_STEPS=10000 pytest tests/machine` runs the long form. A sequence that fails is shortened.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import invariant, run_state_machine_as_test
from store_support import TEMPLATE, Cluster
from tests.machine.people import People
from tests.machine.photos import Photos
from tests.machine.review import Said

STEPS = int(os.environ.get("FACEKEEP_MACHINE_STEPS", "160"))
LONG = STEPS >= 1000
A_LIFE = 80 if LONG else 40
"""Steps in one library; then a new one begins."""


class Everything(Photos, People, Said):
    """All of it."""


@pytest.mark.timeout(4 * 3600)
def test_whatever_is_done_in_any_order(cluster: Cluster) -> None:
    # The first is of the simplest steps alone, and some end early.
    lives = 1 + STEPS * (5 if LONG else 4) // (4 * A_LIFE)

    class Here(Everything):
        where = staticmethod(lambda: cluster.database(TEMPLATE))
        steps = 0

        @invariant()
        def a_step_was_taken(self) -> None:
            Here.steps += 1

    phases = [*Phase] if LONG else [Phase.explicit, Phase.generate]
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=lives,
            stateful_step_count=A_LIFE,
            deadline=None,
            database=None,
            derandomize=not LONG,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert not LONG or Here.steps >= STEPS
