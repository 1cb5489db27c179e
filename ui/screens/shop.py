"""The receipt as it grows, with deals beside it, or the evidence of a line in their place."""

from __future__ import annotations

from typing import Any

from kivy.properties import ObjectProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from ui.presenters.menu import Menu
from ui.presenters.rows import Sheet
from ui.presenters.shop import Page
from ui.screens import load_kv
from ui.widgets import (
    menu_pane,  # noqa: F401 - the panes are named in the .kv file
    receipt_list,  # noqa: F401 - so is the list
)


class DealsPane(BoxLayout):
    """Deals of this aisle, or how it works where there are none."""

    page = ObjectProperty(Page(), rebind=True)


class SheetPane(BoxLayout):
    """Why a line is on the receipt."""

    sheet = ObjectProperty(Sheet(), rebind=True)


class ShopScreen(BoxLayout):
    """Shows a `ui.presenters.shop.Page`; `opened` is the line whose evidence is looked at, `asking`
    what there is to choose: "budget", "contest" or nothing."""

    page = ObjectProperty(Page(), rebind=True)
    opened = StringProperty("")
    asking = StringProperty("")

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        # Kivy's ids are weak: the pane that is not on the screen is only held here.
        self._deals, self._evidence = self.ids.deals.__self__, self.ids.evidence.__self__
        self._menu = self.ids.menu.__self__
        self.show_sheet(None, None)

    def open_line(self, line_id: str) -> None:
        """Look at the evidence of a line."""
        self.opened = line_id

    def step_back(self) -> None:
        """Back from what there was to choose, or from the evidence."""
        if not self.asking:
            self.opened = ""
        self.asking = ""

    def show_sheet(self, sheet: Sheet | None, menu: Menu | None) -> None:
        """Put the menu or the evidence in the place of the deals, or the deals back."""
        wanted = self._deals
        if menu is not None:
            wanted = self._menu
            wanted.menu = menu
        elif sheet is not None:
            wanted = self._evidence
            wanted.sheet = sheet
        if self.ids.aside.children != [wanted]:
            self.ids.aside.clear_widgets()
            self.ids.aside.add_widget(wanted)


load_kv(__file__)
