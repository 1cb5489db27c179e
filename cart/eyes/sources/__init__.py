"""Frame sources by name, `kind:place`: `picamera:imx708`, `video:/dev/v4l/by-id/…`, `lens:SOCKET`.

A new kind of camera is one file here and one row in SOURCES.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from cart.eyes.frames import FrameSource
from cart.eyes.sources.folder import FolderSource
from cart.eyes.sources.lens import LensSource
from cart.eyes.sources.picamera import PicameraSource
from cart.eyes.sources.settings import Settings
from cart.eyes.sources.video import open_video

SOURCES: dict[str, Callable[[str, Settings], FrameSource]] = {
    "lens": lambda place, _settings: LensSource(place),
    "folder": lambda place, _settings: FolderSource(place),
    "video": open_video,
    "picamera": PicameraSource,
}
AS_IT_COMES = Settings()


class UnknownSourceError(LookupError):
    """No frame source of this kind; the message lists those there are."""


def source_opener(text: str, settings: Settings = AS_IT_COMES) -> Callable[[], FrameSource]:
    """What opens `kind:place`, again and again; it raises SourceLostError.

    Raises UnknownSourceError, now, when the kind is not in the table."""
    kind, _, place = text.partition(":")
    if kind not in SOURCES or not place:
        known = ", ".join(f"{name}:PLACE" for name in SOURCES)
        raise UnknownSourceError(f"{text!r} names no frame source; use {known}")
    return functools.partial(SOURCES[kind], place, settings)
