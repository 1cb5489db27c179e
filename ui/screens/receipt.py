"""Paid: thanks, and the receipt to take along."""

from __future__ import annotations

from kivy.factory import Factory
from kivy.properties import ObjectProperty

from ui.presenters.receipt import Page
from ui.screens import load_kv


class ReceiptScreen(Factory.BoxLayout):
    """Shows a `ui.presenters.receipt.Page`."""

    page = ObjectProperty(Page(), rebind=True)


load_kv(__file__)
