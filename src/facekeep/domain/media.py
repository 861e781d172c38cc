"""What a file is, by its content and not by its name. Pure: bytes in, a media type out; no codec.

Also the file name endings that photos and well-known other files go by, which say what is worth opening.
"""

import struct

from facekeep.domain import tiff
from facekeep.domain.tiff import Read

JPEG = "image/jpeg"
PNG = "image/png"
WEBP = "image/webp"
TIFF = "image/tiff"
GIF = "image/gif"
BMP = "image/bmp"
HEIC = "image/heic"
HEIF = "image/heif"
AVIF = "image/avif"
DNG = "image/x-adobe-dng"
CR3 = "image/x-canon-cr3"
OTHER_RAW = "image/x-raw"

HEIF_TYPES = frozenset({HEIC, HEIF})
RAW_TYPES = frozenset(
    {
        DNG,
        CR3,
        OTHER_RAW,
        "image/x-canon-cr2",
        "image/x-canon-crw",
        "image/x-nikon-nef",
        "image/x-sony-arw",
        "image/x-olympus-orf",
        "image/x-panasonic-rw2",
        "image/x-fuji-raf",
        "image/x-pentax-pef",
        "image/x-samsung-srw",
        "image/x-sigma-x3f",
        "image/x-hasselblad-3fr",
        "image/x-minolta-mrw",
        "image/x-phaseone-iiq",
        "image/x-kodak-dcr",
    }
)
SUPPORTED = frozenset({JPEG, PNG, WEBP, TIFF, GIF, BMP, AVIF}) | HEIF_TYPES | RAW_TYPES
"""Every media type that can be decoded."""

# Openings that settle the type at once (the formats' own specifications; RAW: LibRaw's and exiftool's notes).
_OPENINGS = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"FUJIFILMCCD-RAW", "image/x-fuji-raf"),
    (b"FOVb", "image/x-sigma-x3f"),
    (b"\0MRM", "image/x-minolta-mrw"),
    (b"IIRO", "image/x-olympus-orf"),
    (b"IIRS", "image/x-olympus-orf"),
    (b"MMOR", "image/x-olympus-orf"),
    (b"IIU\0", "image/x-panasonic-rw2"),
    (b"II\x1a\0\0\0HEAPCCDR", "image/x-canon-crw"),
)
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_HEIF_BRANDS = frozenset({b"mif1", b"msf1", b"mif2", b"miaf"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
# Header sizes that a BMP file may declare (OS/2 and Windows versions 1 to 5), so that text beginning with
# "BM" is not taken for a picture.
_BMP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})

_NEW_SUBFILE_TYPE, _COMPRESSION, _PHOTOMETRIC, _MAKE, _SUB_IFDS = 0x00FE, 0x0103, 0x0106, 0x010F, 0x014A
_DNG_VERSION = 0xC612
_SENSOR_PHOTOMETRIC = frozenset({32803, 34892})
"""Colour filter array and LinearRaw: sensor data, not a picture (TIFF/EP, DNG 1.6)."""
_SENSOR_COMPRESSION = frozenset({32767, 32769, 32770, 34713, 34316, 65000, 65535})
"""Sony ARW, packed RAW, Samsung SRW, Nikon NEF, Panasonic, Kodak, Pentax."""
_MAKERS = (
    ("NIKON", "image/x-nikon-nef"),
    ("SONY", "image/x-sony-arw"),
    ("PENTAX", "image/x-pentax-pef"),
    ("RICOH", "image/x-pentax-pef"),
    ("SAMSUNG", "image/x-samsung-srw"),
    ("HASSELBLAD", "image/x-hasselblad-3fr"),
    ("KODAK", "image/x-kodak-dcr"),
    ("EASTMAN", "image/x-kodak-dcr"),
    ("PHASE ONE", "image/x-phaseone-iiq"),
)
_MAX_DIRECTORIES = 24

# What the other half of the world is, for a reason that helps: "this is a PDF document, not a photo".
_NOT_PHOTOS = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or office document"),
    (b"8BPS", "a Photoshop document"),
    (b"%!PS", "a PostScript document"),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM video"),
    (b"ID3", "an audio file"),
    (b"OggS", "an Ogg file"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xff\x0a", "a JPEG XL picture, which is not supported"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture, which is not supported"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture, which is not supported"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture, which is not supported"),
    (b"\0\x05\x16\x07", "an AppleDouble sidecar"),
    (b"SQLite format 3", "a database"),
)


def _endings(*rows: str) -> frozenset[str]:
    return frozenset(f".{name}" for row in rows for name in row.split())


PHOTO_ENDINGS = _endings(
    "jpg jpeg jpe jfif mpo png apng webp tif tiff gif bmp dib heic heif hif heics heifs avif avifs",
    "dng cr2 cr3 crw nef nrw arw sr2 srf raf orf rw2 pef srw x3f 3fr fff mrw iiq dcr kdc erf mef mos rwl gpr",
)
"""A file of such a name is a photo to its owner: it is recorded, and fails with a reason if it is none."""

