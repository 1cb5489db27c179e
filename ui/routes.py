"""Which screen shows which route of the cart, as one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cart.contract.screen import Snapshot
from ui.presenters import checkout, question, receipt, shop, weigh, welcome
from ui.screens.checkout import CheckoutScreen
from ui.screens.choose import ChooseScreen
from ui.screens.receipt import ReceiptScreen
from ui.screens.rescan import RescanScreen
from ui.screens.shop import ShopScreen
from ui.screens.weigh import WeighScreen
from ui.screens.welcome import WelcomeScreen
from ui.texts import Words

STARTING = "starting"


@dataclass(frozen=True)
class Screen:
    """A presenter and the widget that shows its page."""

    present: Callable[[Snapshot, Words], Any]
    widget: Callable[[], Any]


# The name of a route is the cart's (`cart.contract.screen.Route`).
ROUTES: dict[str, Screen] = {
    "welcome": Screen(welcome.present, WelcomeScreen),
    "shop": Screen(shop.present, ShopScreen),
    "weigh": Screen(weigh.present, WeighScreen),
    "choose": Screen(question.present, ChooseScreen),
    "rescan": Screen(question.present, RescanScreen),
    "checkout": Screen(checkout.present, CheckoutScreen),
    "receipt": Screen(receipt.present, ReceiptScreen),
}
