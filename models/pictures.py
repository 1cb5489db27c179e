"""Pictures on disk: which files count, in which order, and their pixels as arrays.

Every way a picture file can be broken becomes one `ModelError`; nothing else may escape. File names
choose the order and nothing more.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from models.errors import ModelError

Pixels = NDArray[np.uint8]

SUFFIXES = frozenset(
    f".{kind}"
    for kind in (
        *("png", "jpg", "jpeg", "jpe", "jfif", "webp", "gif", "bmp", "tif", "tiff", "avif"),
        # Kinds that Pillow cannot read count too: somebody should hear that a photo was not seen.
        *("heic", "heif"),
    )
)
PIXELS_MAX = 64_000_000
"""Larger pictures are refused before they are decoded: a small file can unfold to gigabytes."""
SIDE_PIXELS_MAX = 32_766
"""OpenCV places pixels by 16-bit numbers, and zxing-cpp refuses twice as much, enlarged."""

# What Pillow's decoders raise on damaged or hostile files, gathered by mutating real files.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    EOFError,
    OverflowError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


def photo_paths(folder: Path) -> list[Path]:
    """All picture files below `folder`, also in linked folders, sorted by their relative path."""
    files = _pictures_below(folder, frozenset())
    return sorted(files, key=lambda path: path.relative_to(folder).as_posix())


def _pictures_below(folder: Path, above: frozenset[Path]) -> Iterator[Path]:
    """The picture files; a link to one of the folders `above` would lead round for ever."""
    real = folder.resolve()
    if real in above:
        return
    for path in folder.iterdir():
        if path.is_dir():
            yield from _pictures_below(path, above | {real})
        # A link to nowhere is kept: it is an unreadable picture, and somebody should hear of it.
        elif path.suffix.lower() in SUFFIXES and (path.is_file() or not path.exists()):
            yield path


def folder_for(path: Path) -> Path:
    """The folder at `path`, made if it is absent; `ModelError` where it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as trouble:
        raise ModelError(f"{path}: cannot be made a folder ({trouble.strerror})") from trouble
    return path


def read_luma(path: Path) -> Pixels:
    """The picture as HxW uint8 luma; transparency becomes white paper."""
    return _read(path, "L")


def read_rgb(path: Path) -> Pixels:
    """The picture as HxWx3 uint8 RGB; transparency becomes white paper."""
    return _read(path, "RGB")


def _read(path: Path, mode: str) -> Pixels:
    try:
        with warnings.catch_warnings():
            # What Pillow warns of is refused, or read all the same: the answer says which.
            warnings.simplefilter("ignore")
            return _decoded(path, mode)
    except _DAMAGE as damage:
        reason = str(damage) or type(damage).__name__
        raise ModelError(f"cannot read {path.name} as a picture: {reason}") from damage


def _decoded(path: Path, mode: str) -> Pixels:
    with Image.open(path) as image:
        if image.width * image.height > PIXELS_MAX:
            raise ValueError(f"{image.width}x{image.height} pixels are too many")
        if max(image.size) > SIDE_PIXELS_MAX:
            raise ValueError(f"a side of {max(image.size)} pixels exceeds {SIDE_PIXELS_MAX}")
        upright = ImageOps.exif_transpose(_eight_bit(image))
        return np.ascontiguousarray(np.asarray(_on_white(upright).convert(mode)))


def _eight_bit(image: Image.Image) -> Image.Image:
    """Sixteen bits of grey as eight: Pillow's own conversion would clip them at 255."""
    if not image.mode.startswith("I;16"):
        return image
    return Image.fromarray((np.asarray(image, np.uint16) >> 8).astype(np.uint8))


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image
    layer = image.convert("RGBA")
    paper = Image.new("RGBA", layer.size, (255, 255, 255, 255))
    paper.alpha_composite(layer)
    return paper
