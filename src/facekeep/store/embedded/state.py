"""What `describe` answers."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ServerState:
    """The private server of a data folder, seen from outside.

    `data_folder` is where its files are or would be; `runs_as` the operating-system user it runs as, "" when
    not yet decided; `version` that of PostgreSQL ("18.4" from a running server, "18" from its files, ""
    before the first start); `socket` the folder of its socket while it runs; `detail` a remark for people,
    such as why it cannot be looked at.
    """

    data_folder: Path
    runs_as: str
    running: bool
    version: str
    socket: Path | None
    detail: str = ""
