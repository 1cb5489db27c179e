"""How the screen looks, as data: colours of each theme, and sizes for each window.

Sizes are thought of at 1280x800 and scaled; text and touch targets have floors that scaling never
goes below. Nothing here knows kivy.
"""

from __future__ import annotations

from dataclasses import dataclass

FONT_FLOOR_PX = 14
TARGET_FLOOR_PX = 48
SCALE_FLOOR = 0.68

Colour = tuple[float, float, float, float]

THEMES: dict[str, dict[str, str]] = {
    "light": {
        "background": "#EDF0F4",
        "surface": "#FFFFFF",
        "ink": "#14181F",
        "muted": "#4F5866",
        "line": "#CBD2DB",
        "primary": "#0A6B3D",
        "on_primary": "#FFFFFF",
        "primary_pressed": "#074D2C",
        "surface_pressed": "#DDE2E9",
        "fresh": "#DCF3E5",
        "attention": "#FFD64A",
        "on_attention": "#14181F",
        "saving": "#0A6B3D",
        "bar": "#14181F",
        "on_bar": "#FFFFFF",
        "placeholder": "#E4E8EE",
    },
    "contrast": {
        "background": "#000000",
        "surface": "#000000",
        "ink": "#FFFFFF",
        "muted": "#FFFFFF",
        "line": "#FFFFFF",
        "primary": "#FFE600",
        "on_primary": "#000000",
        "primary_pressed": "#CCB800",
        "surface_pressed": "#333333",
        "fresh": "#0B3A1F",
        "attention": "#FFE600",
        "on_attention": "#000000",
        "saving": "#6BFF9E",
        "bar": "#000000",
        "on_bar": "#FFFFFF",
        "placeholder": "#333333",
    },
}

# What is written on what; each pair has a contrast of at least 4.5:1 (WCAG 2.2, 1.4.3).
WRITTEN_ON: tuple[tuple[str, str], ...] = (
    ("ink", "background"),
    ("ink", "surface"),
    ("ink", "surface_pressed"),
    ("ink", "fresh"),
    ("ink", "placeholder"),
    ("muted", "background"),
    ("muted", "surface"),
    ("muted", "fresh"),
    ("muted", "placeholder"),
    ("saving", "background"),
    ("saving", "surface"),
    ("saving", "fresh"),
    ("on_primary", "primary"),
    ("on_primary", "primary_pressed"),
    ("on_attention", "attention"),
    ("on_bar", "bar"),
)


def colour_of(code: str) -> Colour:
    """Read a code such as #RRGGBB as red, green, blue and alpha from 0 to 1."""
    red, green, blue = (int(code[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue, 1.0


@dataclass(frozen=True)
class Look:
    """The look of one window: `width` and `height` in pixels, `colours` by name."""

    width: int
    height: int
    colours: dict[str, Colour]

    @property
    def portrait(self) -> bool:
        return self.height > self.width

    @property
    def compact(self) -> bool:
        """True where only the most needed fits."""
        return self.scale < 0.9

    @property
    def scale(self) -> float:
        long, short = max(self.width, self.height), min(self.width, self.height)
        return max(SCALE_FLOOR, min(long / 1280, short / (720 if self.portrait else 800)))

    def px(self, size: float) -> int:
        """A distance."""
        return max(1, round(size * self.scale))

    def font(self, size: float) -> int:
        """The height of letters."""
        return max(FONT_FLOOR_PX, round(size * self.scale))

    def target(self, size: float) -> int:
        """The side of something to touch."""
        return max(TARGET_FLOOR_PX, round(size * self.scale))


def look_of(theme: str, width: int, height: int) -> Look:
    """The look of a theme of `THEMES` for a window of that many pixels."""
    colours = {name: colour_of(code) for name, code in THEMES[theme].items()}
    return Look(width, height, colours)
