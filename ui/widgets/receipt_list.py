"""The receipt as a list that scrolls, with only the rows that are seen as widgets."""

from __future__ import annotations

from pathlib import Path

from kivy.app import App
from kivy.lang import Builder
from kivy.properties import BooleanProperty, NumericProperty, ObjectProperty, StringProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.recycleview import RecycleView
from kivy.uix.recycleview.views import RecycleDataViewBehavior

from ui.layout import scroll_to
from ui.presenters.rows import Row


class ReceiptRow(RecycleDataViewBehavior, ButtonBehavior, BoxLayout):
    """One line. It keeps nothing of its own: every property comes with the data."""

    name = StringProperty("")
    line_id = StringProperty("")
    title = StringProperty("")
    detail = StringProperty("")
    price = StringProperty("")
    was = StringProperty("")
    image = StringProperty("")
    saving = BooleanProperty(False)
    is_open = BooleanProperty(False)
    is_fresh = BooleanProperty(False)

    def on_release(self) -> None:
        """A yellow line opens its question, any other its evidence."""
        App.get_running_app().tap_line(self.line_id, self.is_open)


class ReceiptList(RecycleView):
    """All lines; the newest is brought into view when it comes, then the shopper scrolls freely."""

    rows = ObjectProperty(())
    row_px = NumericProperty(72)
    scroll_y: float
    _newest: tuple[int, Row] | None = None

    def on_rows(self, _: object, rows: tuple[Row, ...]) -> None:
        """Show other rows."""
        self.data = [row.as_data() for row in rows]
        fresh = [(index, row) for index, row in enumerate(rows) if row.is_fresh]
        newest = fresh[-1] if fresh else None
        if newest != self._newest:
            self._newest = newest
            self.bring_into_view()

    def on_height(self, *_: object) -> None:
        """The first layout, or another one: the newest may have gone out of view."""
        self.bring_into_view()

    def _bind_inactive_bar_color(self, *_: object) -> None:
        """Leave the bar as it is: kivy would fade it, redrawing all for half a second."""

    def bring_into_view(self) -> None:
        """Scroll just enough to see the newest row."""
        if self._newest:
            if self.effect_y:
                self.effect_y.velocity = 0  # The list still rolling from a swipe would roll on.
            index, count = self._newest[0], len(self.rows)
            self.scroll_y = scroll_to(index, count, self.row_px, self.height, self.scroll_y)


Builder.load_file(str(Path(__file__).with_suffix(".kv")))
