"""The lens: what a camera over the basket would see, and how it is served."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
import zxingcpp
from numpy.typing import NDArray

from cart.core.catalog import Product
from rig import artist
from rig.enrol import demo_catalog
from rig.lens import HEADER, MAGIC, Lens
from rig.pictures import side_of
from rig.scene import ENTER_S, HEIGHT, SHOW_S, WIDTH, Reach, Scene, held
from tests.waiting import DEADLINE_S, until

CODED = [product for product in demo_catalog().products if product.gtins]


def codes_in(frame: NDArray[np.uint8]) -> set[str]:
    """All retail codes in a frame."""
    return {read.text for read in zxingcpp.read_barcodes(np.ascontiguousarray(frame[..., 1]))}


@pytest.mark.parametrize("product", CODED, ids=lambda product: product.sku)
def test_code_is_read_while_the_hand_holds_it(product: Product) -> None:
    """Each pack's printed code can be read in most frames in which it is held still."""
    scene, dice = Scene(5), random.Random(5)
    scene.lay("below", artist.front("milk-1l"))
    scene.reach = Reach([held(side_of(product, shown=True), dice)], started_s=0.0)
    moments_s = [ENTER_S + SHOW_S * share for share in (0.1, 0.4, 0.7, 0.95)]
    reads = [codes_in(scene.frame(moment_s)) for moment_s in moments_s]
    assert sum(product.gtins[0][1:] in found for found in reads) >= 3


def test_two_goods_at_once_show_both_codes() -> None:
    """One in each hand, side by side, both in view."""
    scene, dice = Scene(6), random.Random(6)
    pair = CODED[:2]
    scene.reach = Reach([held(side_of(one, shown=True), dice) for one in pair], started_s=0.0)
    assert codes_in(scene.frame(ENTER_S + SHOW_S / 2)) == {one.gtins[0][1:] for one in pair}


def test_what_lies_in_the_basket_shows_no_code() -> None:
    """Codes are hidden once a thing lies there: only putting in is proof."""
    scene = Scene(7)
    for product in CODED[:5]:
        scene.lay(product.sku, side_of(product, shown=False))
    assert codes_in(scene.frame(0.0)) == set()


def test_still_frames_differ_only_by_noise() -> None:
    """A still scene is still: what changes is a sensor's noise."""
    scene = Scene(8)
    one, other = (scene.frame(0.0).astype(np.int16) for _ in range(2))
    assert 0 < np.abs(one - other).mean() < 6


@pytest.fixture
def lens(tmp_path: Path) -> Iterator[Lens]:
    """A lens over an empty basket."""
    served = Lens(tmp_path / "lens.sock", Scene(9))
    yield served
    served.close()


@contextmanager
def connected(path: Path) -> Iterator[BinaryIO]:
    """A reader of the lens that gives up after a while."""
    with socket.socket(socket.AF_UNIX) as reader:
        reader.settimeout(DEADLINE_S)
        reader.connect(str(path))
        with reader.makefile("rb") as stream:
            yield stream


def read_frame(stream: BinaryIO) -> tuple[int, int]:
    """Read one whole frame; its sequence and its time."""
    header = stream.read(HEADER.size)
    magic, width, height, channels, sensed_ms, sequence, length = HEADER.unpack(header)
    assert (magic, width, height, channels) == (MAGIC, WIDTH, HEIGHT, 3)
    assert len(stream.read(length)) == length == WIDTH * HEIGHT * 3
    return sequence, sensed_ms


@pytest.mark.usefixtures("lens")
def test_frames_come_in_order_and_never_stop(tmp_path: Path) -> None:
    """A reader gets whole frames, each newer than the one before, though nothing moves."""
    with connected(tmp_path / "lens.sock") as reader:
        frames = [read_frame(reader) for _ in range(4)]
    assert frames == sorted(set(frames))


def test_slow_reader_gets_the_newest_and_drops_are_counted(lens: Lens, tmp_path: Path) -> None:
    """The lens never waits for a reader; what it missed is a gap and a count."""
    with connected(tmp_path / "lens.sock") as reader:
        first, _ = read_frame(reader)
        until(lambda: lens.frames > first + 3, "the lens to go on without its reader")
        sequences = [read_frame(reader)[0] for _ in range(3)]
    assert sequences[-1] - first > len(sequences)
    assert lens.dropped > 0
