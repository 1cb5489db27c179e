"""Colours, sizes, places, codes and words, each without a window."""

from __future__ import annotations

from pathlib import Path

import kivy
import numpy as np
import pytest
import zxingcpp
from PIL import Image, ImageFont

from ui.layout import columns, scroll_to
from ui.look import TARGET_FLOOR_PX, THEMES, WRITTEN_ON, Colour, colour_of, look_of
from ui.pictures import fitted
from ui.presenters.codes import qr_modules
from ui.presenters.figures import SYMBOLS
from ui.shots import highest_number
from ui.texts import LANGUAGES, catalogs

CONTRAST_MIN = 4.5
SIZES = ((1280, 800), (800, 480), (720, 1280))
FONTS = Path(kivy.__file__).parent / "data" / "fonts"


def luminance(colour: Colour) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("ink", "ground"), WRITTEN_ON)
def test_contrast(theme: str, ink: str, ground: str) -> None:
    """Everything written can be read: at least 4.5 to 1."""
    pair = [luminance(colour_of(THEMES[theme][name])) for name in (ink, ground)]
    assert (max(pair) + 0.05) / (min(pair) + 0.05) >= CONTRAST_MIN


def test_themes_have_the_same_colours() -> None:
    """Every theme names every colour."""
    assert len({frozenset(theme) for theme in THEMES.values()}) == 1


@pytest.mark.parametrize("size", SIZES)
def test_targets_never_shrink_below_a_finger(size: tuple[int, int]) -> None:
    """However small the window, something to touch keeps its floor."""
    look = look_of("light", *size)
    assert look.target(1) == TARGET_FLOOR_PX
    assert look.target(96) >= TARGET_FLOOR_PX
    assert look.portrait == (size[1] > size[0])


@pytest.mark.parametrize(
    ("count", "width", "height", "expected"),
    [(4, 1240, 440, 4), (4, 680, 800, 2), (2, 680, 800, 1), (3, 1240, 280, 3), (0, 9, 9, 1)],
)
def test_tiles_fill_their_place(count: int, width: int, height: int, expected: int) -> None:
    """Tiles stand in the columns that keep their shape, in landscape and in portrait."""
    assert columns(count, width, height) == expected


@pytest.mark.parametrize(
    ("index", "scroll_y", "expected"),
    [(199, 1.0, 0.0), (0, 0.0, 1.0), (5, 1.0, 1.0), (20, 1.0, 1 - (21 * 72 - 576) / (13824))],
)
def test_the_newest_row_comes_into_view(index: int, scroll_y: float, expected: float) -> None:
    """The list scrolls just enough, and not at all for a row that is seen."""
    assert scroll_to(index, 200, 72, 576, scroll_y) == pytest.approx(expected)


def test_a_short_list_stays_at_the_top() -> None:
    """What fits needs no scrolling."""
    assert scroll_to(2, 3, 72, 576, 0.0) == 1.0


def test_the_qr_code_can_be_read_back() -> None:
    """A reader gets the very text out of the drawn modules."""
    text = "dashcart:pair?cart=cart-1&nonce=7Q4K"
    modules = np.array([list(row) for row in qr_modules(text)], dtype=np.uint8)
    picture = np.kron(np.pad(1 - modules, 4, constant_values=1) * 255, np.ones((4, 4)))
    assert [code.text for code in zxingcpp.read_barcodes(picture.astype(np.uint8))] == [text]


@pytest.mark.parametrize("text", ["", "x" * 1001])
def test_no_code_of_what_cannot_be_scanned(text: str) -> None:
    """Nothing, or too much, has no code."""
    assert qr_modules(text) == ()


def test_pictures_are_fitted_whole() -> None:
    """A wide picture keeps its shape, in the middle of a clear square."""
    square = fitted(Image.new("RGBA", (400, 200), "red"), 100)
    assert square.size == (100, 100)
    assert square.getpixel((50, 50)) == (255, 0, 0, 255)
    assert square.getpixel((50, 10)) == (255, 255, 255, 0)


def test_numbers_of_shots_go_on(tmp_path: Path) -> None:
    """A restarted screen continues after the highest picture there."""
    assert highest_number(tmp_path) == 0
    for name in ("01-welcome.png", "12-shop.png", "notes.txt", "99.png"):
        (tmp_path / name).touch()
    assert highest_number(tmp_path) == 12


def test_the_words_are_in_order() -> None:
    """Catalogs hold exactly what the code says, translated, and are compiled as they are."""
    assert catalogs.complaints(catalogs.template()) == []


def test_a_word_out_of_order_is_found() -> None:
    """A sentence that no catalog has is complained about once a language."""
    wanted = catalogs.template()
    wanted.add("Nobody translated this")
    found = catalogs.complaints(wanted)
    assert [line for line in found if "Nobody translated this" in line] == found
    assert len(found) == len(LANGUAGES)


@pytest.mark.parametrize("name", ["Roboto-Regular.ttf", "Roboto-Bold.ttf"])
def test_every_glyph_is_in_the_font(name: str) -> None:
    """No letter of any language is drawn as an empty box."""
    said = [
        text
        for language in LANGUAGES
        for message in catalogs.read(language)
        for text in (*catalogs.forms(message.id), *catalogs.forms(message.string))
    ]
    drawn = {*"".join(said), *"".join(SYMBOLS.values()), *"−×·–\u00a0?0123456789.,"}
    font = ImageFont.truetype(str(FONTS / name), 40)
    missing = bytes(font.getmask("\uffff"))
    lacking = {
        char for char in drawn if char.isprintable() and bytes(font.getmask(char)) == missing
    }
    assert not lacking
