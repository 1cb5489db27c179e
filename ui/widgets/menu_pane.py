"""A question with a button an answer, in the place of something else."""

from __future__ import annotations

from pathlib import Path

from kivy.app import App
from kivy.lang import Builder
from kivy.properties import ObjectProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.gridlayout import GridLayout

from ui.presenters.menu import Menu, Option
from ui.widgets import PushButton


class MenuPane(BoxLayout):
    """A few things to choose from."""

    menu = ObjectProperty(Menu(), rebind=True)


class MenuButtons(GridLayout):
    """A button an option."""

    items = ObjectProperty(())

    def on_items(self, _: object, items: tuple[Option, ...]) -> None:
        """Make the buttons anew: another question."""
        self.clear_widgets()
        for item in items:
            button = PushButton(name=item.name, text=item.text)
            button.bind(on_release=lambda _, it=item: App.get_running_app().pick(it))
            self.add_widget(button)


Builder.load_file(str(Path(__file__).with_suffix(".kv")))
