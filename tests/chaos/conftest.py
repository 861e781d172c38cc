"""The databases and models of the integration tests, for tests that break things."""

import pytest
from store_support import bench, cluster, conninfo, ctx, database  # noqa: F401 - fixtures
from tests.chaos.plan import Plan, chosen
from worker_support import children, models  # noqa: F401 - fixtures


@pytest.fixture(scope="session")
def plan() -> Plan:
    """How much is done in this run."""
    return chosen()


def pytest_configure(config: pytest.Config) -> None:
    """The mark of what only the full form does."""
    config.addinivalue_line("markers", "full_form: takes minutes or hours; run by script/chaos")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the full form's own tests out of the short one."""
    if chosen().full:
        return
    left_out = [item for item in items if item.get_closest_marker("full_form")]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
