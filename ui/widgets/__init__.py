"""The screen's own widgets, about a dozen: how they look stands in `widgets.kv`.

A widget shows what it is given and says what was touched; it knows no snapshot. `name` is how a
test finds it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kivy.app import App
from kivy.clock import Clock
from kivy.graphics import Color, Line, Rectangle, RoundedRectangle
from kivy.lang import Builder
from kivy.properties import (
    BooleanProperty,
    ListProperty,
    NumericProperty,
    ObjectProperty,
    StringProperty,
)
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.gridlayout import GridLayout
from kivy.uix.label import Label
from kivy.uix.widget import Widget

from ui.presenters.bar import Bar


def look() -> Any:
    """The look of the running screen."""
    return App.get_running_app().look


class Text(Label):
    """Words. `points` is the height of the letters at 1280x800, `ink` a colour's name."""

    points = NumericProperty(20)
    ink = StringProperty("ink")


class PushButton(ButtonBehavior, Label):
    """Something to push. `kind` is "plain", "primary" or "attention"."""

    name = StringProperty("")
    kind = StringProperty("plain")
    points = NumericProperty(22)


class Card(BoxLayout):
    """A sheet that things lie on."""

    fill = StringProperty("surface")


class Drawn(Widget):
    """A widget drawn by its `draw`, once before the next frame, whatever changed."""

    def __init__(self, **properties: Any) -> None:
        self._redraw = Clock.create_trigger(self._draw, -1)
        super().__init__(**properties)
        self.bind(pos=self.ask, size=self.ask)

    def ask(self, *_: object) -> None:
        """Draw again before the next frame."""
        self._redraw()

    def _draw(self, _: float) -> None:
        self.canvas.clear()
        with self.canvas:
            self.draw()

    def draw(self) -> None:
        """Put instructions on the canvas."""

    def square(self) -> tuple[int, int, int]:
        """The largest square in the middle, in whole pixels: x, y and side."""
        side = int(min(self.size))
        return int(self.center_x - side / 2), int(self.center_y - side / 2), side


class Picture(Drawn):
    """A product's picture at its exact size; without one, a neutral package."""

    image = StringProperty("")

    def on_image(self, *_: object) -> None:
        """Another picture is wanted."""
        self.ask()

    def draw(self) -> None:
        x, y, side = self.square()
        texture = App.get_running_app().pictures.texture(self.image, side)
        if texture:
            Color(1, 1, 1, 1)
            Rectangle(pos=(x, y), size=(side, side), texture=texture)
            return
        Color(*look().colours["placeholder"])
        RoundedRectangle(pos=(x, y), size=(side, side), radius=[side * 0.12])
        Color(*look().colours["muted"])
        left, right = x + side * 0.3, x + side * 0.7
        bottom, top = y + side * 0.26, y + side * 0.7
        width = max(1.0, side * 0.014)
        Line(rectangle=(left, bottom, right - left, top - bottom), width=width, joint="round")
        Line(points=[left, y + side * 0.56, right, y + side * 0.56], width=width)
        Line(points=[x + side * 0.5, y + side * 0.56, x + side * 0.5, top], width=width)


