"""The receipt as it grows, with deals beside it, or the evidence of a line in their place."""

from __future__ import annotations

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

    def show_sheet(self, sheet: Sheet | None) -> None:
        """Put the evidence in the place of the deals, or the deals back."""
        aside, deals, evidence = self.ids.aside, self.ids.deals, self.ids.evidence
        wanted = deals if sheet is None else evidence
        if sheet is not None:
            evidence.sheet = sheet
        if aside.children[:] != [wanted]:
            aside.clear_widgets()
            aside.add_widget(wanted)


load_kv(__file__)
