"""The barcode reader on codes drawn by zxing-cpp's writer: every format, its text and its GTIN."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from zxingcpp import BarcodeFormat as Kind

from models.reader import Reader
from models.symbols import TEXT_CHARACTERS_MAX, Read, has_valid_check_digit

Luma = NDArray[np.uint8]
READER = Reader()


def drawn(content: str | bytes, kind: Kind, **options: bool) -> Luma:
    """The symbol on white paper, with room around it."""
    barcode = zxingcpp.create_barcode(content, kind, **options)
    symbol = np.asarray(barcode.to_image(scale=3), dtype=np.uint8)
    return np.pad(symbol, 40, constant_values=255)


def said(luma: Luma) -> list[tuple[str, str, str | None]]:
    """Format, text and GTIN of every read."""
    return [(read.format, read.text, read.gtin) for read in READER.read(luma)]


def with_check_digit(digits: str) -> str:
    """The digits with the check digit that makes them valid."""
    return next(
        digits + str(last) for last in range(10) if has_valid_check_digit(f"{digits}{last}")
    )


SAMPLES = [
    (Kind.EAN13, "5201815331227", "EAN13", "5201815331227", "05201815331227"),
    (Kind.EAN8, "59001270", "EAN8", "59001270", "00000059001270"),
    (Kind.UPCA, "036602301467", "UPCA", "036602301467", "00036602301467"),
    (Kind.UPCE, "04963406", "UPCE", "04963406", "00049000006346"),
    (Kind.ITF14, "04412345678909", "ITF14", "04412345678909", "04412345678909"),
    (Kind.ITF, "0053611912", "ITF", "0053611912", None),
    (Kind.ITF, "04412345678900", "ITF", "04412345678900", None),
    (Kind.Code128, "005-3379497200006", "CODE128", "005-3379497200006", None),
    (Kind.DataBarOmni, "04412345678909", "DATABAR", "04412345678909", "04412345678909"),
    (Kind.DataBarLtd, "0100075678164125", "DATABAR", "00075678164125", "00075678164125"),
    (Kind.DataBarStk, "0104412345678909", "DATABAR", "04412345678909", "04412345678909"),
    (Kind.DataBarStkOmni, "0104412345678909", "DATABAR", "04412345678909", "04412345678909"),
    *(
        (
            kind,
            "(01)98898765432106(3103)001750",
            "DATABAR_EXP",
            "(01)98898765432106(3103)001750",
            "98898765432106",
        )
        for kind in (Kind.DataBarExp, Kind.DataBarExpStk)
    ),
    (Kind.QRCode, "https://example.org/süß", "QR", "https://example.org/süß", None),
    (
        Kind.QRCode,
        "https://id.gs1.org/01/09506000134352/10/AB",
        "QR",
        "https://id.gs1.org/01/09506000134352/10/AB",
        "09506000134352",
    ),
    (Kind.DataMatrix, "LOT 7", "DATAMATRIX", "LOT 7", None),
]


@pytest.mark.parametrize(("kind", "content", "name", "text", "gtin"), SAMPLES)
def test_every_format_has_its_text_and_gtin(
    kind: Kind, content: str, name: str, text: str, gtin: str | None
) -> None:
    """Each retail symbology is read with its text as printed and its GTIN of 14 digits."""
    assert said(drawn(content, kind)) == [(name, text, gtin)]


@pytest.mark.parametrize("kind", [Kind.Code128, Kind.QRCode, Kind.DataMatrix])
def test_gs1_elements_keep_fnc1_and_give_the_gtin(kind: Kind) -> None:
    """A GS1 symbol's characters hold FNC1 as U+001D; identifier 01 is the GTIN."""
    [(_, text, gtin)] = said(drawn("(01)98898765432106(10)12A(21)123", kind, gs1=True))
    assert text == "01988987654321061012A\x1d21123"
    assert gtin == "98898765432106"


def test_a_gtin_with_a_wrong_check_digit_is_none() -> None:
    """Identifier 01 in a link whose check digit fails names no item, but the text is kept."""
    link = "https://id.gs1.org/01/09506000134353"
    assert said(drawn(link, Kind.QRCode)) == [("QR", link, None)]


@settings(max_examples=60, deadline=None)
@given(st.from_regex(r"[1-9][0-9]{11}", fullmatch=True))
def test_any_ean13_is_read(digits: str) -> None:
    """Whatever thirteen digits are printed come back, and nothing beside them."""
    code = with_check_digit(digits)
    assert said(drawn(code, Kind.EAN13)) == [("EAN13", code, "0" + code)]


@settings(max_examples=60, deadline=None)
@given(st.from_regex(r"[0-9]{11}", fullmatch=True))
def test_any_upca_is_read(digits: str) -> None:
    """Whatever twelve digits are printed come back as UPC-A, never padded to EAN-13."""
    code = with_check_digit(digits)
    assert said(drawn(code, Kind.UPCA)) == [("UPCA", code, "00" + code)]


