"""The running screen: it drains the link, shows the newest snapshot, and sends what was touched.

Nothing here decides or computes. What it shows is the last snapshot and nothing else, apart from
which line's evidence is open, so it may be killed at any moment.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kivy.app import App
from kivy.clock import Clock
from kivy.core.window import Window
from kivy.uix.boxlayout import BoxLayout

from cart.contract.screen import Snapshot
from ui.finger import Finger
from ui.frames import Frames, is_blank, pixels
from ui.link import Link
from ui.look import look_of
from ui.pictures import Pictures
from ui.presenters import bar, starting
from ui.presenters.figures import figures_of
from ui.presenters.menu import Menu, Option, budgets, contests
from ui.presenters.rows import Sheet, sheet_of
from ui.replay import Replay
from ui.routes import ROUTES, STARTING
from ui.screens.starting import StartingScreen
from ui.shots import Saver, Shots
from ui.texts import Words
from ui.widgets import TopBar

LOST_AFTER_S = 2.0
SHEETED = ("shop", "receipt")  # the routes where a line can be opened


@dataclass(frozen=True)
class Options:
    """What the command line chose; exactly one of `socket` and `replay` is given."""

    socket: Path | None = None
    replay: Path | None = None
    pace_ms: int = 1_000
    theme: str = "light"
    language: str = "en"
    pictures: Path | None = None
    finger: Path | None = None
    shots: Path | None = None


class CartScreen(App):
    """The touchscreen as a kivy application."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options
        self.words = Words(options.language)
        self.look = look_of(options.theme, *Window.size)
        self.pictures = Pictures(options.pictures)
        self.snapshot: Snapshot | None = None
        self.route = STARTING
        self.contact_lost = False
        self.frames = Frames(before_flip=self._before_flip)
        self.saver = Saver()
        self._shots = Shots(options.shots, self.saver) if options.shots else None
        self._shot_wanted = False
        self._screens: dict[str, Any] = {}
        self._drain_soon = Clock.create_trigger(self._drain)
        self._lost_later = Clock.create_trigger(self._lose_contact, LOST_AFTER_S)
        self.link = self._make_link()
        self._finger = Finger(options.finger, self) if options.finger else None

    def _make_link(self) -> Link | Replay:
        if self.options.socket:
            return Link(self.options.socket, self._drain_soon)
        assert self.options.replay, "a link or a replay"
        return Replay(self.options.replay, self.options.pace_ms, self._drain_soon, self._stop_soon)

    def build(self) -> Any:
        """The bar above, the screen of the route below."""
        self.title = "dashcart"
        Window.clearcolor = self.look.colours["background"]
        self._bar = TopBar()
        self._stage = BoxLayout()
        root = BoxLayout(orientation="vertical")
        root.add_widget(self._bar)
        root.add_widget(self._stage)
        self._stage.add_widget(StartingScreen(page=starting.present(self.words)))
        self._show_bar()
        return root

    def on_start(self) -> None:
        """Begin to listen; the screens are built in the idle frames after the first picture."""
        self._lost_later()
        self.link.start()
        if self._finger:
            self._finger.start()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop_soon())
        self._build_ahead()

    def on_stop(self) -> None:
        """Let go of sockets, and finish writing pictures."""
        self.link.close()
        if self._finger:
            self._finger.close()
        self.saver.close()

    def open_settings(self, *_: object) -> bool:
        """Kivy's own settings panel has no place on a cart."""
        return False

    def send(self, action: str, target: str = "", choice: str = "") -> None:
        """Tell the cart what was touched; when it cannot be told, say so at once."""
        if not self.link.send(action, target, choice) and self.options.socket:
            self._lose_contact()

    def tap_line(self, line_id: str, is_open: bool) -> None:
        """A yellow line asks its question; another shows its evidence, or once it is paid, asks
        what is wrong with it."""
        if is_open:
            self.send("ask", line_id)
        elif self.route in SHEETED:
            self._screen(self.route).open_line(line_id)
            self._show_sheet()

    def close_sheet(self) -> None:
        """Back from the evidence of a line, or from what there was to choose."""
        if self.route in SHEETED:
            self._screen(self.route).step_back()
            self._show_sheet()

    def ask_for(self, what: str) -> None:
        """Open the choice of a "budget", of what to "contest" of the line that is looked at, or of
        the paid "lines"."""
        if self.route in SHEETED:
            self._screen(self.route).asking = what
            self._show_sheet()

    def pick(self, option: Option) -> None:
        """Tell the cart what was chosen, and go back."""
        self.send(option.action, option.target, option.choice)
        self.close_sheet()

    def _drain(self, _: float) -> None:
        """Take all news; of several snapshots only the newest is shown."""
        newest: Snapshot | None = None
        while self.link.news:
            news = self.link.news.popleft()
            if news == "lost":
                self._lost_later()
            elif isinstance(news, Snapshot):
                newest = news
        if newest is not None:
            self._lost_later.cancel()
            self.contact_lost = False
            self._show(newest)

    def _lose_contact(self, *_: object) -> None:
        self.contact_lost = True
        self._show_bar()

    def _show(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        screen = self._screen(snapshot.route)
        screen.page = ROUTES[snapshot.route].present(snapshot, self.words)
        self._show_bar()
        if snapshot.route != self.route:
            self.route = snapshot.route
            for route in SHEETED:
                self._screen(route).opened = self._screen(route).asking = ""
            self._stage.clear_widgets()
            self._stage.add_widget(screen)
            self._shot_wanted = self._shots is not None
        self._show_sheet()
        self.frames.showing(snapshot.revision)

    def _show_bar(self) -> None:
        self._bar.bar = bar.present(self.snapshot, self.words, self.contact_lost)

    def _show_sheet(self) -> None:
        if self.route in SHEETED:
            screen = self._screen(self.route)
            sheet = self._sheet(screen.opened)
            if sheet is None:
                screen.opened = ""
                screen.asking = "" if screen.asking == "contest" else screen.asking
            screen.show_sheet(sheet, self._menu(screen.asking, screen.opened))

    def _sheet(self, line_id: str) -> Sheet | None:
        """The evidence of a line that is on the receipt."""
        snapshot = self.snapshot
        if snapshot is None:
            return None
        figures = figures_of(snapshot, self.words)
        found = (line for line in snapshot.lines if line.line_id == line_id)
        return next((sheet_of(line, figures) for line in found), None)

    def _menu(self, what: str, line_id: str) -> Menu | None:
        """What there is to choose from; None while nothing is asked for."""
        if self.snapshot is None or what in ("", "lines"):
            return None
        if what == "budget":
            return budgets(self.snapshot, self.words)
        return contests(self.snapshot, line_id, self.words)

    def _screen(self, route: str) -> Any:
        if route not in self._screens:
            self._screens[route] = ROUTES[route].widget()
        return self._screens[route]

    def _build_ahead(self, *_: object) -> None:
        """Build one screen a frame, so that entering it later takes no time."""
        missing = [route for route in ROUTES if route not in self._screens]
        if missing:
            self._screen(missing[0])
            Clock.schedule_once(self._build_ahead, 0)

    def _before_flip(self) -> None:
        self._take_shot()
        if not (self._shot_wanted or self.link.news):
            self.link.drawn()

    def _take_shot(self) -> None:
        """Keep a picture of a newly entered screen, from the frame about to be flipped."""
        if not self._shot_wanted or self._shots is None:
            return
        picture = pixels()
        if is_blank(picture):
            Window.canvas.ask_update()
            return
        self._shot_wanted = False
        self._shots.take(self.route, picture)

    def _stop_soon(self) -> None:
        """End from any thread, after the frame."""
        Clock.schedule_once(lambda _: self.stop(), 0)
