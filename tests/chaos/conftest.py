"""The databases and models of the integration tests, for tests that break things."""

from store_support import bench, cluster, conninfo, ctx, database  # noqa: F401 - fixtures
from worker_support import children, models  # noqa: F401 - fixtures
