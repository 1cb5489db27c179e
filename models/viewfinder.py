"""`python -m models look`: what the eyes see in a picture, a folder, a video or a camera, as a PNG.

The tool to aim and focus a camera with. It shows what the same parts of models/ give to the cart;
it must never have a judgement of its own.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from models.errors import ModelError
from models.gallery import Gallery, probability
from models.health import CameraHealth, shown_by
from models.health import figures as figures_of
from models.motion import MotionGate, changed_boxes, direction
from models.pictures import SUFFIXES, Pixels, photo_paths, read_rgb
from models.reader import Reader
from models.recogniser import Recogniser
from models.viewfinder_page import Change, View, page, sheet
from models.weights_files import GALLERY_NAME, WEIGHTS_DIR, verified

WARM_UP_FRAMES = 10
"""A camera's first frames are too dark: its exposure settles."""
FOLLOW_EVERY_S = 0.5
SIDE_PIXELS_MIN, RATIO_MAX = 32, 16
"""Thinner pictures cannot be drawn on a page, and no camera takes them."""
CANDIDATES = 5
WINDOW = "what the eyes see"

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class _Shot:
    """A frame of a source; `before` is an earlier one to compare with, or None."""

    name: str
    rgb: Pixels
    before: Pixels | None = None
    condition: str = ""


class Viewfinder:
    """Looks at frames as the cart's eyes do."""

    def __init__(self, gallery: Path | None) -> None:
        self._reader = Reader()
        self._recogniser = Recogniser()
        if gallery is None:
            verified(WEIGHTS_DIR / GALLERY_NAME)
        self._gallery = Gallery.load(
            gallery or WEIGHTS_DIR / GALLERY_NAME, self._recogniser.fingerprint
        )

    def view(self, shot: _Shot) -> View:
        """Everything the eyes make of a frame."""
        height, width = shot.rgb.shape[:2]
        if min(height, width) < SIDE_PIXELS_MIN or max(height, width) > RATIO_MAX * min(
            height, width
        ):
            raise ModelError(f"{shot.name}: {width}x{height} pixels are no camera's picture")
        luma = np.asarray(cv2.cvtColor(shot.rgb, cv2.COLOR_RGB2GRAY), np.uint8)
        seen = figures_of(luma)
        changes = [] if shot.before is None else _changes(shot.before, luma)
        crop = _square(shot.rgb, changes)
        began = time.perf_counter()
        reads = self._reader.read(luma)
        read_ms = (time.perf_counter() - began) * 1000
        belief = self._gallery.believe(self._recogniser.look(crop).embedding)
        return View(
            name=shot.name,
            rgb=shot.rgb,
            luma=luma,
            condition=shot.condition or (shown_by(seen) or ["good"])[0],
            figures=seen,
            changes=changes,
            reads=reads,
            read_ms=read_ms,
            candidates=belief.top(CANDIDATES),
            unknown=probability(belief.unknown_millinats),
        )


def look_command(arguments: argparse.Namespace) -> Iterator[str]:
    """Write the PNG and say in a line what each view shows."""
    finder = Viewfinder(arguments.gallery)
    if arguments.window:
        _open_window()
    if arguments.follow:
        shots = _live(arguments.source, follow=True)
    else:
        shots = _shots(arguments.source, arguments.views)
    pages: list[Pixels] = []
    for shot in shots:
        view = finder.view(shot)
        pages = [page(view)] if arguments.follow else [*pages, page(view)]
        yield line_of(view)
        if arguments.follow:
            _save(pages[0], arguments.out)
        if arguments.window and not _shown(pages[-1], for_ms=1 if arguments.follow else 0):
            break
    if not pages:
        raise ModelError(f"{arguments.source}: holds no picture")
    _save(sheet(pages), arguments.out)
    yield f"written to {arguments.out}"


def line_of(view: View) -> str:
    """A view in a line: for a terminal beside the camera, while the focus is turned."""
    codes = ", ".join(f"{read.format} {read.text}" for read in view.reads) or "no code"
    label, share = view.candidates[0] if view.candidates else ("nothing", 0.0)
    return (
        f"{view.name}: {view.condition}, sharpness {view.figures.sharpness:.0f}, "
        f"{len(view.changes)} changed, {codes}, looks like {label} ({100 * share:.0f} %)"
    )


