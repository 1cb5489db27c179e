"""What the mind asks of the store as the messages that say it, and their answers as observations.

It must never wait for an answer: what the mind still needs it asks again.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path

from msgspec import Raw, json
from msgspec.structs import replace

from cart.contract.fleet import ClipNote, CommandState, ReportedConfig, Telemetry
from cart.contract.lines import decode as decode_json
from cart.contract.store import (
    PAYLOAD_BYTES_MAX,
    BasketView,
    CouponAnswer,
    CouponRequest,
    Credit,
    PairGrant,
    PairOffer,
    PayAnswer,
    PayRequest,
    Snap,
)
from cart.core.basket import Basket
from cart.core.effects import (
    OfferPairing,
    ReportCommand,
    ReportConfig,
    RequestPayment,
    ReserveCoupon,
    RunCommand,
    TellBasket,
    TellHealth,
)
from cart.core.machine import Machine
from cart.core.observations import BasketViewed, CouponAnswered, CreditCame, PaymentAnswered
from cart.core.value import Value
from cart.shell.fetched import Standing, standing_in

SNAP_BYTES_OVERHEAD = 500
WIRELESS = Path("/proc/net/wireless")
LEVEL = re.compile(r"^\s*\w+: +\S+ +\S+ +(-\d+)", re.MULTILINE)
Wish = (
    OfferPairing
    | RequestPayment
    | ReserveCoupon
    | ReportCommand
    | ReportConfig
    | RunCommand
    | TellBasket
    | TellHealth
)
Question = OfferPairing | RequestPayment | ReserveCoupon | ReportCommand | ReportConfig
Told = Snap | Telemetry | ClipNote
Request = Question | RunCommand | Told
Heard = BasketViewed | CouponAnswered | CreditCame | PaymentAnswered
Answer = PayAnswer | CouponAnswer | Credit | BasketView

log = logging.getLogger(__name__)


def requests_of(
    wish: Wish,
    epoch: int,
    last_seq: int,
    last_hash: str,
    uptime_ms: int,
    files: Path | None,
    trust_trouble: str = "",
) -> tuple[Request, ...]:
    """What to ask or tell, as of the journal's newest row now; `files` is the folder of the store's
    signed files, None: this cart fetches none."""
    match wish:
        case TellBasket():
            return snap_of(wish, epoch, last_seq, last_hash)
        case TellHealth():
            return (telemetry_of(wish, uptime_ms, files, trust_trouble),)
        case _:
            return (wish,)


TOLD: dict[type[Value], str] = {Snap: "snap", Telemetry: "telemetry", ClipNote: "clip"}


def message_of(asked: Question | Told, epoch: int, last_seq: int) -> tuple[str, Value]:
    """Its channel and its message; a payment counts the journal's rows up to `last_seq`."""
    match asked:
        case Snap() | Telemetry() | ClipNote():
            return TOLD[type(asked)], asked
        case OfferPairing(nonce=nonce):
            return "pair_offer", PairOffer(nonce)
        case ReserveCoupon(trip_id=trip_id, coupon_id=coupon_id):
            return "coupon_request", CouponRequest(trip_id, coupon_id)
        case RequestPayment(trip_id=trip_id, attempt=attempt, total_minor=total_minor):
            return "pay_request", PayRequest(trip_id, attempt, total_minor, epoch, last_seq)
        case ReportCommand(cmd_id=cmd_id, status=status, detail=detail):
            return "command_state", CommandState(cmd_id, status, detail)
        case ReportConfig(version=version, settings=settings, refused=refused):
            return "config_state", ReportedConfig(version, settings, refused)


def observation_of(answer: Answer) -> Heard:
    """What the mind hears of it."""
    match answer:
        case BasketView(trip_id=trip_id, lines=lines, total_minor=total_minor):
            return BasketViewed(0, trip_id, lines, total_minor)
        case CouponAnswer(trip_id=trip_id, coupon_id=coupon_id, outcome=outcome):
            return CouponAnswered(0, trip_id, coupon_id, outcome)
        case Credit(number=number, line_id=line_id, quantity=quantity):
            return CreditCame(0, answer.trip_id, number, line_id, quantity, answer.amount_minor)
        case PayAnswer():
            return PaymentAnswered(
                t_ms=0,
                trip_id=answer.trip_id,
                attempt=answer.attempt,
                outcome=answer.outcome,
                total_minor=answer.total_minor,
                receipt_id=answer.receipt_id,
                reason=answer.reason,
                receipt=answer.receipt if answer.outcome == "mismatch" else None,
            )


def snap_of(told: TellBasket, epoch: int, upto_seq: int, row_hash: str) -> tuple[Snap, ...]:
    """The whole basket, as of the row that it is the fold of; nothing if no message holds it."""
    # What it was ordered is no business of a trip's, and could be longer than any basket.
    basket = json.encode(replace(told.basket, machine=Machine()), order="deterministic")
    if len(basket) + SNAP_BYTES_OVERHEAD > PAYLOAD_BYTES_MAX:
        log.warning("the basket is not told: %d bytes are too many for a message", len(basket))
        return ()
    return (Snap(told.basket.trip_id, upto_seq, epoch, upto_seq, row_hash, Raw(basket)),)


def carried_in(grant: PairGrant) -> Basket | None:
    """The basket that a trip brings along. Raises ContractError."""
    what = "PairGrant: carried"
    carried: Basket | None = decode_json(Basket | None, bytes(grant.carried), what)
    return carried


def telemetry_of(
    told: TellHealth, uptime_ms: int, folder: Path | None, trust_trouble: str = ""
) -> Telemetry:
    """How the machine is: what the mind knows, what this computer does, what was fetched here."""
    files = Standing() if folder is None else standing_in(folder)
    return Telemetry(
        uptime_ms=uptime_ms,
        battery_percent=told.battery_percent,
        signal_dbm=signal_dbm(),
        inputs_refused=told.inputs_refused,
        files_version=files.version,
        files=files.files,
        files_trouble=files.trouble,
        trust_trouble=trust_trouble,
    )


def signal_dbm(wireless: Path = WIRELESS) -> int | None:
    """The radio's level as Linux tells it; None without a radio."""
    try:
        found = LEVEL.search(wireless.read_text(encoding="ascii", errors="replace"))
    except OSError:
        return None
    return None if found is None else int(found[1])
