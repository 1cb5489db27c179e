"""The motion gate on small drawn frames: what wakes it, what does not, and where it points."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from models.motion import (
    STRIDE_PIXELS,
    Box,
    MotionGate,
    changed_box,
    changed_boxes,
    direction,
    joined,
)

Luma = NDArray[np.uint8]


def scene(seed: int = 0) -> Luma:
    """A grey 640x360 frame with the noise of a sensor."""
    noise = np.random.default_rng(seed).normal(120, 4, (360, 640))
    return np.clip(noise, 0, 255).astype(np.uint8)


def with_item(luma: Luma, box: Box) -> Luma:
    """The frame with something bright in a box."""
    changed = luma.copy()
    changed[box.top : box.bottom, box.left : box.right] = 230
    return changed


def test_noise_is_still_and_an_item_moves() -> None:
    """Two noisy looks at one scene are still; an item that appears moves, and then lies still."""
    gate = MotionGate()
    item = Box(200, 100, 280, 180)
    assert gate.update(scene(0)) == "moving", "the first frame is news"
    assert gate.update(scene(1)) == "still"
    assert gate.update(with_item(scene(2), item)) == "moving"
    assert gate.update(with_item(scene(3), item)) == "still"


def test_darkening_counts_like_brightening() -> None:
    """Bytes that fall wrap around when subtracted; the gate sees them all the same."""
    gate = MotionGate()
    gate.update(with_item(scene(0), Box(0, 0, 160, 160)))
    assert gate.update(scene(1)) == "moving"


def test_a_frame_of_another_size_is_news() -> None:
    """After a change of resolution there is nothing to compare with."""
    gate = MotionGate()
    gate.update(scene())
    assert gate.update(scene()[:180]) == "moving"


def test_the_gate_keeps_no_view_of_the_frame() -> None:
    """A camera that reuses its buffer does not blind the gate."""
    gate = MotionGate()
    buffer = scene(0)
    gate.update(buffer)
    buffer[:] = 230
    assert gate.update(buffer) == "moving"


@pytest.mark.parametrize("light", [0, 40, -40])
def test_the_changed_box_holds_the_item(light: int) -> None:
    """The box holds the item to the grid, also when the light changed everywhere."""
    item = Box(203, 101, 281, 179)
    lit = np.clip(scene(1).astype(np.int16) + light, 0, 255).astype(np.uint8)
    box = changed_box(scene(0), with_item(lit, item))
    assert box is not None
    for found, true in (
        (box.left, item.left),
        (box.top, item.top),
        (box.right, item.right),
        (box.bottom, item.bottom),
    ):
        assert abs(found - true) <= STRIDE_PIXELS


def test_nothing_changed_gives_no_box() -> None:
    """Noise and one hot pixel are no change."""
    hot = scene(1)
    hot[160, 160] = 255
    assert changed_box(scene(0), hot) is None


def test_the_box_stays_inside_the_frame() -> None:
    """A change at the rim of a frame whose size is no multiple of the grid ends at the rim."""
    before = np.zeros((100, 90), np.uint8)
    assert changed_box(before, with_item(before, Box(40, 60, 90, 100))) == Box(40, 64, 90, 100)


def test_frames_of_two_shapes_are_refused() -> None:
    """A difference needs two frames of one shape."""
    with pytest.raises(ValueError, match="two shapes"):
        changed_box(scene(), scene()[:100])


LEFT, RIGHT = Box(80, 96, 200, 200), Box(400, 160, 480, 240)


def test_two_things_are_two_regions() -> None:
    """The larger first, each to the grid; what touches is one."""
    both = with_item(with_item(scene(1), LEFT), RIGHT)
    assert changed_boxes(scene(0), both) == [LEFT, RIGHT]
    touching = with_item(with_item(scene(1), LEFT), Box(208, 96, 280, 200))
    assert changed_boxes(scene(0), touching) == [Box(80, 96, 280, 200)]
    assert changed_boxes(scene(0), scene(1)) == []


def test_what_came_and_what_went_are_told_apart() -> None:
    """Two things at once, one put down and one taken away."""
    before, after = with_item(scene(0), LEFT), with_item(scene(1), RIGHT)
    assert [direction(before, after, box) for box in (LEFT, RIGHT)] == ["out", "in"]


def test_where_nothing_tells_the_direction_is_unclear() -> None:
    """One thing in the place of another, each as strange there as the other."""
    bright = with_item(scene(0), LEFT)
    dark = scene(1)
    dark[LEFT.top : LEFT.bottom, LEFT.left : LEFT.right] = 10
    assert direction(bright, dark, LEFT) == "unclear"


def test_boxes_near_each_other_are_joined() -> None:
    """As far as the gap allows, also through a third one between them."""
    row = [Box(left, 0, left + 10, 10) for left in (0, 40, 80)]
    assert joined(row, 20) == row
    assert joined(row, 31) == [Box(0, 0, 90, 10)]
    assert joined([row[0], row[2], Box(5, 5, 85, 15)]) == [Box(0, 0, 90, 15)]
