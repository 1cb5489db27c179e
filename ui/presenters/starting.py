"""Before the cart has said anything."""

from __future__ import annotations

from dataclasses import dataclass

from ui.texts import Words


@dataclass(frozen=True)
class Page:
    """One sentence."""

    title: str = ""


def present(words: Words) -> Page:
    """The page while the cart starts."""
    return Page(title=words.say("One moment, the cart is starting."))
