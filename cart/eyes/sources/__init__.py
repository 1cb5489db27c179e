"""Frame sources by name: `lens:/run/lens.sock`, `folder:/photos`, `video:/trip.mp4`, `video:0`.

A new kind of camera is one file here and one row in SOURCES.
"""

from __future__ import annotations

from collections.abc import Callable

from cart.eyes.frames import FrameSource, SourceLostError
from cart.eyes.sources.folder import FolderSource
from cart.eyes.sources.lens import LensSource
from cart.eyes.sources.video import VideoSource

SOURCES: dict[str, Callable[[str], FrameSource]] = {
    "lens": LensSource,
    "folder": FolderSource,
    "video": VideoSource,
}


def open_source(text: str) -> FrameSource:
    """Open `kind:place`. Raises SourceLostError; an unknown kind is named."""
    kind, _, place = text.partition(":")
    if kind not in SOURCES or not place:
        known = ", ".join(f"{name}:PLACE" for name in SOURCES)
        raise SourceLostError(f"{text!r} names no frame source; use {known}")
    return SOURCES[kind](place)
