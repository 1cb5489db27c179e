"""The receipt as it grows, with deals beside it, or the evidence of a line in their place."""

from __future__ import annotations

from typing import Any

from kivy.properties import ObjectProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from ui.presenters.rows import Sheet
from ui.presenters.shop import Page
from ui.screens import load_kv
from ui.widgets import receipt_list  # noqa: F401 - the list is named in the .kv file


class DealsPane(BoxLayout):
    """Deals of this aisle, or how it works where there are none."""

    page = ObjectProperty(Page(), rebind=True)


class SheetPane(BoxLayout):
    """Why a line is on the receipt."""

    sheet = ObjectProperty(Sheet(), rebind=True)


class ShopScreen(BoxLayout):
    """Shows a `ui.presenters.shop.Page`; `opened` is the line whose evidence is looked at."""

    page = ObjectProperty(Page(), rebind=True)
    opened = StringProperty("")

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        # Kivy's ids are weak: the pane that is not on the screen is only held here.
        self._deals, self._evidence = self.ids.deals.__self__, self.ids.evidence.__self__
        self.show_sheet(None)

    def show_sheet(self, sheet: Sheet | None) -> None:
        """Put the evidence in the place of the deals, or the deals back."""
        wanted = self._deals
        if sheet is not None:
            wanted = self._evidence
            wanted.sheet = sheet
        if self.ids.aside.children != [wanted]:
            self.ids.aside.clear_widgets()
            self.ids.aside.add_widget(wanted)


load_kv(__file__)
