"""Frame sources by name: `lens:/run/lens.sock`, `folder:/photos`, `video:/trip.mp4`, `video:0`.

A new kind of camera is one file here and one row in SOURCES.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from cart.eyes.frames import FrameSource
from cart.eyes.sources.folder import FolderSource
from cart.eyes.sources.lens import LensSource
from cart.eyes.sources.video import open_video

SOURCES: dict[str, Callable[[str], FrameSource]] = {
    "lens": LensSource,
    "folder": FolderSource,
    "video": open_video,
}


class UnknownSourceError(LookupError):
    """No frame source of this kind; the message lists those there are."""


def source_opener(text: str) -> Callable[[], FrameSource]:
    """What opens `kind:place`, again and again; it raises SourceLostError.

    Raises UnknownSourceError, now, when the kind is not in the table."""
    kind, _, place = text.partition(":")
    if kind not in SOURCES or not place:
        known = ", ".join(f"{name}:PLACE" for name in SOURCES)
        raise UnknownSourceError(f"{text!r} names no frame source; use {known}")
    return functools.partial(SOURCES[kind], place)
