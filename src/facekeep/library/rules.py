"""Which folders and files are not the user's photos: the table, and nothing else.

Skipped are hidden entries (a name that begins with a dot), facekeep's own folders, and folders in which other
programs keep crops, previews and deleted files. Every rule is narrow: a name that a person might give to an
album (`thumbs`, `faces`, `previews`) is skipped only beside proof of who made it.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

OWN_MARKER = b".facekeep"
CACHE_TAG = b"CACHEDIR.TAG"
CACHE_SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55"
"""First bytes of a cache folder's tag: https://bford.info/cachedir/."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: a pattern for a folder's lower-case name, and whose folder that is."""

    pattern: re.Pattern[bytes]
    what: str
    derived: bool
    """Pictures made from photos (crops, previews): such a folder is refused as a library's root as well."""


def _rule(pattern: bytes, what: str, *, derived: bool) -> Rule:
    return Rule(re.compile(pattern), what, derived)


BY_NAME = (
    _rule(rb"\.memorymate", "face crops and cache of MemoryMate", derived=True),
    _rule(rb"face_crops", "face crops of MemoryMate", derived=True),
    _rule(rb"@eadir", "thumbnails of Synology", derived=True),
    _rule(rb"\.?@__thumb", "thumbnails of QNAP", derived=True),
    _rule(rb"\.thumbnails|\.thumb(s|cache)?", "thumbnails of the desktop or of Android", derived=True),
    _rule(rb"\.photoprism", "previews and settings of PhotoPrism", derived=True),
    _rule(rb".+\.(lrdata|lrprev)", "previews of Lightroom", derived=True),
    _rule(rb".+\.cocatalog|captureone", "previews and settings of Capture One", derived=True),
    _rule(rb"appdata_oc[a-z0-9]{10}", "previews of Nextcloud or ownCloud", derived=True),
    _rule(rb"#recycle|@recycle|\$recycle\.bin|recycler", "a recycle bin", derived=False),
    _rule(rb"#snapshot|@recently-snapshot|@tmp|@sharebin", "system folder of a storage box", derived=False),
    _rule(rb"system volume information", "system folder of Windows", derived=False),
    _rule(rb"lost\+found", "remains of a file system repair", derived=False),
    _rule(rb"__macosx", "resource forks from an archive", derived=False),
)

_APPLE_LIBRARY = re.compile(rb".+\.(photoslibrary|photolibrary|migratedphotolibrary|aplibrary)")
_APPLE_ORIGINALS = frozenset({b"originals", b"masters"})
_NEXTCLOUD = frozenset({b"files_trashbin", b"files_versions", b"cache", b"uploads"})
_IMMICH = frozenset({b"thumbs", b"encoded-video", b"profile", b"backups"})
_LIBREPHOTOS = frozenset({b"thumbnails_big", b"square_thumbnails", b"faces"})


def skip_by_name(name: bytes, parent: bytes, siblings: Collection[bytes] = ()) -> str | None:
    """Why a folder is not entered, from its, its parent's and its siblings' names; None: enter it."""
    low = name.lower()
    for rule in BY_NAME:
        if rule.pattern.fullmatch(low):
            return rule.what
    if _APPLE_LIBRARY.fullmatch(parent.lower()) and low not in _APPLE_ORIGINALS:
        return "previews and data of an Apple photo library"
    if low in _NEXTCLOUD and b"files" in siblings and b"files_trashbin" in siblings:
        return "deleted files and versions of Nextcloud"
    if low in _LIBREPHOTOS and {b"thumbnails_big", b"square_thumbnails"} <= set(siblings):
        return "thumbnails and face crops of LibrePhotos"
    return "hidden" if low.startswith(b".") else None


def skip_by_contents(name: bytes, entries: Collection[bytes]) -> str | None:
    """Why a folder is left again once its entries are known; None: stay. `CACHEDIR.TAG` is for the caller."""
    if OWN_MARKER in entries:
        return "facekeep's own folder"
    if b".ppstorage" in entries:
        return "previews and settings of PhotoPrism"
    if b".immich" in entries and name.lower() in _IMMICH:
        return "thumbnails of Immich"
    return None


def derived_folder(name: bytes) -> str | None:
    """Whose crops or previews a folder of that name holds; None for any other folder."""
    low = name.lower()
    return next((rule.what for rule in BY_NAME if rule.derived and rule.pattern.fullmatch(low)), None)
