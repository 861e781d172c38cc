"""How near what was typed is to a name.

Both as they are looked for: folded by the database, words apart by spaces.
"""


def mistyped(typed: str, name: str) -> int | None:
    """How many slips make the words of `typed` beginnings of words of `name`; None when there are too many.

    A slip is a letter more, less, another, or two that changed places. Words of up to two letters allow
    none, up to four one, up to eight two, longer ones three.
    """
    words = name.split()
    slips = 0
    for word in typed.split():
        best = min((_to_beginning(word, other) for other in words), default=len(word))
        if best > allowed(len(word)):
            return None
        slips += best
    return slips


def allowed(length: int) -> int:
    """As many slips as a word of that many letters may have."""
    return 0 if length <= 2 else 1 if length <= 4 else 2 if length <= 8 else 3


def _to_beginning(word: str, other: str) -> int:
    """The least distance of a word to a beginning of another."""
    return min(_distances(word, other[: len(word) + allowed(len(word))])[1:], default=len(word))


def distance(one: str, other: str) -> int:
    """Letters to put in, take out, change, or swap with their neighbour (optimal string alignment)."""
    return _distances(one, other)[-1]


def _distances(one: str, other: str) -> list[int]:
    """The distance of `one` to each beginning of `other`, from the empty one to all of it."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, facing in enumerate(other, 1):
            best = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != facing))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == facing:
                best = min(best, before[j - 2] + 1)
            row.append(best)
        before, last = last, row
    return last
