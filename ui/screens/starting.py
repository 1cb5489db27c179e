"""Before the first snapshot: a moment of patience."""

from __future__ import annotations

from kivy.factory import Factory
from kivy.properties import ObjectProperty

from ui.presenters.starting import Page
from ui.screens import load_kv


class StartingScreen(Factory.BoxLayout):
    """Shows a `ui.presenters.starting.Page`."""

    page = ObjectProperty(Page(), rebind=True)


load_kv(__file__)
