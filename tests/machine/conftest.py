"""The databases of the integration tests, for random sequences of everything."""

import pytest
from store_support import cluster  # noqa: F401 - fixture

for _room in ("invariants", "life", "people", "photos", "review"):
    pytest.register_assert_rewrite(f"tests.machine.{_room}")
