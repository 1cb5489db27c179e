"""What the mind wants done outside: requests to the shell, never done by the core itself.

An effect may be lost in a crash; the mind asks again while its state still wants it.
"""

from __future__ import annotations

from typing import Literal

from msgspec import field

from cart.core.basket import Basket
from cart.core.events import CommandStatus, Setting
from cart.core.value import Value


class MakePairCode(Value, tag="make_pair_code"):
    """Make a fresh nonce and say so with `PairCodeMade`."""


class OfferPairing(Value, tag="offer_pairing"):
    """Tell the store which nonce is on the screen."""

    nonce: str


class RequestPayment(Value, tag="request_payment"):
    """Ask the store to take this sum; idempotent by (trip, attempt)."""

    trip_id: str
    attempt: int
    total_minor: int


class ReserveCoupon(Value, tag="reserve_coupon"):
    """Ask the store to keep a coupon or voucher for this trip; safe to ask again."""

    trip_id: str
    coupon_id: str


class TellBasket(Value, tag="tell_basket"):
    """Tell the store the whole basket as it stands at the journal's newest row."""

    basket: Basket


class TellEyes(Value, tag="tell_eyes"):
    """Give the eyes the catalog's codes and the products that are likely here."""

    gtins: tuple[str, ...]
    skus: tuple[str, ...]


class WantClip(Value, tag="want_clip"):
    """Ask the eyes to keep the seconds around this moment, so that a person may look later."""

    reason: Literal["unexplained_load", "doubted_line"]
    sensed_ms: int


class RunCommand(Value, tag="run_command"):
    """Do what only the shell can, and say so with `CommandFinished`."""

    cmd_id: str
    action: str
    arguments: dict[str, str] = field(default_factory=dict)


class ReportCommand(Value, tag="report_command"):
    """Tell the store how far a command is; "queued": it was not taken, and may be sent again."""

    cmd_id: str
    status: CommandStatus | Literal["queued"]
    detail: str = ""


class ReportConfig(Value, tag="report_config"):
    """Tell the store how the cart is set, and what was refused."""

    version: int
    settings: dict[str, Setting]
    refused: dict[str, str]


class TellHealth(Value, tag="tell_health"):
    """Tell the store how the machine is, as far as the mind knows; it may be lost."""

    battery_percent: int | None
    inputs_refused: int


Effect = (
    MakePairCode
    | OfferPairing
    | RequestPayment
    | ReserveCoupon
    | TellBasket
    | TellHealth
    | TellEyes
    | WantClip
    | RunCommand
    | ReportCommand
    | ReportConfig
)