def _shots(source: str, views: int) -> Iterator[_Shot]:
    path = Path(source)
    if path.is_dir():
        photos = photo_paths(path)
        for photo in _spread(photos, views):
            yield _Shot(photo.relative_to(path).as_posix(), read_rgb(photo))
    elif path.suffix.lower() in SUFFIXES:
        yield _Shot(path.name, read_rgb(path))
    elif path.is_file():
        yield from _recorded(path, views)
    else:
        yield from itertools.islice(_live(source, follow=False), 1)


def _recorded(path: Path, views: int) -> Iterator[_Shot]:
    """Frames spread over a video, each beside the last one before it in which nothing moved."""
    total = int(cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FRAME_COUNT))
    wanted = set(_spread(list(range(total)), views))
    for number, shot in enumerate(_watched(source=str(path), name=path.name)):
        if number in wanted or total <= 0:
            yield shot


def _live(source: str, *, follow: bool) -> Iterator[_Shot]:
    """Frames of a camera, the newest every `FOLLOW_EVERY_S`."""
    shown_s = -FOLLOW_EVERY_S
    for number, shot in enumerate(_watched(source=source, name=f"camera {source}")):
        if number < WARM_UP_FRAMES and not Path(source).is_file():
            continue
        if not follow or time.monotonic() - shown_s >= FOLLOW_EVERY_S:
            shown_s = time.monotonic()
            yield shot


def _watched(source: str, name: str) -> Iterator[_Shot]:
    """Every frame, with the camera's condition so far and the last still frame before it."""
    capture = cv2.VideoCapture(int(source) if source.isdecimal() else source)
    if not capture.isOpened():
        raise ModelError(f"{source}: no picture, folder, video or camera; check path and cable")
    gate, health, still = MotionGate(), CameraHealth(), None
    frame_ms = 1000 / (capture.get(cv2.CAP_PROP_FPS) or 15)
    try:
        for number in itertools.count():
            good, bgr = capture.read()
            if not good:
                return
            rgb = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
            luma = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), np.uint8)
            moving = gate.update(luma) == "moving"
            condition = health.update(luma, round(number * frame_ms), moving=moving)
            yield _Shot(f"{name} frame {number + 1}", rgb, still, condition)
            if still is None or not moving:
                still = luma
    finally:
        capture.release()


def _changes(before: Pixels, luma: Pixels) -> list[Change]:
    if before.shape != luma.shape:
        return []
    boxes = changed_boxes(before, luma)
    return [Change(box, direction(before, luma, box)) for box in boxes]


def _square(rgb: Pixels, changes: list[Change]) -> Pixels:
    """What is looked at: the largest change, or the middle of the picture."""
    if not changes:
        return rgb
    box = changes[0].box.square(rgb.shape)
    return rgb[box.top : box.bottom, box.left : box.right]


def _spread(things: list[Thing], most: int) -> list[Thing]:
    if len(things) <= most:
        return things
    return [things[place * (len(things) - 1) // max(1, most - 1)] for place in range(most)]


def _save(picture: Pixels, out: Path) -> None:
    """Replace the file at once: who has it open in a viewer sees whole pictures."""
    part = out.with_name(f".{out.name}.part.png")
    if not cv2.imwrite(str(part), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)):
        raise ModelError(f"{out}: cannot be written; choose another --out")
    part.replace(out)


def _open_window() -> None:
    try:
        cv2.namedWindow(WINDOW)
    except cv2.error as error:
        raise ModelError("this OpenCV opens no windows; leave --window, look at --out") from error


def _shown(picture: Pixels, for_ms: int) -> bool:
    """Show it until a key is pressed (0) or so long; False: the key was q or Escape."""
    cv2.imshow(WINDOW, np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)))
    return cv2.waitKey(for_ms) & 0xFF not in {ord("q"), 27}
