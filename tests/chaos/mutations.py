"""Ways to damage a file. Each takes the sound bytes, another sound file, and its own source of chance."""

import random
import zlib
from collections.abc import Callable

from tests.chaos.anatomy import Part, parts, sizes

Mutation = Callable[[bytes, bytes, random.Random], bytes]

LENGTHS = (0, 1, 2, 7, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
HUGE = (0, 1, 40_000, 65_535, 100_000, 0x7FFFFFFF, 0xFFFFFFFF)
METADATA = (
    b"Exif\0\0",
    b"II*\0",
    b"MM\0*",
    b"ICC_PROFILE",
    b"acsp",
    b"colr",
    b"ICCP",
    b"EXIF",
    b"iCCP",
    b"eXIf",
)


def flip_bits(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Half of them in the first bytes, which hold the numbers that decide."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 2, 8, 40))):
        at = chance.randrange(min(len(out), chance.choice((400, len(out)))))
        out[at] ^= 1 << chance.randrange(8)
    return bytes(out)


def cut_at_a_boundary(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Ended just before, at, or just after a part begins or ends."""
    edges = sorted({edge for part in parts(data) for edge in (part.start, part.end)})
    return data[: max(0, chance.choice(edges) + chance.randrange(-2, 10))]


def cut_anywhere(data: bytes, other: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def lie_about_a_length(data: bytes, other: bytes, chance: random.Random) -> bytes:
    places = [number for part in parts(data) for number in part.numbers]
    out = data
    for place in chance.choices(places, k=chance.choice((1, 1, 2))) if places else []:
        at, count, big = place
        true = int.from_bytes(data[at : at + count], "big" if big else "little")
        out = _put(out, place, chance.choice((*LENGTHS, true - 1, true + 1, true * 2, len(data))))
    return _checked(out, chance)


def lie_about_the_size(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Pictures said to be larger, up to millions of pixels across, or of none."""
    out = data
    for place in sizes(data):
        if chance.random() < 0.8:
            out = _put(out, place, chance.choice((*HUGE, chance.randrange(1, 5000))))
    return _checked(out, chance, always=True)


def splice(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """The beginning of one and the end of another."""
    return data[: chance.randrange(1, len(data))] + other[chance.randrange(len(other)) :]


def swap_parts(data: bytes, other: bytes, chance: random.Random) -> bytes:
    found = [part for part in parts(data) if part.end > part.start]
    if len(found) < 2:
        return splice(data, other, chance)
    first, second = sorted(chance.sample(found, 2), key=lambda part: part.start)
    if first.end > second.start:  # one lies in the other
        return data[: second.start] + data[first.start : second.end] + data[second.end :]
    middle = data[first.end : second.start]
    return data[: first.start] + _of(data, second) + middle + _of(data, first) + data[second.end :]


def drop_a_part(data: bytes, other: bytes, chance: random.Random) -> bytes:
    part = chance.choice(parts(data))
    return data[: part.start] + data[part.end :]


def repeat_a_part(data: bytes, other: bytes, chance: random.Random) -> bytes:
    part = chance.choice(parts(data))
    times = min(chance.choice((1, 2, 20, 300)), max(1, 200_000 // max(1, part.end - part.start)))
    return data[: part.end] + _of(data, part) * times + data[part.end :]


def zero_a_run(data: bytes, other: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    count = min(chance.choice((4, 64, 4096)), len(data) - at)
    return data[:at] + bytes(count) + data[at + count :]


def repeat_a_run(data: bytes, other: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    run = data[at : at + chance.randrange(1, 400)]
    return data[:at] + run * chance.choice((2, 5, 50)) + data[at:]


def lose_or_gain_bytes(data: bytes, other: bytes, chance: random.Random) -> bytes:
    at, count = chance.randrange(len(data)), chance.randrange(1, 40)
    return data[:at] + (data[at + count :] if chance.random() < 0.5 else chance.randbytes(count) + data[at:])


def damage_the_metadata(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Noise, zeros and loops in EXIF and colour profiles; the pixels stay as they are."""
    starts = [found for word in METADATA if (found := data.find(word)) >= 0]
    if not starts:
        return flip_bits(data, other, chance)
    start = chance.choice(starts)
    end = min(len(data), start + chance.choice((40, 200, 600)))
    out = bytearray(data)
    for _ in range(chance.choice((2, 10, 60))):
        at = chance.randrange(start, end)
        value = chance.choice((b"\0\0", b"\xff\xff", b"\0\x08", b"\x08\0", chance.randbytes(2)))
        out[at : at + 2] = value[: len(out) - at]
    return _checked(bytes(out), chance)


def damage_within(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Noise inside parts, with their checksums made right again: what a checksum would hide."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 3, 12))):
        part = chance.choice(parts(data))
        at = chance.randrange(part.start, max(part.start + 1, part.end))
        out[min(at, len(out) - 1)] = chance.randrange(256)
    return _checked(bytes(out), chance, always=True)


def append_another(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Whole, and followed by what does not belong to it."""
    return data + chance.choice((other, chance.randbytes(5000), bytes(70_000), data))


def precede_with_another(data: bytes, other: bytes, chance: random.Random) -> bytes:
    return chance.choice((chance.randbytes(3), b"\xef\xbb\xbf", b"\r\n", bytes(8), other[:200])) + data


def text_conversion(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """What transfers as text do: line ends changed, or the highest bit lost, or read as another encoding."""
    ways: tuple[Callable[[], bytes], ...] = (
        lambda: data.replace(b"\n", b"\r\n"),
        lambda: data.replace(b"\r\n", b"\n"),
        lambda: bytes(byte & 0x7F for byte in data),
        lambda: data.decode("utf-8", "replace").encode(),
        lambda: data.decode("latin-1").encode(),
    )
    return chance.choice(ways)()


MUTATIONS: tuple[Mutation, ...] = (
    flip_bits,
    cut_at_a_boundary,
    cut_anywhere,
    lie_about_a_length,
    lie_about_the_size,
    splice,
    swap_parts,
    drop_a_part,
    repeat_a_part,
    zero_a_run,
    repeat_a_run,
    lose_or_gain_bytes,
    damage_the_metadata,
    damage_within,
    append_another,
    precede_with_another,
    text_conversion,
)


def _of(data: bytes, part: Part) -> bytes:
    return data[part.start : part.end]


def _put(data: bytes, place: tuple[int, int, bool], value: int) -> bytes:
    at, count, big = place
    number = (value % (1 << 8 * count)).to_bytes(count, "big" if big else "little")
    return data[:at] + number + data[at + count :]


def _checked(data: bytes, chance: random.Random, *, always: bool = False) -> bytes:
    """With the checksums of a PNG made right, mostly, so that decoders do not stop at the first chunk."""
    if not data.startswith(b"\x89PNG") or (not always and chance.random() < 0.3):
        return data
    out, at = bytearray(data), 8
    while at + 12 <= len(out):
        end = at + 8 + int.from_bytes(out[at : at + 4], "big")
        if end + 4 > len(out):
            break
        out[end : end + 4] = zlib.crc32(out[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(out)
