"""Takes out of a text what is private: paths, file names, names of people, of the user and of the machine.

It takes too much rather than too little: what is left is for a stranger to read.
"""

import re
from collections.abc import Mapping

# What stands for a known text while the patterns run: they must neither cut it nor join it to a path.
_MARK = "\0"

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://\S*|\b\d{1,3}(?:\.\d{1,3}){3}\b", re.IGNORECASE)
# Where our own code or a library's lies is of use; what stands before it is the user's.
_CODE = re.compile(r"\"[^\"\n]*/((?:site-packages|facekeep|lib/python3\.\d+)/[\w./-]+\.py)\"")
# A path may hold any sign: all goes up to the reason at the line's end, or that as well when it has slashes.
_PATH = re.compile(
    r"(?<![\w<…/.])(?:~|[A-Za-z]:)?[/\\](?![\s/])(?:[^\n\0]*(?=:\s[^/\\\n\0]*$)|[^\n\0]*)", re.MULTILINE
)
_FILE = re.compile(
    r"[^\n:'\"<>\0]*\.(jpe?g|png|webp|tiff?|gif|bmp|hei[cf]|avif|dng|cr[23w]|nef|arw|raf|orf|rw2|pef|srw)\b",
    re.IGNORECASE,
)


class Cleaner:
    """Replaces what it was told, then whatever looks like an address, a path or the name of a picture."""

    def __init__(self, known: Mapping[str, str], words: Mapping[str, str], *, paths: bool = True) -> None:
        """`known`: texts and what stands for each. `words`: the same for whole words, in any case.

        Without `paths` it leaves paths and file names alone.
        """
        self._paths = paths
        self._known = dict(known)
        self._words = {word.casefold(): alias for word, alias in words.items() if word}

    def clean(self, text: str, also: Mapping[str, str] | None = None) -> str:
        """The text without them. `also`: more texts that are known, of this one place."""
        text, aliases = self._marked(text.replace(_MARK, ""), {} if also is None else also)
        text = _ADDRESS.sub("<address>", text)
        if self._paths:
            text = _CODE.sub(r'"…/\1"', text)
            text = _PATH.sub("<path>", text)
            text = _FILE.sub(r"<photo>.\1", text)
        text = self._without_words(text)
        return re.sub(rf"{_MARK}(\d+){_MARK}", lambda found: aliases[int(found[1])], text)

    def _marked(self, text: str, also: Mapping[str, str]) -> tuple[str, list[str]]:
        aliases: list[str] = []
        for private, alias in sorted((self._known | dict(also)).items(), key=lambda pair: -len(pair[0])):
            if len(private) > 1 and private in text:
                text = text.replace(private, f"{_MARK}{len(aliases)}{_MARK}")
                aliases.append(alias)
        return text, aliases

    def _without_words(self, text: str) -> str:
        # Of a hundred thousand names none or few occur; a pattern of all of them would take seconds.
        folded = text.casefold()
        there = sorted((word for word in self._words if word in folded), key=len, reverse=True)
        for word in there:
            pattern = rf"(?<!\w){re.escape(word)}(?!\w)"
            text = re.sub(pattern, self._words[word], text, flags=re.IGNORECASE)
        return text