class QrCode(Drawn):
    """A QR code with whole pixels a module, so that its edges are sharp."""

    modules = ObjectProperty(())
    QUIET_MODULES = 4

    def on_modules(self, *_: object) -> None:
        """Another code is wanted."""
        self.ask()

    def draw(self) -> None:
        if not self.modules:
            return
        count = len(self.modules) + 2 * self.QUIET_MODULES
        module = max(1, int(min(self.size)) // count)
        side = module * count
        left, bottom = int(self.center_x - side / 2), int(self.center_y - side / 2)
        Color(1, 1, 1, 1)
        RoundedRectangle(pos=(left, bottom), size=(side, side), radius=[look().px(8)])
        Color(0, 0, 0, 1)
        for row, cells in enumerate(self.modules):
            y = bottom + side - (row + 1 + self.QUIET_MODULES) * module
            for start, length in runs(cells):
                x = left + (start + self.QUIET_MODULES) * module
                Rectangle(pos=(x, y), size=(length * module, module))


def runs(cells: bytes) -> list[tuple[int, int]]:
    """The runs of dark modules of a row: start and length."""
    found: list[tuple[int, int]] = []
    for index, cell in enumerate(cells):
        if not cell:
            continue
        if found and sum(found[-1]) == index:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((index, 1))
    return found


class BarcodeSign(Drawn):
    """A barcode between the corners of a viewfinder: "show it to the camera"."""

    WIDTHS = (3, 1, 1, 2, 2, 1, 3, 1, 1, 2, 2, 1, 1, 3, 1, 1, 3)

    def draw(self) -> None:
        x, y, side = self.square()
        Color(*look().colours["placeholder"])
        RoundedRectangle(pos=(x, y), size=(side, side), radius=[side * 0.06])
        Color(*look().colours["ink"])
        unit = side * 0.52 / sum(self.WIDTHS)
        left = x + side * 0.24
        for index, width in enumerate(self.WIDTHS):
            if index % 2 == 0:
                bottom = y + side * 0.33
                Rectangle(pos=(round(left), bottom), size=(round(width * unit), side * 0.34))
            left += width * unit
        Color(*look().colours["saving"])
        reach, inset, thickness = side * 0.14, side * 0.13, max(2.0, side * 0.012)
        for corner_x, step_x in ((x + inset, reach), (x + side - inset, -reach)):
            for corner_y, step_y in ((y + inset, reach), (y + side - inset, -reach)):
                points = [corner_x + step_x, corner_y, corner_x, corner_y]
                Line(points=[*points, corner_x, corner_y + step_y], width=thickness, joint="round")


class Battery(Drawn):
    """How full the battery is."""

    percent = NumericProperty(0)
    low = BooleanProperty(False)

    def on_percent(self, *_: object) -> None:
        """The charge changed."""
        self.ask()

    def draw(self) -> None:
        colour = look().colours["attention" if self.low else "on_bar"]
        Color(*colour)
        x, y = int(self.x) + 1, int(self.center_y - self.height * 0.25)
        width, height = int(self.width) - 6, int(self.height * 0.5)
        Line(rounded_rectangle=(x, y, width, height, 3), width=1.2)
        Rectangle(pos=(x + width + 2, y + height * 0.3), size=(3, height * 0.4))
        Rectangle(pos=(x + 3, y + 3), size=((width - 6) * self.percent / 100, height - 6))


class TopBar(BoxLayout):
    """The bar of every screen."""

    bar = ObjectProperty(Bar(), rebind=True)


class Chips(BoxLayout):
    """Short states, each in a pill."""

    chips = ObjectProperty(())

    def on_chips(self, *_: object) -> None:
        """Make the pills anew; they change rarely."""
        self.clear_widgets()
        for chip in self.chips:
            self.add_widget(Chip(text=chip))


class Chip(Label):
    """One short state."""


class Totals(BoxLayout):
    """What was saved and what it all costs, in the largest letters of the screen."""

    page = ObjectProperty(None, rebind=True)


class FactRow(BoxLayout):
    """A label and its value."""

    label = StringProperty("")
    value = StringProperty("")


class StepRow(BoxLayout):
    """A numbered step."""

    number = StringProperty("")
    text = StringProperty("")
    points = NumericProperty(28)


class Column(BoxLayout):
    """Rows made from data: `kind` is "facts" or "steps"."""

    kind = StringProperty("facts")
    items = ObjectProperty(())
    points = NumericProperty(28)

    def on_items(self, *_: object) -> None:
        """Make the rows anew; they change rarely."""
        self.clear_widgets()
        for index, item in enumerate(self.items, 1):
            if self.kind == "steps":
                self.add_widget(StepRow(number=str(index), text=item, points=self.points))
            else:
                self.add_widget(FactRow(label=item.label, value=item.value))


class Extras(BoxLayout):
    """Small buttons made from data, side by side; without any it takes no room."""

    items = ObjectProperty(())

    def on_items(self, *_: object) -> None:
        """Make the buttons anew: something was chosen."""
        self.clear_widgets()
        for item in self.items:
            button = PushButton(name=item.name, text=item.text)
            button.bind(on_release=lambda _, item=item: self._choose(item))
            self.add_widget(button)

    def _choose(self, item: Any) -> None:
        App.get_running_app().send(item.action, item.target, item.choice)


class Tile(ButtonBehavior, BoxLayout):
    """A picture to choose."""

    name = StringProperty("")
    title = StringProperty("")
    detail = StringProperty("")
    image = StringProperty("")


class Tiles(GridLayout):
    """The choices of a question; a tap answers `target`."""

    choices = ObjectProperty(())
    target = StringProperty("")

    def on_choices(self, *_: object) -> None:
        """Make the tiles anew: another question."""
        self.clear_widgets()
        for choice in self.choices:
            tile = Tile(
                name=choice.name, title=choice.title, detail=choice.detail, image=choice.image
            )
            tile.bind(on_release=lambda _, picked=choice.choice: self._answer(picked))
            self.add_widget(tile)

    def _answer(self, choice: str) -> None:
        App.get_running_app().send("answer", self.target, choice)


class DealCard(BoxLayout):
    """One deal."""

    title = StringProperty("")
    price = StringProperty("")
    was = StringProperty("")
    image = StringProperty("")


class Deals(BoxLayout):
    """The deals of this aisle; they never move."""

    deals = ListProperty([])

    def on_deals(self, *_: object) -> None:
        """Make the cards anew: another aisle."""
        self.clear_widgets()
        for deal in self.deals:
            self.add_widget(
                DealCard(title=deal.title, price=deal.price, was=deal.was, image=deal.image)
            )


Builder.load_file(str(Path(__file__).with_name("widgets.kv")))
