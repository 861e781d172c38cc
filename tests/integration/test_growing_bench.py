"""The benchmark of growing measures what it says, on few faces. Nothing here depends on how fast."""

from tests.bench import growing

from facekeep.actions.context import Context


def test_growing_is_measured(ctx: Context) -> None:
    took = growing.measure(ctx, 300, (1, 20), huge=300)
    assert {"first grouping", "1 added", "20 added", "1 added to one of 300"} <= set(took)
    assert took["of them joined it"] == growing.REPEATED
