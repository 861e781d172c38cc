"""Camera RAW: the preview that the camera put inside, or a quick development at half size without one."""

from io import BytesIO
from typing import Any, BinaryIO

from facekeep.domain import media
from facekeep.domain.errors import PhotoFault
from facekeep.domain.faces import Pixels
from facekeep.domain.tiff import reader
from facekeep.inference import exif
from facekeep.inference.colour import scaled_rgb
from facekeep.inference.exif import CameraNotes
from facekeep.inference.jpeg import open_jpeg
from facekeep.inference.limits import check_pixels
from facekeep.inference.source import Source

MIN_PREVIEW = 1000
"""Longer side in pixels from which a preview is taken for the photo. Below are thumbnails (160 to 640)."""
_ASPECT_TOLERANCE = 0.04
"""Previews are cropped by a few pixels; one of another shape has black bars or is another crop."""
# LibRaw's `flip` (after dcraw) as EXIF orientation.
_ORIENTATION_OF_FLIP = {0: 1, 3: 3, 5: 8, 6: 6}


def open_raw(file: BinaryIO, media_type: str, max_pixels: int) -> Source:
    """A camera RAW file. Raises PhotoFault above the limit; else what LibRaw raises."""
    import rawpy

    data = file.read()
    with rawpy.RawPy() as raw:
        raw.open_buffer(BytesIO(data))
        sensor = (raw.sizes.width, raw.sizes.height)
        check_pixels(*sensor, max_pixels)
        orientation = _ORIENTATION_OF_FLIP.get(raw.sizes.flip, 1)
        preview = _preview(raw, max_pixels)
    notes = exif.from_tiff(reader(data))
    taken_at = notes.taken_at
    if taken_at is None and preview is not None:
        taken_at = preview.notes.taken_at
    if preview is not None and _stands_for(preview, sensor):
        return _from_preview(preview, sensor, media_type, CameraNotes(orientation, taken_at))
    return _developed(data, sensor, media_type, CameraNotes(orientation, taken_at))


def _preview(raw: Any, max_pixels: int) -> Source | None:
    """The largest picture inside, None when there is none that can be used."""
    import rawpy

    try:
        thumb = raw.extract_thumb()
    except rawpy.LibRawError:
        return None
    if thumb.format == rawpy.ThumbFormat.JPEG:
        try:
            return open_jpeg(thumb.data, max_pixels)
        except PhotoFault:
            return None
    return _bitmap(thumb.data) if thumb.format == rawpy.ThumbFormat.BITMAP else None


def _bitmap(pixels: Pixels) -> Source:
    height, width = pixels.shape[:2]
    return Source(width, height, media.BMP, exif.NOTHING, lambda size: scaled_rgb(pixels, size, None))


def _stands_for(preview: Source, sensor: tuple[int, int]) -> bool:
    """Whether a preview is large enough, and of the sensor's shape, lying or standing."""
    long_side, short_side = max(preview.width, preview.height), min(preview.width, preview.height)
    shape = (long_side / short_side) / (max(sensor) / min(sensor))
    return long_side >= min(MIN_PREVIEW, max(sensor)) and abs(shape - 1.0) <= _ASPECT_TOLERANCE


def _from_preview(preview: Source, sensor: tuple[int, int], media_type: str, notes: CameraNotes) -> Source:
    width, height = sensor
    lying, preview_lying = width >= height, preview.width >= preview.height
    if lying != preview_lying:
        # Some cameras turn the preview upright themselves.
        width, height, notes = height, width, CameraNotes(1, notes.taken_at)
    return Source(width, height, media_type, notes, preview.load, best=(preview.width, preview.height))


def _developed(data: bytes, sensor: tuple[int, int], media_type: str, notes: CameraNotes) -> Source:
    def load(size: tuple[int, int]) -> Pixels:
        import rawpy

        with rawpy.RawPy() as raw:
            raw.open_buffer(BytesIO(data))
            raw.unpack()
            pixels = raw.postprocess(half_size=True, use_camera_wb=True, output_bps=8, user_flip=0)
        return scaled_rgb(pixels, size, None)

    half = (max(1, sensor[0] // 2), max(1, sensor[1] // 2))
    return Source(*sensor, media_type, notes, load, best=half)
