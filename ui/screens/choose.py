"""Which of these was put in, or which was taken out."""

from __future__ import annotations

from kivy.factory import Factory
from kivy.properties import ObjectProperty

from ui.presenters.question import Page
from ui.screens import load_kv


class ChooseScreen(Factory.BoxLayout):
    """Shows a `ui.presenters.question.Page`."""

    page = ObjectProperty(Page(), rebind=True)


load_kv(__file__)
