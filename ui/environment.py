"""Makes the process fit for kivy, before kivy is imported; and says so when nothing can be drawn.

Kivy reads the process's arguments, a configuration file in the user's home and the environment at
import: here all of that is shut off, so that a screen looks the same wherever it starts.
"""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path

GL_PACKAGES = "libegl1 libgl1 libgl1-mesa-dri libgbm1"
FRAMES_PER_SECOND_MAX = 60


class NoScreenError(Exception):
    """Nothing can be drawn on this machine; the text says what is missing."""


def prepare(width: int, height: int) -> None:
    """Set what kivy reads at import, and its configuration. Call once, before other kivy imports.

    With no display at hand, and no driver chosen by SDL_VIDEODRIVER, it draws into memory.
    """
    displays = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
    if not any(os.environ.get(name) for name in displays):
        os.environ["SDL_VIDEODRIVER"] = "offscreen"
    os.environ |= {
        "KIVY_NO_ARGS": "1",
        "KIVY_NO_CONFIG": "1",
        "KIVY_NO_FILELOG": "1",
        "KIVY_NO_ENV_CONFIG": "1",
        # Kivy's log goes through logging as it stands: warnings and errors, on stderr.
        "KIVY_LOG_MODE": "PYTHON",
        "KIVY_METRICS_DENSITY": "1",
        # Another window library would end the process where SDL has a reason to tell.
        "KIVY_WINDOW": "sdl2",
        # A new snapshot or touch ends the idle wait at once, so a low frame rate costs no time.
        "KIVY_CLOCK": "interrupt",
        "KIVY_HOME": str(_home()),
    }
    _configure(width, height)


def _home() -> Path:
    """A folder kivy may write to; it keeps nothing that matters there."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(cache) / "dashcart-ui"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="dashcart-ui-"))
    return folder


def _configure(width: int, height: int) -> None:
    from kivy.config import Config

    graphics = {
        "width": width,
        "height": height,
        "resizable": 0,
        "multisamples": 0,
        "maxfps": FRAMES_PER_SECOND_MAX,
    }
    for name, value in graphics.items():
        Config.set("graphics", name, str(value))
    # Exactly one provider: a finger would otherwise arrive as a mouse and as a touch.
    for name, _ in Config.items("input"):
        Config.remove_option("input", name)
    Config.set("input", "mouse", "mouse,disable_multitouch")
    Config.set("kivy", "exit_on_escape", "0")
    Config.set("kivy", "log_level", "warning")
    logging.getLogger("kivy").addFilter(worth_telling)


def worth_telling(record: logging.LogRecord) -> bool:
    """False for what nobody asked for: input libraries; and for what NoScreenError says better."""
    return not record.getMessage().startswith(("Input:", "Window: Unable to find"))


def open_window() -> None:
    """Make the window. Raises NoScreenError when there is no display and no GL to draw with."""
    missing = (
        "cannot draw: no OpenGL here. Install the Debian packages "
        f"{GL_PACKAGES}, or set SDL_VIDEODRIVER to a driver that works"
    )
    try:
        from kivy.core.window import Window
    except (SystemExit, ImportError, OSError, RuntimeError) as error:
        raise NoScreenError(missing) from error
    if Window is None:
        raise NoScreenError(missing)
