"""The last seconds, in memory; a clip of them is written only when the cart asks for it.

The ring holds small pictures of luma, no colours: at most `RING_FRAMES` x 230,400 bytes, 14 MB.
Every picture is veiled (cart/eyes/privacy.py) before it is encoded. Clips are forgotten by reason:
each at its time (cart/contract/clips.py), and the oldest where there are too many. It must never
write anything that nobody asked for.
"""

from __future__ import annotations

import io
import math
import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from cart.contract.clips import DAYS_KEPT, NAME, ends_utc_ms
from cart.eyes.frames import Pixels
from cart.eyes.privacy import veiled
from models.motion import Box, changed_boxes

WIDTH = 640
FRAME_MS = 100
QUALITY = 80
RING_FRAMES = 60
BEFORE_MS = 3_000
AFTER_MS = 1_000
BYTES_MAX = 200_000_000
"""So much room the clips of one reason may take: the oldest go first."""
PART = ".part-"


@dataclass(frozen=True, slots=True, eq=False)
class _Moment:
    luma: Pixels
    sensed_ms: int
    is_still: bool


class ClipKeeper:
    """Owns the folder of clips (mode 0700) and the ring.

    `wall_ms` is the time of day in milliseconds, for names and ages; `complain` hears of a disk
    that takes no clip."""

    def __init__(
        self, folder: Path, wall_ms: Callable[[], int], complain: Callable[[str], None]
    ) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._wall_ms = wall_ms
        self._complain = complain
        self._ring: deque[_Moment] = deque(maxlen=RING_FRAMES)
        self._wanted: list[tuple[str, int]] = []
        self._next_end_ms: float = math.inf
        for torn in folder.glob(f"{PART}*"):
            torn.unlink()
        self.sweep()

    def keep(self, reason: str, sensed_ms: int) -> None:
        """Keep the seconds around this moment, once the last of them has come."""
        if reason in DAYS_KEPT:
            self._wanted.append((reason, sensed_ms))

    def add(self, luma: Pixels, sensed_ms: int, *, is_still: bool) -> None:
        """Remember a frame for a while; write what is due."""
        if not self._ring or sensed_ms - self._ring[-1].sensed_ms >= FRAME_MS:
            height = round(WIDTH * luma.shape[0] / luma.shape[1])
            small = cv2.resize(luma, (WIDTH, height), interpolation=cv2.INTER_AREA)
            self._ring.append(_Moment(np.asarray(small, np.uint8), sensed_ms, is_still))
        due = [wanted for wanted in self._wanted if sensed_ms >= wanted[1] + AFTER_MS]
        for wanted in due:
            self._wanted.remove(wanted)
            self._write(*wanted)
        if self._wall_ms() >= self._next_end_ms:
            self.sweep()

    def sweep(self) -> None:
        """Forget clips that are too old or too many for their reason."""
        now_ms, self._next_end_ms = self._wall_ms(), math.inf
        for reason in DAYS_KEPT:
            room_bytes = BYTES_MAX
            for end_ms, path in sorted(self._clips(reason), reverse=True):
                room_bytes -= path.stat().st_size
                if room_bytes < 0 or now_ms >= end_ms:
                    path.unlink()
                else:
                    self._next_end_ms = min(end_ms, self._next_end_ms)

    def _clips(self, reason: str) -> list[tuple[int, Path]]:
        """Those of a reason, each with when its time is over."""
        named = ((NAME.fullmatch(path.name), path) for path in self._folder.iterdir())
        return [
            (ends_utc_ms(path.name), path) for name, path in named if name and name[1] == reason
        ]

    def _write(self, reason: str, around_ms: int) -> None:
        first_ms, last_ms = around_ms - BEFORE_MS, around_ms + AFTER_MS
        moments = [one for one in self._ring if first_ms <= one.sensed_ms <= last_ms]
        if len({one.luma.shape for one in moments}) != 1:
            return  # nothing is left of that moment, or the camera was changed during it
        items = _items(moments)
        part = self._folder / f"{PART}{reason}.webp"
        try:
            _write_durably(part, _encoded([veiled(one.luma, items) for one in moments]))
            part.replace(self._folder / f"{reason}-{self._wall_ms():013}.webp")
        except OSError as error:
            part.unlink(missing_ok=True)
            self._complain(f"no clip kept for {reason}: {error}; make room in {self._folder}")
        else:
            self.sweep()


def _items(moments: list[_Moment]) -> list[Box]:
    """What came or went: the regions in which the first still picture and the last one differ."""
    still = [one.luma for one in moments if one.is_still]
    return changed_boxes(still[0], still[-1]) if still else []


def _encoded(pictures: list[Pixels]) -> bytes:
    """An animated WebP, which any browser plays; encoded in memory, so nothing is spilled."""
    first, *others = (Image.fromarray(picture) for picture in pictures)
    clip = io.BytesIO()
    first.save(
        clip, "WEBP", save_all=True, append_images=others, duration=FRAME_MS, quality=QUALITY
    )
    return clip.getvalue()


def _write_durably(path: Path, content: bytes) -> None:
    """Write a file of mode 0600 and wait for the disk. Raises OSError."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
