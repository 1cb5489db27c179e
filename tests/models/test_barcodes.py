"""Decoding by likelihood: exact against enumeration, on drawn codes right or silent, sceptical."""

from __future__ import annotations

import itertools
from dataclasses import replace

import cv2
import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.barcodes.bars import darkness, edges_of, sample_places, templates
from models.barcodes.confidence import millinats, weighed
from models.barcodes.engine import Sight
from models.barcodes.joining import Joiner, joined
from models.barcodes.layouts import EAN8, EAN13, UPCE, Layout, upca_of
from models.barcodes.likelihood import Candidate, candidates
from models.barcodes.programme import best_two, chain, errors_of
from models.barcodes.search import Profile
from models.barcodes.verification import (
    CLEAR_LEAD_MIN,
    KNOWN_LEAD_MIN,
    LOCAL_ERROR,
    STRONG_LOCAL_ERROR,
    Verdict,
    found,
    is_clear,
    is_confirmed,
    judged,
)
from models.reader import Reader
from models.symbols import FORMATS, Read, has_valid_check_digit

Luma = NDArray[np.uint8]
LAYOUTS = [EAN13, EAN8, UPCE]


def with_check_digit(digits: str) -> str:
    """The digits with the check digit that makes them valid."""
    return next(
        digits + str(last) for last in range(10) if has_valid_check_digit(f"{digits}{last}")
    )


def printed(layout: Layout, code: str, module_pixels: int = 4) -> Luma:
    """The symbol on white paper, by our own tables of bars."""
    bits = layout.bits(layout.patterns_of(code))
    row = np.repeat(255 * (np.array(list(bits)) == "0"), module_pixels).astype(np.uint8)
    return np.pad(np.tile(row, (160, 1)), ((60, 60), (80, 80)), constant_values=255)


def photographed(
    luma: Luma, blur: float, angle: float, contrast: float, noise: float, seed: int
) -> Luma:
    """The paper seen turned, out of focus, in flat light and with sensor noise."""
    height, width = luma.shape
    side = int(np.hypot(height, width)) + 8
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    turn[:, 2] += ((side - width) / 2, (side - height) / 2)
    seen = cv2.warpAffine(luma, turn, (side, side), flags=cv2.INTER_AREA, borderValue=255.0)
    seen = cv2.GaussianBlur(seen, (0, 0), blur) if blur else seen
    dice = np.random.default_rng(seed)
    lit = 128 + contrast * (seen.astype(np.float64) - 128) + dice.normal(0, noise, seen.shape)
    return np.clip(lit, 0, 255).astype(np.uint8)


def profile_of(layout: Layout, code: str, blur: float, noise: float, seed: int) -> Profile:
    """A scan line of a blurred code, four samples a module."""
    row = printed(layout, code)[80].astype(np.float64)
    row = cv2.GaussianBlur(row[None], (0, 0), 4 * blur)[0]
    row += np.random.default_rng(seed).normal(0, noise, len(row))
    return Profile(row, 80, len(row) - 80)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_the_best_and_the_next_best_are_exact(layout: Layout, data: st.DataObject) -> None:
    """No legal code near the best has a smaller error, and the runner-up's error is attained."""
    seed = data.draw(st.integers(0, 2**32 - 1))
    dice = np.random.default_rng(seed)
    samples = dice.normal(0.5, 0.4, len(sample_places(layout.modules))).astype(np.float32)
    evidence = chain(layout, samples, templates(layout, 0.9, -0.1))
    best, next_error = best_two(evidence)
    assert legal(layout, best.code)
    rivals = [
        layout.patterns_of(code) for code in neighbours(layout, best.code) if code != best.code
    ]
    errors = errors_of(evidence, np.array(rivals))
    assert errors_of(evidence, np.array([best.patterns]))[0] == pytest.approx(best.error, rel=1e-4)
    assert best.error <= next_error <= errors.min() + 1e-3


def legal(layout: Layout, code: str) -> bool:
    """Whether the check digit is right."""
    return has_valid_check_digit(upca_of(code) if layout is UPCE else code)


def neighbours(layout: Layout, code: str) -> list[str]:
    """Every legal code that differs from this one in one or two digits."""
    found = []
    for one, two in itertools.combinations(range(len(code)), 2):
        for first, second in itertools.product("0123456789", repeat=2):
            changed = list(code)
            changed[one], changed[two] = first, second
            text = "".join(changed)
            if legal(layout, text) and (layout is not UPCE or text[0] in "01"):
                found.append(text)
    return found


