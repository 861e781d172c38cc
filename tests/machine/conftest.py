"""The databases of the integration tests, for random sequences of everything."""

from store_support import cluster  # noqa: F401 - fixture
