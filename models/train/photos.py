"""The photos to learn from: which, of what, and their pixels decoded once and kept.

Labels come from the list alone; a path only says where the pixels are.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.errors import ModelError
from models.grocery import labelled
from models.pictures import read_rgb
from models.recogniser import central_square

KEPT_SIDE = 320
"""Pixels a side of a decoded photo: a little more than the network sees."""


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo and what it shows."""

    path: Path
    label: str


def listed(file: Path) -> list[Photo]:
    """The photos of a list of `path,label` lines; a path starts at the list's folder or here."""
    try:
        # Spreadsheets begin a file with a mark of its encoding.
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = [row for row in csv.reader(lines) if any(map(str.strip, row))]
    except (UnicodeDecodeError, csv.Error) as trouble:
        raise ModelError(f"{file}: is no list in UTF-8 ({trouble})") from trouble
    if rows and [cell.strip().casefold() for cell in rows[0]] == ["path", "label"]:
        del rows[0]
    for number, row in enumerate(rows, 1):
        if len(row) != 2 or not all(cell.strip() for cell in row) or "\0" in "".join(row):
            raise ModelError(f"{file}: entry {number} is not path,label")
    if not rows:
        raise ModelError(f"{file}: lists no photo; expected lines of path,label")
    return [Photo(_found(path.strip(), file.parent), label.strip()) for path, label in rows]


def grocery(data_dir: Path, splits: Collection[str]) -> list[Photo]:
    """The photos of the given official splits of GroceryStoreDataset, by fine class."""
    rows = [row for row in labelled(data_dir) if row["split"] in splits]
    return [Photo(data_dir / "grocery" / row["path"], row["fine_name"]) for row in rows]


def decoded(photos: Sequence[Photo], cache_dir: Path) -> Path:
    """A file in `cache_dir` with the photos' central squares: (n, 320, 320, 3) uint8 RGB, .npy.

    `ModelError` names a photo that cannot be read: training on fewer photos than listed would be
    another recipe.
    """
    names = "\n".join(f"{_stamp(photo.path)} {photo.path.resolve()}" for photo in photos)
    file = cache_dir / f"{hashlib.sha256(os.fsencode(names)).hexdigest()[:16]}-{KEPT_SIDE}.npy"
    if not file.is_file():
        cache_dir.mkdir(parents=True, exist_ok=True)
        pixels = np.stack([central_square(read_rgb(photo.path), KEPT_SIDE) for photo in photos])
        unfinished = file.with_suffix(".unfinished.npy")
        np.save(unfinished, pixels)
        unfinished.replace(file)
    return file


def _found(path: str, folder: Path) -> Path:
    beside = folder / path
    return beside if os.path.lexists(beside) else Path(path)


def _stamp(path: Path) -> str:
    try:
        facts = path.stat()
    except OSError as trouble:
        raise ModelError(f"{path}: cannot be read ({trouble.strerror})") from trouble
    return f"{facts.st_size} {facts.st_mtime_ns}"