def test_the_sum_of_squares_is_the_chains_error() -> None:
    """Unary and pairwise terms add up to the squared error of the whole picture of the bars."""
    patterns = EAN13.patterns_of("5201815331227")
    places = sample_places(EAN13.modules)
    bars = darkness(places, *edges_of(EAN13.bits(patterns)), 1.2, 0.1)[0]
    seen = (bars + np.random.default_rng(1).normal(0, 0.1, len(bars))).astype(np.float32)
    error = errors_of(chain(EAN13, seen, templates(EAN13, 1.2, 0.1)), np.array([patterns]))[0]
    assert error == pytest.approx(float(np.square(seen - bars).sum()), rel=0.01)


def test_the_model_agrees_with_its_derivatives() -> None:
    """What the fit follows downhill is the slope of what it fits."""
    places, bars = sample_places(95), edges_of(EAN13.bits(EAN13.patterns_of("4006381333931")))
    _, by_blur, by_growth = darkness(places, *bars, 0.8, 0.1)
    step = 1e-5
    wider = (
        darkness(places, *bars, 0.8 + step, 0.1)[0] - darkness(places, *bars, 0.8, 0.1)[0]
    ) / step
    grown = (
        darkness(places, *bars, 0.8, 0.1 + step)[0] - darkness(places, *bars, 0.8, 0.1)[0]
    ) / step
    assert np.abs(wider - by_blur).max() < 0.01
    assert np.abs(grown - by_growth).max() < 0.01


@pytest.mark.parametrize(
    ("upce", "upca"), [("04963406", "049000006346"), ("01264904", "012000006494")]
)
def test_upce_expands(upce: str, upca: str) -> None:
    """The six digits say where the zeros of the UPC-A go."""
    assert upca_of(upce) == upca
    assert has_valid_check_digit(upca)


