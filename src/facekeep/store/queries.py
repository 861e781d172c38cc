"""Named SQL: each `.sql` file holds statements under `-- name: what` lines, readable on their own."""

from functools import cache
from importlib import resources


@cache
def load(file: str) -> dict[str, str]:
    """The statements of `sql/<file>.sql` by name. Our own files only, so the text may be trusted as SQL."""
    text = resources.files("facekeep.store").joinpath("sql", f"{file}.sql").read_text("utf-8")
    blocks = text.split("-- name: ")[1:]
    pairs = (block.split("\n", 1) for block in blocks)
    return {name.strip(): body.strip() for name, body in pairs}
