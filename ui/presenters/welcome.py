"""The welcome screen: pair this cart by its QR code, or go without the app."""

from __future__ import annotations

from dataclasses import dataclass

from cart.contract.screen import Snapshot
from ui.presenters.codes import qr_modules
from ui.texts import Words


@dataclass(frozen=True)
class Page:
    """`modules` are the rows of the QR code; none while there is nothing to pair with."""

    title: str = ""
    hint: str = ""
    modules: tuple[bytes, ...] = ()
    no_code: str = ""
    steps: tuple[str, ...] = ()
    start: str = ""
    start_hint: str = ""


def present(snapshot: Snapshot, words: Words) -> Page:
    """The page of a snapshot."""
    say = words.say
    return Page(
        title=say("Welcome"),
        hint=say("Pair this cart with your phone, or just start."),
        modules=qr_modules(snapshot.pairing),
        no_code=say("The code appears as soon as the cart is connected."),
        steps=(say("Open the store's app"), say("Scan this code"), say("Put things in and go")),
        start=say("Shop without the app"),
        start_hint=say("No phone needed. You pay here at the end."),
    )
