"""Frames: when each revision became pixels, and the pixels themselves.

Each flip waits until the picture is really drawn (glFinish): without it a window in memory outruns
the renderer and eats gigabytes, and the times would be those of promises.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from kivy.core.window import Window
from kivy.graphics.opengl import GL_RGB, GL_UNSIGNED_BYTE, glFinish, glReadPixels
from PIL import Image

FLIPS_KEPT = 200


class Frames:
    """Watches the window's flips. `before_flip` is called while the frame can still be read."""

    def __init__(self, before_flip: Callable[[], object]) -> None:
        self.flips: deque[tuple[int, int]] = deque(maxlen=FLIPS_KEPT)
        self.drawn = 0
        self._shown: int | None = None
        self._before_flip = before_flip
        Window.bind(on_flip=self._flip)

    def showing(self, revision: int) -> None:
        """The next frame is the first of this revision."""
        self._shown = revision

    def _flip(self, window: object) -> bool:
        glFinish()
        self._before_flip()
        Window.flip()
        glFinish()
        self.drawn += 1
        if self._shown is not None:
            self.flips.append((self._shown, time.monotonic_ns() // 1_000_000))
            self._shown = None
        return True  # Flipped here; the window need not do it again.


def pixels() -> Image.Image:
    """The frame that was drawn last, as it lies in the buffer."""
    width, height = Window.system_size
    data = glReadPixels(0, 0, width, height, GL_RGB, GL_UNSIGNED_BYTE)
    upside_down = Image.frombytes("RGB", (width, height), bytes(data))
    return upside_down.transpose(Image.Transpose.FLIP_TOP_BOTTOM)


def is_blank(picture: Image.Image) -> bool:
    """True for a picture of a single colour: nothing was drawn."""
    extrema = picture.getextrema()
    return all(low == high for low, high in extrema)  # type: ignore[misc]  # RGB has a pair a band


def redrawn() -> Image.Image:
    """The whole window drawn anew; it may still be blank while the window starts."""
    Window.dispatch("on_draw")
    glFinish()
    return pixels()
