"""Everything once more, then pay."""

from __future__ import annotations

from kivy.factory import Factory
from kivy.properties import ObjectProperty

from ui.presenters.checkout import Page
from ui.screens import load_kv


class CheckoutScreen(Factory.BoxLayout):
    """Shows a `ui.presenters.checkout.Page`."""

    page = ObjectProperty(Page(), rebind=True)


load_kv(__file__)
