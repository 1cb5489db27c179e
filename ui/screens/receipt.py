"""Paid: thanks, the receipt to take along, and a word against one of its lines."""

from __future__ import annotations

from typing import Any

from kivy.factory import Factory
from kivy.properties import ObjectProperty, StringProperty

from ui.presenters.menu import Menu
from ui.presenters.receipt import Page
from ui.presenters.rows import Sheet
from ui.screens import load_kv
from ui.widgets import (
    menu_pane,  # noqa: F401 - the panes are named in the .kv file
    receipt_list,  # noqa: F401 - so is the list
)


class ReceiptScreen(Factory.BoxLayout):
    """Shows a `ui.presenters.receipt.Page`. `asking` is "lines" while the shopper looks for the one
    that is wrong, "contest" while they say what is wrong with `opened`, else nothing."""

    page = ObjectProperty(Page(), rebind=True)
    opened = StringProperty("")
    asking = StringProperty("")

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        # Kivy's ids are weak: the pane that is not on the screen is only held here.
        self._code, self._lines = self.ids.code.__self__, self.ids.lines.__self__
        self._menu = self.ids.menu.__self__
        self.show_sheet(None, None)

    def open_line(self, line_id: str) -> None:
        """Ask what is wrong with a line."""
        self.opened, self.asking = line_id, "contest"

    def step_back(self) -> None:
        """Back to the code of the receipt."""
        self.opened = self.asking = ""

    def show_sheet(self, _: Sheet | None, menu: Menu | None) -> None:
        """Put the lines or the menu in the place of the code, or the code back."""
        wanted = self._lines if self.asking == "lines" else self._code
        if menu is not None:
            wanted = self._menu
            wanted.menu = menu
        if self.ids.aside.children != [wanted]:
            self.ids.aside.clear_widgets()
            self.ids.aside.add_widget(wanted)


load_kv(__file__)
