"""A code that no frame shows clearly, and what several frames say of it together."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from cart.contract.senses import CodeRead, KnownCodes
from cart.eyes.frames import Pixels
from cart.eyes.joint import SEEN_AGAIN_MS, JointReader
from cart.eyes.pipeline import Pipeline
from models.barcodes.layouts import EAN13
from models.barcodes.likelihood import Candidate, candidates
from models.barcodes.verification import is_clear
from models.reader import Look, Reader
from tests.eyes.test_pipeline import Camera, basket, with_pack
from tests.models.test_barcodes import profile_of

DIGITS = "4006381333931"
GTIN = f"0{DIGITS}"


@cache
def glimpse(seed: int) -> Candidate:
    """The likeliest code of a noisy line blurred by 1.6 modules; no rule would believe it alone."""
    found = candidates(profile_of(EAN13, DIGITS, 1.6, 14.0, seed), EAN13)
    best = min(found, key=lambda one: one.error)
    assert not is_clear(best)
    return best


class BlindReader(Reader):
    """Sees such lines in turn, whatever is shown, and reads nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._glimpses: Iterator[Candidate] = iter([glimpse(0), glimpse(10)] * 50)

    def look(self, luma: Pixels, budget_ms: float | None = None) -> Look:
        assert luma.size
        return Look([], [next(self._glimpses)] if budget_ms else [])


def test_two_unclear_frames_are_one_clear_read() -> None:
    """The first says nothing; with the second the printed code leads, and the catalog proves it."""
    joint = JointReader()
    joint.know([GTIN])
    assert joint.read([glimpse(0)], 0) == []
    (read,) = joint.read([glimpse(10)], 66)
    assert (read.text, read.format, read.gtin) == (DIGITS, "EAN13", GTIN)
    assert (read.stage, read.proven) == ("joined", True)
    assert read.millinats < 0


def test_what_the_catalog_has_not_is_not_proven() -> None:
    """Then frames that agree on the read are needed, as for any other."""
    joint = JointReader()
    joint.read([glimpse(0)], 0)
    (read,) = joint.read([glimpse(10)], 66)
    assert not read.proven


def test_two_things_are_never_joined() -> None:
    """Evidence goes when the thing has left, and after a moment that shows nothing like a code."""
    left, hidden = JointReader(), JointReader()
    left.read([glimpse(0)], 0)
    left.forget()
    assert left.read([glimpse(10)], 66) == []
    hidden.read([glimpse(0)], 0)
    for now_ms in range(66, SEEN_AGAIN_MS + 1, 66):
        assert hidden.read([], now_ms) == []
    assert hidden.read([glimpse(10)], SEEN_AGAIN_MS + 1) == []


def test_the_eyes_say_what_the_frames_agree_on() -> None:
    """From frames that nobody reads to one message that names its stage."""
    eyes = Pipeline(BlindReader(), None)
    eyes.told(KnownCodes((GTIN,)))
    held = Camera(eyes)
    held.show(basket(), 30)
    said = held.show(with_pack(0), 12)
    (read,) = [one for one in said if isinstance(one, CodeRead)]
    assert (read.text, read.stage, read.proven) == (DIGITS, "joined", True)
    assert read.millinats < 0


def test_an_empty_basket_joins_nothing() -> None:
    """Without a region that changed there is no thing whose code it could be."""
    held = Camera(Pipeline(BlindReader(), None))
    assert held.show(basket(), 40) == []
