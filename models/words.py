"""Words on a pack: read by rapidocr (extra `ocr`), compared with the words of enrolled photos.

A second look for crops that the look alone leaves undecided. Words are compared by their pieces of
three letters, since print on a bent carton is read with letters wrong. The cart must never need it:
it works without the extra.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError

PIECE_LETTERS = 3
WORD_LETTERS_MIN, WORD_SIGNS_MIN = 3, 2
"""Shorter words (of signs: Chinese ones) are mostly leaves and dots misread; numbers are prices and
dates."""
WORDED_SHARE = 0.5
"""A label is told by its words if more than this share of its photos shows any. Else they are the
shelf's or a sticker's, and would draw to it whatever else stands near a price."""
VOCABULARY_MAX = 4096
SINGLE_PHOTOS = 2
"""Photos a label up to which a piece counts that one photo alone shows."""
STRIP_ASPECT = 10
"""How many times longer than wide a crop may be: in a strip, the reader searches for a minute."""
Lines = tuple[str, ...]
Shaped = tuple[NDArray[np.float32], tuple[int, ...]]
"""An array and the shape it must have."""

_NO_WORD = re.compile(r"[\W_]+")


class Reader(Protocol):
    """Whoever can read what is printed in an RGB crop."""

    def read(self, frame: NDArray[np.uint8]) -> Lines:
        """The lines of text, as `plain` has them."""


class WordReader:
    """Reads what is printed in a crop; `ModelError` where the extra `ocr` is not installed."""

    def __init__(self) -> None:
        try:
            from rapidocr import RapidOCR  # noqa: PLC0415 - an extra, slow to load
        except ImportError as absent:
            raise ModelError("--text needs the extra ocr: pip install 'dashcart[ocr]'") from absent
        self._engine = RapidOCR(
            params={
                "Global.log_level": "error",
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )

    def read(self, frame: NDArray[np.uint8]) -> Lines:
        """The lines of text in an RGB crop, lower case and without accents; none in a strip."""
        if is_strip(frame):
            return ()
        found = self._engine(np.ascontiguousarray(frame[..., ::-1]))
        return tuple(plain(line) for line in found.txts or ())


@dataclass(frozen=True, slots=True, eq=False)
class PackWords:
    """Which pieces of words each label's photos show: unit rows (labels, pieces), or zeros for what
    has no words of its own."""

    vocabulary: tuple[str, ...]
    rarity: NDArray[np.float32]
    rows: NDArray[np.float32]

    @classmethod
    def build(cls, texts: Mapping[str, Sequence[Lines]], labels: Sequence[str]) -> PackWords:
        """From the texts of each label's photos; where most show none, the label has no words."""
        photos = [[pieces(lines) for lines in texts.get(label, ())] for label in labels]
        seen = Counter(piece for those in photos for one in those for piece in one)
        total = sum(map(len, photos))
        # What one photo of many shows is more often misread than rare.
        often = 1 if total > SINGLE_PHOTOS * len(labels) else 0
        vocabulary = tuple(
            piece for piece, count in seen.most_common(VOCABULARY_MAX) if count > often
        )
        rarity = np.array([np.log(1 + total / seen[piece]) for piece in vocabulary])
        empty = cls(vocabulary, rarity.astype(np.float32), np.zeros((0, 0), np.float32))
        rows = [empty.direction(those) for those in photos]
        return cls(vocabulary, empty.rarity, np.array(rows, np.float32))

    def tell_apart(self) -> bool:
        """Whether any label is told by its words."""
        return bool(self.rows.any())

    def shapes(self, labels: int) -> dict[str, Shaped]:
        """Each array with the shape it must have in a gallery of so many labels."""
        count = len(self.vocabulary)
        return {"rarity": (self.rarity, (count,)), "rows": (self.rows, (labels, count))}

    def vector(self, seen: Collection[str]) -> NDArray[np.float32]:
        """The rarity of each piece that is seen, as a unit vector (or zeros)."""
        present = np.array([piece in seen for piece in self.vocabulary], np.float32)
        return _unit(present * self.rarity)

    def direction(self, photos: Sequence[Collection[str]]) -> NDArray[np.float32]:
        """The mean direction of a label's photos; zeros if too few of them show words."""
        if sum(map(bool, photos)) <= WORDED_SHARE * len(photos):
            return np.zeros(len(self.vocabulary), np.float32)
        return _unit(np.sum([self.vector(one) for one in photos], axis=0))

    def similarities(self, lines: Lines) -> NDArray[np.float32]:
        """How alike a crop's text and each label's are, 0..1."""
        return np.asarray(self.rows @ self.vector(pieces(lines)), np.float32)


def is_strip(frame: NDArray[np.uint8]) -> bool:
    """Whether a crop is too narrow to hold a pack."""
    return bool(max(frame.shape[:2]) > STRIP_ASPECT * min(frame.shape[:2]))


def plain(line: str) -> str:
    """A line's letters and digits, without case and accents, words parted by one space."""
    letters = unicodedata.normalize("NFKD", line.casefold())
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return _NO_WORD.sub(" ", bare).strip()


def pieces(lines: Iterable[str]) -> frozenset[str]:
    """All runs of three letters in what is surely a word, each word with its ends marked."""
    words = {word for line in lines for word in line.split()}
    return frozenset(
        marked[start : start + PIECE_LETTERS]
        for marked in (f"<{word}>" for word in words if _is_word(word))
        for start in range(len(marked) - PIECE_LETTERS + 1)
    )


def _is_word(word: str) -> bool:
    shortest = WORD_LETTERS_MIN if word.isascii() else WORD_SIGNS_MIN
    return len(word) >= shortest and not word.isdecimal()


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-9), np.float32)