@settings(max_examples=60, deadline=None)
@given(st.from_regex(r"[0-9]{7}", fullmatch=True))
def test_any_ean8_is_read(digits: str) -> None:
    """Whatever eight digits are printed come back as EAN-8."""
    code = with_check_digit(digits)
    assert said(drawn(code, Kind.EAN8)) == [("EAN8", code, "000000" + code)]


def test_two_codes_in_view_are_both_read_with_their_places() -> None:
    """Both codes come back, the larger first, each where it is."""
    small, large = drawn("59001270", Kind.EAN8), drawn("5201815331227", Kind.EAN13)
    view = np.full((small.shape[0] + large.shape[0], large.shape[1]), 255, np.uint8)
    view[: small.shape[0], : small.shape[1]] = small
    view[small.shape[0] :] = large
    first, second = READER.read(view)
    assert (first.text, second.text) == ("5201815331227", "59001270")
    assert middle_row(second) < small.shape[0] < middle_row(first)


def test_a_small_faint_code_is_read_on_the_second_look() -> None:
    """A code too small and faint for the library alone is read, at its place in the frame."""
    barcode = zxingcpp.create_barcode("5201815331227", Kind.EAN13)
    symbol = np.asarray(barcode.to_image(scale=4), dtype=np.uint8)
    view = np.full((300, 400), 200, np.uint8)
    view[100:180, 120:280] = cv2.resize(symbol, (160, 80), interpolation=cv2.INTER_AREA) // 2 + 72
    assert zxingcpp.read_barcodes(view) == []
    [read] = READER.read(view)
    assert read.text == "5201815331227"
    assert 100 <= middle_row(read) <= 180


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_code_is_read(turns: int) -> None:
    """Quarter turns make no difference."""
    turned = np.rot90(drawn("5201815331227", Kind.EAN13), turns)
    assert [read.text for read in READER.read(turned)] == ["5201815331227"]


def test_control_characters_do_not_pass() -> None:
    """Escape sequences and overrides in a code become replacement characters; FNC1 stays."""
    hostile = "\x1b[2J\x00A\x1dB\u202e"
    [(_, text, gtin)] = said(drawn(hostile, Kind.QRCode))
    assert text == "\ufffd[2J\ufffdA\x1dB\ufffd"
    assert gtin is None


def test_a_long_code_is_whole_or_absent() -> None:
    """2,000 characters come back whole; more than the limit is dropped, never cut."""
    assert said(drawn("A" * 2000, Kind.QRCode)) == [("QR", "A" * 2000, None)]
    assert said(drawn("7" * (TEXT_CHARACTERS_MAX + 900), Kind.QRCode)) == []


def test_nothing_is_read_where_there_is_no_code() -> None:
    """Blank paper, noise and stripes give no read."""
    noise = np.random.default_rng(0).integers(0, 256, (240, 320), dtype=np.uint8)
    stripes = np.tile(np.repeat(np.array([0, 255], np.uint8), 4), (240, 40))
    for luma in (np.full((240, 320), 255, np.uint8), noise, stripes):
        assert READER.read(luma) == []


def test_a_symbology_that_no_shop_uses_is_not_read() -> None:
    """Code 39 is left alone: it is not a retail format."""
    assert said(drawn("HELLO", Kind.Code39)) == []


@pytest.mark.parametrize(
    "luma",
    [np.zeros((4, 4, 3), np.uint8), np.zeros((0, 4), np.uint8), np.zeros((4, 4), np.float32)],
)
def test_a_frame_that_is_no_luma_is_refused(luma: Luma) -> None:
    """Colour, emptiness and floats are the caller's mistake and are named."""
    with pytest.raises(ValueError, match="HxW uint8"):
        READER.read(luma)


def test_the_tiniest_frame_is_no_trouble() -> None:
    """One pixel is a frame without a code."""
    assert READER.read(np.zeros((1, 1), np.uint8)) == []


def middle_row(read: Read) -> float:
    """The row of the middle of a read's corners."""
    return sum(y for _, y in read.corners) / 4


def test_a_short_code_beside_a_longer_one_is_no_piece_of_it() -> None:
    """A UPC-E on a label of its own is read beside an EAN-13, above it as well as at its side."""
    short, longer = drawn("04963406", Kind.UPCE), drawn("5201815331227", Kind.EAN13)
    height = max(len(short), len(longer))
    tall = [
        np.pad(one, ((0, height - len(one)), (0, 0)), constant_values=255)
        for one in (short, longer)
    ]
    width = max(short.shape[1], longer.shape[1])
    wide = [
        np.pad(one, ((60, 60), (0, width - one.shape[1])), constant_values=255)
        for one in (short, longer)
    ]
    for view in (np.hstack(tall), np.vstack(wide)):
        assert {read.text for read in READER.read(view)} == {"04963406", "5201815331227"}
