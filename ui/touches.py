"""A finger made of code: finds what can be seen, and touches it through the real window."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kivy.base import EventLoop
from kivy.clock import Clock
from kivy.core.window import Window
from kivy.input.motionevent import MotionEvent
from kivy.uix.label import Label
from kivy.uix.scrollview import ScrollView
from kivy.uix.widget import Widget

TAP_S = 0.06
DRAG_STEPS = 8


class FingerTouch(MotionEvent):
    """A touch at a place of the window, from 0 to 1 in both directions."""

    _numbers = iter(range(1_000_000_000))

    def __init__(self, x: float, y: float) -> None:
        place = {"x": x / Window.width, "y": y / Window.height}
        super().__init__("finger", f"finger{next(self._numbers)}", place, is_touch=True)
        self.scale_for_screen(Window.width, Window.height)

    def depack(self, args: dict[str, float]) -> None:
        """Take the place of an event."""
        self.profile = ["pos"]
        self.type_id = "touch"
        self.sx, self.sy = args["x"], args["y"]
        super().depack(args)

    def move_to(self, x: float, y: float) -> None:
        """Slide there."""
        self.move({"x": x / Window.width, "y": y / Window.height})
        EventLoop.post_dispatch_input("update", self)


Box = tuple[float, float, float, float]


def seen(widget: Any = Window, clip: Box | None = None) -> Iterator[tuple[Any, Box]]:
    """Every widget that can be seen, with the part of the window it covers: x, y, right, top."""
    clip = clip or (0, 0, Window.width, Window.height)
    for child in widget.children:
        x, y, right, top = box_of(child)
        shown = (max(x, clip[0]), max(y, clip[1]), min(right, clip[2]), min(top, clip[3]))
        if child.opacity > 0:
            if shown[2] - shown[0] >= 1 and shown[3] - shown[1] >= 1:
                yield child, shown
            # Only what scrolls cuts off its children; elsewhere they may hang out.
            yield from seen(child, shown if isinstance(child, ScrollView) else clip)


def box_of(widget: Any) -> Box:
    """Where a widget is in the window: x, y, right, top."""
    x, y = widget.to_window(widget.x, widget.y)
    return x, y, x + widget.width, y + widget.height


def targets() -> dict[str, list[int]]:
    """Everything with a name that can be touched: x, y, width and height, from the top left."""
    found: dict[str, list[int]] = {}
    for widget, (x, y, right, top) in seen():
        name = getattr(widget, "name", "")
        if name and not widget.disabled:
            place = (x, Window.height - top, right - x, top - y)
            found[name] = [round(number) for number in place]
    return found


def texts() -> list[str]:
    """Every text that can be read, from the top to the bottom."""
    found = [(-shown[3], shown[0], widget.text) for widget, shown in seen() if is_text(widget)]
    return [text for _, _, text in sorted(found)]


def cut() -> list[str]:
    """The texts that do not fit their place, or hang out of it: a fault of the layout."""
    labels = (widget for widget, _ in seen() if is_text(widget))
    return [label.text for label in labels if too_small(label) or hangs_out(label)]


def too_small(label: Any) -> bool:
    """True when a label has no room for all its lines. Texts made to be shortened may be."""
    lines = label._label._cached_lines  # noqa: SLF001 - kivy tells it nowhere else
    drawn = "".join(word.text for line in lines for word in line.words)
    lacks = not label.shorten and "".join(drawn.split()) != "".join(label.text.split())
    return lacks or sum(line.h for line in lines) > label.height + 1


def hangs_out(widget: Any) -> bool:
    """True when a widget is not wholly inside what holds it, up to the window or what scrolls."""
    left, bottom, right, top = box_of(widget)
    holder = widget.parent
    while isinstance(holder, Widget) and not isinstance(holder.parent, ScrollView):
        x, y, end, upper = box_of(holder)
        if left < x - 1 or bottom < y - 1 or right > end + 1 or top > upper + 1:
            return True
        holder = holder.parent
    return False


def is_text(widget: Any) -> bool:
    """True for a label that says something."""
    return isinstance(widget, Label) and bool(widget.text.strip())


def tap(x: float, y: float) -> None:
    """Touch the window there, x and y from the top left, as long as a finger does."""
    touch = FingerTouch(x, Window.height - y)
    EventLoop.post_dispatch_input("begin", touch)
    Clock.schedule_once(lambda _: EventLoop.post_dispatch_input("end", touch), TAP_S)


def drag(x: float, y: float, to_x: float, to_y: float) -> None:
    """Slide over the window, in a few frames."""
    touch = FingerTouch(x, Window.height - y)
    EventLoop.post_dispatch_input("begin", touch)

    def move(step: int) -> None:
        part = step / DRAG_STEPS
        touch.move_to(x + (to_x - x) * part, Window.height - (y + (to_y - y) * part))
        if step < DRAG_STEPS:
            Clock.schedule_once(lambda _: move(step + 1), 0)
        else:
            EventLoop.post_dispatch_input("end", touch)

    Clock.schedule_once(lambda _: move(1), 0)
