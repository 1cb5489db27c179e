"""The camera path from frames to messages: what wakes it, where it looks, what it keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cart.contract.senses import CodeRead, EyesMessage, KeepClip, KnownCodes
from cart.eyes.clips import ClipKeeper
from cart.eyes.frames import Frame, Pixels
from cart.eyes.gaze import turned
from cart.eyes.pipeline import READ_AFTER_MOTION_MS, Pipeline
from models.reader import Look, Reader
from tests.eyes.codes import frame_with_code

FRAME_MS = 66
DIGITS = "9520000000011"
NOISE = np.random.default_rng(3)


class CountingReader(Reader):
    """The reader, and over how many pixels it was asked to look."""

    def __init__(self) -> None:
        super().__init__()
        self.pixels: list[int] = []

    def look(self, luma: Pixels, budget_ms: float | None = None) -> Look:
        self.pixels.append(luma.size)
        return super().look(luma, budget_ms)


def basket() -> Pixels:
    """An empty basket of 1280x720: grey, with bars of plastic."""
    rows, columns = np.indices((720, 1280))
    bars = np.where((rows + columns) % 60 < 8, 90, 150).astype(np.uint8)
    return np.repeat(bars[..., None], 3, axis=2)


def with_pack(degrees: float, left: int = 400, top: int = 100) -> Pixels:
    """The basket with a white pack in view, its code turned."""
    label = turned(np.minimum(frame_with_code(DIGITS, 400, 200)[..., 0], 240), degrees)
    picture = basket()
    height, width = label.shape
    picture[top : top + height, left : left + width] = label[..., None]
    return picture


class Camera:
    """Shows pictures with the noise of a sensor, 15 a second."""

    def __init__(self, eyes: Pipeline) -> None:
        self.eyes = eyes
        self.now_ms = 0

    def show(self, picture: Pixels, frames: int) -> list[EyesMessage]:
        """What the eyes say to so many frames of it."""
        said: list[EyesMessage] = []
        noisy = [picture + NOISE.integers(0, 6, picture.shape, np.uint8) for _ in range(3)]
        for number in range(frames):
            self.now_ms += FRAME_MS
            said += self.eyes.see(Frame.of_rgb(noisy[number % 3], self.now_ms, number))
        return said


def camera(reader: Reader, clips: ClipKeeper | None = None) -> Camera:
    """Over an empty basket that has been still for a while."""
    eyes = Pipeline(reader, None, clips)
    eyes.told(KnownCodes((f"0{DIGITS}",)))
    held = Camera(eyes)
    held.show(basket(), 30)
    return held


def test_nothing_is_read_while_nothing_moves() -> None:
    """A minute of a still basket asks the reader not once."""
    reader = CountingReader()
    held = camera(reader)
    reader.pixels.clear()
    held.show(basket(), 900)
    assert reader.pixels == []


def test_the_reader_looks_where_something_changed_and_then_rests() -> None:
    """A pack comes into view: only its region is read, and only for a moment after it rests."""
    reader = CountingReader()
    held = camera(reader)
    reader.pixels.clear()
    said = held.show(with_pack(0), 30)
    assert [one.text for one in said if isinstance(one, CodeRead)] == [DIGITS]
    assert max(reader.pixels) < 0.5 * 1280 * 720
    assert len(reader.pixels) <= 2 * (READ_AFTER_MOTION_MS / FRAME_MS + 2)


@pytest.mark.parametrize("degrees", [0, 30, 45, -45, 90, 180])
def test_a_code_is_read_however_it_is_turned(degrees: float) -> None:
    """Orientations are spread over the frames of a moment."""
    held = camera(Reader())
    said = held.show(with_pack(degrees), 12)
    assert [one.text for one in said if isinstance(one, CodeRead)] == [DIGITS]


def test_the_condition_of_the_camera_is_there_for_the_heartbeat() -> None:
    """Light goes out for some seconds and comes back."""
    held = camera(Reader())
    told = [held.eyes.condition]
    for picture in (basket() // 8, basket()):
        held.show(picture, 60)
        told.append(held.eyes.condition)
    assert told == ["good", "dark", "good"]


def test_a_clip_is_kept_when_the_cart_asks(tmp_path: Path) -> None:
    """From the message to one file; and without the message none."""
    clips = ClipKeeper(tmp_path, lambda: 1_800_000_000_000, pytest.fail)
    held = camera(Reader(), clips)
    held.show(with_pack(0), 40)
    assert list(tmp_path.iterdir()) == []
    held.eyes.told(KeepClip("unexplained_load", held.now_ms))
    held.show(with_pack(0), 40)
    (clip,) = tmp_path.iterdir()
    assert clip.name == "unexplained_load-1800000000000.webp"