@settings(max_examples=25, deadline=None)
@given(
    digits=st.from_regex(r"[0-9]{12}", fullmatch=True),
    blur=st.floats(0, 4.5),
    angle=st.floats(0, 360),
    contrast=st.floats(0.25, 0.95),
    noise=st.floats(0, 4),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_photographed_code_is_read_right_or_not_at_all(
    digits: str, blur: float, angle: float, contrast: float, noise: float, seed: int
) -> None:
    """However turned, blurred, faint and noisy: never another code."""
    code = with_check_digit(digits)
    luma = photographed(printed(EAN13, code), blur, angle, contrast, noise, seed)
    reads = Reader().read(luma)
    assert [read.text.zfill(13) for read in reads] in ([], [code])


@settings(max_examples=20, deadline=None)
@given(
    digits=st.from_regex(r"[0-9]{12}", fullmatch=True),
    blur=st.floats(0.4, 1.1),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_blurred_profile_gives_its_code(digits: str, blur: float, seed: int) -> None:
    """Up to a blur of 1.1 modules the likeliest code is the printed one, clearly."""
    code = with_check_digit(digits)
    found = list(candidates(profile_of(EAN13, code, blur, 1.0, seed), EAN13))
    best = min(found, key=lambda one: one.error)
    assert best.code == code
    assert is_clear(best)


def test_ours_reads_what_the_library_cannot() -> None:
    """A code blurred by 1.4 modules: nothing for zxing-cpp at any size, a proven read for us."""
    luma = photographed(printed(EAN13, "4006381333931"), 5.6, 3.0, 0.6, 1.0, 7)
    for factor in (0.5, 1, 2):
        sized = cv2.resize(luma, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        assert zxingcpp.read_barcodes(sized, formats=FORMATS) == []
    [read] = Reader().read(luma)
    assert (read.text, read.stage) == ("4006381333931", "likelihood")
    assert read.proven


WRONG = ["4006381333924", "4006381333948", "9006381333936", "5201815331227"]


@pytest.mark.parametrize("claim", WRONG)
def test_a_wrong_claim_is_replaced_by_what_is_printed(claim: str) -> None:
    """Claims with a valid check digit that the bars contradict, near or far, do not pass."""
    luma = photographed(printed(EAN13, "4006381333931"), 1.5, 0, 0.8, 2.0, 3)
    [barcode] = zxingcpp.read_barcodes(luma, formats=FORMATS)
    where = barcode.position
    corners = tuple(
        (one.x, one.y)
        for one in (where.top_left, where.top_right, where.bottom_right, where.bottom_left)
    )
    assert has_valid_check_digit(claim)
    claimed = Read(claim, "EAN13", claim.zfill(14), corners)  # type: ignore[arg-type]  # four corners
    finding = judged(Sight(claimed, luma, claimed.corners))
    assert (finding.verdict, finding.read.text) == (Verdict.AGREED, "4006381333931")


def heavily_blurred(seed: int) -> Candidate:
    """The likeliest code of a profile with a blur of 1.7 modules and much noise."""
    profile = profile_of(EAN13, "4006381333931", 1.6, 9.0, seed)
    return min(candidates(profile, EAN13), key=lambda one: one.error)


def test_frames_together_say_what_none_says_alone() -> None:
    """The sum of unclear frames is the printed code with a larger lead than their mean."""
    looks = [heavily_blurred(seed) for seed in range(6)]
    together = joined(looks)
    assert together.code == "4006381333931"
    alone = [one.lead for one in looks if one.code == together.code]
    assert together.lead > float(np.median(alone))


def test_the_joiner_needs_two_frames_and_forgets() -> None:
    """One frame is no agreement; a look of seconds ago is no second frame."""
    joiner, look = Joiner(), heavily_blurred(1)
    assert joiner.add([look], 0) is None
    assert joiner.add([], 100) is None
    assert joiner.add([look], 5000) is None
    again = joiner.add([look], 5100)
    assert again is not None
    assert again.code == look.code


def hardly_leading() -> Candidate:
    """A candidate that explains the picture and leads too little to be believed alone."""
    luma = photographed(printed(EAN13, "4006381333931"), 5.6, 3.0, 0.6, 1.0, 7)
    best = min(Reader().look(luma).decoded, key=lambda one: one.error)
    lead = (KNOWN_LEAD_MIN + CLEAR_LEAD_MIN) / 2
    return replace(best, next_error=lead * best.error)


def test_the_catalog_confirms_but_never_invents() -> None:
    """A code that nearly convinces is said if the catalog knows it, never as proof; a catalog full
    of its neighbours, or of what leads less, changes nothing."""
    candidate = hardly_leading()
    gtin = "04006381333931"
    assert not is_clear(candidate)
    assert is_confirmed(candidate, {gtin})
    rivals = {code.zfill(14) for code in neighbours(EAN13, candidate.code)} - {gtin}
    assert not is_confirmed(candidate, rivals)
    less = replace(candidate, next_error=candidate.error * (KNOWN_LEAD_MIN - 0.01))
    assert not is_confirmed(less, {gtin})
    [read] = weighed([("likelihood", found(candidate, ((0, 0), (9, 0), (9, 9), (0, 9))))], {gtin})
    assert (read.gtin, read.proven) == (gtin, False)
    assert read.millinats < millinats(10, 13)


@pytest.mark.parametrize("seed", [6, 7, 10, 12, 14, 23, 28, 33, 48, 54])
def test_a_partly_hidden_code_is_read_right_or_not_at_all(seed: int) -> None:
    """With a grey strip over two to six modules no other code is read, though the check digit would
    let one through."""
    dice = np.random.default_rng(seed)
    code = with_check_digit("".join(map(str, dice.integers(0, 10, 12))))
    paper = printed(EAN13, code)
    left = 80 + round(4 * dice.uniform(8, 85))
    paper[:, left : left + round(4 * dice.uniform(2, 6))] = dice.choice((60, 90, 150, 200))
    blur, angle = dice.uniform(1.5, 4.5), dice.uniform(0, 8)
    reads = Reader().read(photographed(paper, blur, angle, 0.7, 2.0, seed))
    assert [read.text.zfill(13) for read in reads] in ([], [code])


def test_one_hidden_digit_is_told_by_its_error() -> None:
    """What covers a digit is explained badly there only; a clean code has no such place."""
    line = profile_of(EAN13, "4006381333931", 0.8, 2.0, 1)
    clean = min(candidates(line, EAN13), key=lambda one: one.error)
    line.brightness[80 + 4 * 60 : 80 + 4 * 66] = 90
    hidden = min(candidates(line, EAN13), key=lambda one: one.error)
    assert clean.locality < STRONG_LOCAL_ERROR
    assert hidden.locality > LOCAL_ERROR


@pytest.mark.parametrize("beyond", ["frame", "hand"])
@pytest.mark.parametrize("code", ["9780441014989", "0005079600008", "0023942431015"])
def test_half_a_code_is_never_a_proven_short_one(code: str, beyond: str) -> None:
    """The left half of an EAN-13 has the bars of a UPC-E: at the rim of the frame or of a hand
    whatever is read of it is a doubt."""
    sharp = photographed(printed(EAN13, code), 0.5, 0, 0.8, 1.0, 2)
    middle = sharp.shape[1] // 2 + 4 * 4
    if beyond == "frame":
        sharp = np.ascontiguousarray(sharp[:, :middle])
    else:
        sharp[:, middle:] = 190
    reads = Reader().read(sharp)
    assert all(not read.proven and read.millinats < millinats(8, 8) for read in reads)


def test_a_short_code_with_its_quiet_zones_is_read() -> None:
    """A UPC-E on white paper is proven by the catalog alone, and at the rim by nothing."""
    sheet = photographed(printed(UPCE, "04963406"), 0.5, 0, 0.8, 1.0, 2)
    [read] = Reader().read(sheet)
    assert (read.text, read.proven) == ("04963406", False)
    [known] = Reader(["00049000006346"]).read(sheet)
    assert known.proven
    columns = np.flatnonzero((sheet < 60).any(axis=0))
    [rim] = Reader(["00049000006346"]).read(np.ascontiguousarray(sheet[:, : columns[-1] + 10]))
    assert (rim.text, rim.proven) == ("04963406", False)


def test_a_budget_leaves_out_what_does_not_fit() -> None:
    """With a millisecond only the first stage runs; the time is what the clock says."""
    luma = photographed(printed(EAN13, "4006381333931"), 5.6, 3.0, 0.6, 1.0, 7)
    assert Reader(clock_s=lambda: 0.0).read(luma, budget_ms=1) == []
    assert Reader(clock_s=lambda: 0.0).read(luma, budget_ms=1000) != []
    clock = itertools.count(0.0, 0.5)
    assert Reader(clock_s=lambda: next(clock)).read(luma, budget_ms=1000) == []


def test_a_clear_code_does_not_hide_a_blurred_one() -> None:
    """Two labels in view, one sharp, one too blurred for the library: both are read, each where it
    is; with no time for more, the sharp one alone."""
    sharp = photographed(printed(EAN13, "4006381333931"), 0, 0, 0.8, 1.0, 1)
    blurred = photographed(printed(EAN13, "5201815331227"), 5.2, 0, 0.7, 1.0, 2)
    view = np.vstack([sharp, blurred])
    sharp_read, blurred_read = Reader().read(view)
    assert (sharp_read.text, sharp_read.stage) == ("4006381333931", "plain")
    assert (blurred_read.text, blurred_read.stage) == ("5201815331227", "likelihood")
    assert max(y for _, y in sharp_read.corners) < len(sharp)
    assert min(y for _, y in blurred_read.corners) > len(sharp)
    assert Reader(clock_s=lambda: 0.0).read(view, budget_ms=1) == [sharp_read]


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_a_blurred_ean8_is_read_either_way_up(angle: int) -> None:
    """A short code too blurred for the library is read by likelihood, and its looks do not disturb
    the joining of longer codes."""
    luma = photographed(printed(EAN8, "59001270"), 5.2, angle, 0.8, 1.0, 5)
    assert zxingcpp.read_barcodes(luma, formats=FORMATS) == []
    look = Reader().look(luma)
    assert [(read.text, read.stage) for read in look.reads] == [("59001270", "likelihood")]
    joiner = Joiner()
    assert joiner.add([one for one in look.decoded if one.layout is EAN8], 0) is None
    assert joiner.add([heavily_blurred(1)], 50) is None


def test_a_short_itf_is_reported_and_never_proof() -> None:
    """Six to twelve digits of ITF name no item and prove nothing."""
    barcode = zxingcpp.create_barcode("0053611912", zxingcpp.BarcodeFormat.ITF)
    symbol = np.asarray(barcode.to_image(scale=3), dtype=np.uint8)
    [read] = Reader().read(np.pad(symbol, 40, constant_values=255))
    assert (read.format, read.gtin, read.proven) == ("ITF", None, False)
