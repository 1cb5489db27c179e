"""A camera's health: each trouble is said after a while and withdrawn when over, and no photograph
of the shop's goods is called a trouble."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models.health import CameraHealth, Condition, figures, shown_by
from models.motion import MotionGate
from models.pictures import photo_paths, read_luma
from rig.enrol import demo_catalog
from rig.sequences import Frames
from tests.data import data_dir

Luma = NDArray[np.uint8]
Spoil = Callable[[Luma], Luma]

FRAME_MS = 66
NOISE = np.random.default_rng(0)


def clipped(values: NDArray[np.floating]) -> Luma:
    """With the noise of a sensor."""
    return np.clip(values + NOISE.normal(0, 2, values.shape), 0, 255).astype(np.uint8)


def photographs() -> list[Luma]:
    """Every 60th photograph of real goods on real shelves."""
    return [read_luma(path) for path in photo_paths(data_dir() / "grocery" / "train")[::60]]


def darkened(luma: Luma) -> Luma:
    """An eighth of the light."""
    return clipped(luma / 8)


def covered(luma: Luma) -> Luma:
    """Something before the lens: a blur of large, dim patches."""
    small = cv2.resize(luma, (320, 180), interpolation=cv2.INTER_AREA)
    return clipped(cv2.resize(cv2.GaussianBlur(small, (0, 0), 20), (640, 360)) * 0.6)


def glaring(luma: Luma) -> Luma:
    """A lamp's reflection over a third of the picture."""
    rows, columns = np.mgrid[0 : luma.shape[0], 0 : luma.shape[1]]
    far = np.hypot(rows / luma.shape[0] - 0.5, columns / luma.shape[1] - 0.5) / 0.33
    return clipped(luma + 300 * np.clip(1.4 - far, 0, 1))


SPOILS: dict[Condition, Spoil] = {"dark": darkened, "covered": covered, "glare": glaring}


def conditions(frames: Iterable[Luma], health: CameraHealth, began_ms: int = 0) -> list[Condition]:
    """What is said after each frame."""
    gate = MotionGate()
    return [
        health.update(luma, began_ms + number * FRAME_MS, moving=gate.update(luma) == "moving")
        for number, luma in enumerate(frames)
    ]


def watched(luma: Luma, period_ms: int) -> list[Luma]:
    """One picture for so long, each frame with other noise."""
    looks = [clipped(luma.astype(np.float32)) for _ in range(3)]
    return [looks[number % 3] for number in range(period_ms // FRAME_MS)]


def test_photographs_of_goods_are_no_trouble() -> None:
    """Not one real photograph is called anything but good, however long it is looked at."""
    photos = photographs()
    assert len(photos) > 30
    for luma in photos:
        assert set(conditions(watched(luma, 5_000), CameraHealth())) == {"good"}


def test_goods_on_white_paper_are_no_glare() -> None:
    """Packs and fruit cut out on white, filling the view or smaller: not one is a reflection."""
    paths = photo_paths(data_dir() / "grocery" / "iconic-images-and-descriptions")
    assert len(paths) > 30
    for path in paths:
        luma = read_luma(path)
        rows, columns = np.nonzero(luma < 245)
        filling = luma[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        for view in (luma, cv2.resize(filling, (640, 360), interpolation=cv2.INTER_CUBIC)):
            assert "glare" not in shown_by(figures(np.asarray(view, np.uint8))), path.name


@pytest.mark.parametrize("condition", SPOILS)
def test_spoilt_photographs_are_noticed(condition: Condition) -> None:
    """Photographs without light, behind something, or in a reflection: nearly all are named so."""
    said = [
        conditions(watched(SPOILS[condition](luma), 4_000), CameraHealth())[-1]
        for luma in photographs()
    ]
    assert said.count(condition) >= 0.95 * len(said)


@pytest.mark.parametrize("condition", SPOILS)
def test_trouble_must_last_and_then_be_over(condition: Condition) -> None:
    """A second of it is no news; it is said once, and withdrawn once."""
    good, bad = (
        watched(photographs()[0], 4_000),
        watched(SPOILS[condition](photographs()[0]), 4_000),
    )
    health = CameraHealth()
    passing = conditions([*good, *bad[: 1_000 // FRAME_MS], *good], health)
    assert set(passing) == {"good"}
    lasting = conditions([*bad, *good], health, began_ms=20_000)
    changes = [one for one, before in zip(lasting, ["", *lasting], strict=False) if one != before]
    assert changes == ["good", condition, "good"]


def test_a_picture_that_repeats_to_the_bit_is_frozen() -> None:
    """A sensor's noise never does; a picture all black proves nothing of the kind."""
    luma = photographs()[0]
    assert conditions([luma] * 60, CameraHealth())[-1] == "frozen"
    assert conditions([np.zeros_like(luma)] * 60, CameraHealth())[-1] == "covered"


def smeared(luma: Luma) -> Luma:
    """Grease on the lens: a soft, pale disc of 500 of 1280 pixels, always at one place."""
    rows, columns = np.mgrid[0 : luma.shape[0], 0 : luma.shape[1]]
    share = np.clip((250 - np.hypot(columns - 640, rows - 300)) / 40, 0, 1)
    soft = cv2.GaussianBlur(cv2.resize(luma, (320, 180), interpolation=cv2.INTER_AREA), (0, 0), 1.8)
    veil = cv2.resize(soft, luma.shape[::-1]) * 0.7 + 45
    return np.where(share > 0, clipped(luma * (1 - share) + veil * share), luma)


def test_a_smear_is_told_from_what_lies_in_the_basket() -> None:
    """SYNTHETIC: hands over a basket are no dirt; then grease comes and is noticed."""
    frames = Frames(demo_catalog().products[:4], seed=1, frames_per_s=4)
    health, gate = CameraHealth(), MotionGate()

    def said(spoil: Spoil, movements: int) -> set[Condition]:
        found: set[Condition] = set()
        for _ in range(movements):
            for shown in frames.put():
                luma, at_ms = shown.frame.luma, shown.frame.sensed_ms
                moving = gate.update(luma) == "moving"
                if moving:
                    luma = spoil(luma)
                found.add(health.update(luma, at_ms, moving=moving))
        return found

    assert said(lambda luma: luma, 14) == {"good"}
    assert "dirty" in said(smeared, 12)


def test_sharpness_is_the_figure_to_focus_by() -> None:
    """It falls with every step of blur, and the same picture at half the contrast keeps it."""
    luma = photographs()[5]
    blurred = [cv2.GaussianBlur(luma, (0, 0), sigma) for sigma in (0.7, 1.5, 4.0)]
    sharp = [figures(np.asarray(one, np.uint8)).sharpness for one in (luma, *blurred)]
    assert sharp == sorted(sharp, reverse=True)
    assert sharp[0] > 5 * sharp[2]
    pale = (luma // 2 + 60).astype(np.uint8)
    assert figures(pale).sharpness == pytest.approx(sharp[0], rel=0.25)