OTHER_ENDINGS = _endings(
    # video and audio
    "mp4 m4v mov qt avi mkv webm mpg mpeg m2v mts m2ts ts vob wmv flv 3gp 3g2 ogv insv lrv",
    "mp3 m4a aac wav flac ogg oga opus wma aif aiff amr",
    # sidecars, catalogues, databases, thumbnails of other programs
    "xmp aae thm json xml yml yaml txt md csv log nfo ini cfg conf pp3 dop cos on1",
    "lrcat lrcat-data lrtemplate",
    "db db-wal db-shm db-journal sqlite sqlite3 sqlite-wal sqlite-shm plist ithmb picasa",
    "gpx kml fit vcf ics url lnk webloc torrent par2 md5 sha1 sha256 sfv",
    # documents, drawings, and picture types that are not supported
    "pdf doc docx xls xlsx ppt pptx odt ods odp rtf epub html htm css js psd psb xcf kra svg svgz ai eps ps",
    "indd afphoto ico icns cur jxl jp2 j2k jpx exr hdr tga pcx ppm pgm",
    # archives, programs, half-made files
    "zip rar 7z tar gz bz2 xz zst tgz iso dmg exe dll msi apk so bin py sh bat class jar",
    "tmp temp part partial crdownload download bak swp lock",
)
"""A file of such a name is not opened."""


def by_content(read: Read) -> str | None:
    """The media type of a supported picture from its bytes; None for anything else.

    Reads at most a few kilobytes: TIFF-based camera RAW is told from TIFF by the directories inside.
    """
    head = read(0, 64)
    for opening, media_type in _OPENINGS:
        if head.startswith(opening):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head[4:8] == b"ftyp":
        return _by_brands(read(0, 512))
    if head[:2] == b"BM" and len(head) >= 18:
        return BMP if struct.unpack_from("<I", head, 14)[0] in _BMP_HEADERS else None
    return _by_directories(head, read)


def other_content(head: bytes) -> str:
    """What bytes that are no supported picture seem to be, to complete the sentence "this is ..."."""
    for opening, what in _NOT_PHOTOS:
        if head.startswith(opening):
            return what
    if head[4:8] == b"ftyp":
        return "a video or another ISO media file"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:9].lower()
    if start.startswith((b"<svg", b"<?xml", b"<!doctype", b"<html")):
        return "an XML, SVG or HTML document"
    if head and not head.strip(b"\0"):
        return "only zero bytes where its content should be"
    text = all(byte in b"\t\n\r\f\x1b" or byte >= 32 for byte in head)
    return "text" if head and text else "not a picture type that is known here"


def ending(name: bytes) -> str:
    """The lower-case ending of a file name with its dot, such as `.jpg`; empty when it has none."""
    stem, dot, last = name.rpartition(b".")
    return "." + last.decode("ascii", "replace").lower() if dot and stem else ""


def _by_brands(box: bytes) -> str | None:
    size = min(struct.unpack_from(">I", box)[0], len(box))
    major = box[8:12]
    brands = {box[start : start + 4] for start in range(16, size - 3, 4)}
    if major == b"crx ":
        return CR3
    if major in _AVIF_BRANDS or (major in _HEIF_BRANDS and brands & _AVIF_BRANDS):
        return AVIF
    if major in _HEIC_BRANDS or (major in _HEIF_BRANDS and brands & _HEIC_BRANDS):
        return HEIC
    return HEIF if major in _HEIF_BRANDS else None


def _by_directories(head: bytes, read: Read) -> str | None:
    if head[:4] in (b"II\x2b\0", b"MM\0\x2b"):
        return TIFF
    if head[:4] not in (b"II\x2a\0", b"MM\0\x2a"):
        return None
    if head[8:10] == b"CR":
        return "image/x-canon-cr2"
    if head[8:12] in (b"IIII", b"MMMM"):
        return "image/x-phaseone-iiq"
    return _raw_or_tiff(read)


def _raw_or_tiff(read: Read) -> str:
    waiting = [tiff.first_directory(read) or 0]
    seen: set[int] = set()
    maker = ""
    sensor = False
    while waiting and len(seen) < _MAX_DIRECTORIES:
        offset = waiting.pop(0)
        found = tiff.directory(read, offset) if offset not in seen else None
        seen.add(offset)
        if found is None:
            continue
        if _DNG_VERSION in found.entries:
            return DNG
        maker = maker if maker else found.text(_MAKE)
        sensor = sensor or _is_sensor(found)
        waiting += [*found.integers(_SUB_IFDS)[:8], found.following]
    return _raw_of(maker) if sensor else TIFF


def _is_sensor(found: tiff.Directory) -> bool:
    photometric, compression = found.integer(_PHOTOMETRIC), found.integer(_COMPRESSION)
    return photometric in _SENSOR_PHOTOMETRIC or compression in _SENSOR_COMPRESSION


def _raw_of(maker: str) -> str:
    name = maker.upper()
    return next((media_type for start, media_type in _MAKERS if name.startswith(start)), OTHER_RAW)
