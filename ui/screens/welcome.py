"""Pair this cart, or start without the app."""

from __future__ import annotations

from kivy.factory import Factory
from kivy.properties import ObjectProperty

from ui.presenters.welcome import Page
from ui.screens import load_kv


class WelcomeScreen(Factory.BoxLayout):
    """Shows a `ui.presenters.welcome.Page`."""

    page = ObjectProperty(Page(), rebind=True)


load_kv(__file__)
