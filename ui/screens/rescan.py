"""Please show the barcode."""

from __future__ import annotations

from kivy.factory import Factory
from kivy.properties import ObjectProperty

from ui.presenters.question import Page
from ui.screens import load_kv


class RescanScreen(Factory.BoxLayout):
    """Shows a `ui.presenters.question.Page`."""

    page = ObjectProperty(Page(), rebind=True)


load_kv(__file__)
