"""Product pictures, each drawn at exactly the size it is shown at: never soft, never a crash.

A name is a name and not a path. A picture that is missing or cannot be read is told once on stderr
and shown as a placeholder. What was drawn is kept up to a bound.
"""

from __future__ import annotations

import re
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
KEPT_BYTES_MAX = 24_000_000
SIDE_PX_MAX = 2_000


class Pictures:
    """The pictures of a folder (None: there are none), as square textures."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._kept: OrderedDict[tuple[str, int], Any] = OrderedDict()
        self._kept_bytes = 0
        self._missing: set[str] = set()

    def texture(self, name: str, side_px: int) -> Any:
        """The picture `name` as a texture of `side_px` squared; None for the placeholder."""
        if not name or self._folder is None or name in self._missing or side_px < 1:
            return None
        key = (name, min(side_px, SIDE_PX_MAX))
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        picture = self._read(*key)
        return None if picture is None else self._keep(key, picture)

    def _read(self, name: str, side_px: int) -> Image.Image | None:
        assert self._folder is not None
        try:
            if not NAME.fullmatch(name):
                raise ValueError("not a plain name")
            with Image.open(self._folder / f"{name}.png") as file:
                return fitted(file.convert("RGBA"), side_px)
        except (OSError, ValueError, UnidentifiedImageError, Image.DecompressionBombError) as error:
            self._missing.add(name)
            print(f"ui: no picture {name[:100]!r}: {error}", file=sys.stderr, flush=True)
            return None

    def _keep(self, key: tuple[str, int], picture: Image.Image) -> Any:
        from kivy.graphics.texture import Texture

        texture = Texture.create(size=picture.size, colorfmt="rgba")
        texture.blit_buffer(picture.tobytes(), colorfmt="rgba", bufferfmt="ubyte")
        texture.flip_vertical()
        self._kept[key] = texture
        self._kept_bytes += 4 * key[1] ** 2
        while self._kept_bytes > KEPT_BYTES_MAX and len(self._kept) > 1:
            (_, side_px), _ = self._kept.popitem(last=False)
            self._kept_bytes -= 4 * side_px**2
        return texture


def fitted(picture: Image.Image, side_px: int) -> Image.Image:
    """The whole picture in a clear square of that side, resampled once."""
    scale = side_px / max(picture.size)
    size = [max(1, round(length * scale)) for length in picture.size]
    small = picture.resize((size[0], size[1]), Image.Resampling.LANCZOS)
    square = Image.new("RGBA", (side_px, side_px), (255, 255, 255, 0))
    square.paste(small, ((side_px - size[0]) // 2, (side_px - size[1]) // 2))
    return square
