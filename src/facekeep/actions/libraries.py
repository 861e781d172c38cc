"""Photo folders: adding one, asking for a scan, stopping it."""

import os
from pathlib import Path

from facekeep.actions.context import Context
from facekeep.library import walk
from facekeep.store import libraries as store
from facekeep.store.rows import LibraryRow, ScanRow


def add_library(ctx: Context, root: Path) -> LibraryRow:
    """Take a folder in, or find it again. UsageError when it is missing, a file, unreadable, or ours."""
    walk.check_root(root, own=(ctx.home, ctx.cache_folder, ctx.models_folder))
    resolved = root.resolve()
    with ctx.database.write() as writer:
        return store.one(writer, store.add(writer, os.fsencode(resolved)))


def request_scan(ctx: Context, library_id: int) -> ScanRow:
    """Ask for a scan in the background; joins the open one. NotFound."""
    with ctx.database.write() as writer:
        store.root(writer, library_id)
        row = store.scan(writer, store.request_scan(writer, library_id))
    ctx.wake()
    return row


def stop_scan(ctx: Context, scan_id: int) -> ScanRow:
    """Ask whoever runs it to stop; what it found stays. NotFound."""
    with ctx.database.write() as writer:
        store.scan(writer, scan_id)
        store.stop_scan(writer, scan_id)
        return store.scan(writer, scan_id)


def set_offline(ctx: Context, library: int) -> None:
    """Its folder cannot be reached: nobody claims its photos until a scan finds it there again."""
    with ctx.database.write() as writer:
        store.set_online(writer, library, False)
