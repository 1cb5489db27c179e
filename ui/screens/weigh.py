"""What was just weighed, and how to correct it."""

from __future__ import annotations

from kivy.factory import Factory
from kivy.properties import ObjectProperty

from ui.presenters.weigh import Page
from ui.screens import load_kv


class WeighScreen(Factory.BoxLayout):
    """Shows a `ui.presenters.weigh.Page`."""

    page = ObjectProperty(Page(), rebind=True)


load_kv(__file__)
