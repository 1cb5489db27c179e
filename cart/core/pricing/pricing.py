"""The cheapest legal combination of offers for an order, and how sure that is.

First prices of units, then offers on items (searched exactly, component by component), then offers
on the basket, then coupons, then tax. Whatever is a choice is tried: which of an exclusive group,
which offers on the basket. It must never read a catalog or a clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, permutations, product
from typing import NamedTuple

from cart.core.pricing.bill import Bill, bill_of, shares_of
from cart.core.pricing.choice import Choice, choose, every_choice
from cart.core.pricing.coupon import Coupon
from cart.core.pricing.field import Field, Good, UnitClass
from cart.core.pricing.kinds import BASKET_KINDS, ITEM_KINDS, PRICE_KINDS, TOP_KINDS
from cart.core.pricing.offers import Deal
from cart.core.pricing.order import Order, Priced
from cart.core.pricing.stages import apply_coupons, apply_tops
from cart.core.pricing.tally import Tally
from cart.core.pricing.uses import Each

SETTINGS_MAX = 64
CHOICES_MAX = 4_000
TRIED_UNITS_MAX = 16
COUPON_ORDERS_MAX = 24
"""A piece counts for one coupon of each issuer: which comes first decides what the others find."""


class Setting(NamedTuple):
    """One way the offers that are a choice as a whole may be chosen."""

    item_deals: tuple[int, ...]
    tops: tuple[Deal, ...]
    coupons: tuple[Coupon, ...]


class Try(NamedTuple):
    """A setting priced. `lower_minor`: nothing in this setting can cost less."""

    bill: Bill
    tally: Tally
    lower_minor: int
    legal: bool
    choice: Choice


def price(order: Order) -> Priced:
    """Price an order: see `Priced`."""
    start = Tally(order.items)
    _apply_unit_prices(order, start)
    tries = [_tried(order, start, setting) for setting in _settings(order)]
    best = min([found for found in tries if found.legal], key=lambda found: found.bill.total_minor)
    lower_minor = min([found.lower_minor for found in tries])
    if lower_minor < best.bill.total_minor:
        best, complete = _try_all(order, start, best)
        lower_minor = best.bill.total_minor if complete else lower_minor
    return _priced(order, best, lower_minor)


def _priced(order: Order, best: Try, lower_minor: int) -> Priced:
    tally, bill = best.tally, best.bill
    ranks = {deal.deal_id: n for n, deal in enumerate(order.offers.deals)}
    rows = tally.rows(ranks)
    return Priced(
        rows=rows,
        applied=tally.applied,
        subtotal_minor=sum([item.price_minor for item in order.items]),
        discount_minor=sum([row.amount_minor for row in rows]),
        taxes=bill.taxes,
        tax_minor=bill.tax_minor,
        deposit_minor=bill.deposit_minor,
        fees_minor=bill.fees_minor,
        total_minor=bill.total_minor,
        snap_minor=bill.snap_minor,
        gap_minor=max(0, bill.total_minor - lower_minor),
        proofs=best.choice.proofs,
        shares=shares_of(order, tally, bill.taxes),
    )


def _apply_unit_prices(order: Order, tally: Tally) -> None:
    """Stackable prices of units come first: every other offer sees them."""
    for number in order.offers.ranks:
        deal = order.offers.deals[number]
        if deal.stack != "stackable" or type(deal) not in PRICE_KINDS:
            continue
        if not order.shopper.uses_left(deal):
            continue
        for n, item in enumerate(order.items):
            if deal.covers(item.good.sku, item.good.category):
                _apply_unit_price(order, tally, deal, n)


def _apply_unit_price(order: Order, tally: Tally, deal: Deal, number: int) -> None:
    took = False
    for unit, open_minor in enumerate(tally.units_minor[number]):
        good = _priced_good(order.items[number].good, open_minor)
        field = Field([UnitClass(good, 1, 1, 1)], order.rounding, (0,), deal, 1, 1)
        for part in ITEM_KINDS[type(deal)](deal, field):
            if isinstance(part, Each):
                tally.take(number, unit, deal, part.savings_minor[1])
                took = took or part.savings_minor[1] > 0
    if took:
        tally.count(deal)


def _priced_good(good: Good, price_minor: int) -> Good:
    if good.price_minor == price_minor:
        return good
    return Good(
        good.sku, price_minor, good.category, good.unit_price_minor, good.weight,
        good.by_weight, good.position,
    )  # fmt: skip


def _settings(order: Order) -> Iterator[Setting]:
    """Every choice of one offer of each exclusive group, and of the offers on the basket that may
    stand in each other's way; all of them first."""
    deals = order.offers.deals
    usable = [n for n in order.offers.ranks if order.shopper.uses_left(deals[n])]
    groups: dict[str, list[int]] = {}
    for n in usable:
        if deals[n].exclusive_group:
            groups.setdefault(deals[n].exclusive_group, []).append(n)
    doubtful = _may_stay_out(deals, usable)
    picks = product(*groups.values(), *[(True, False)] * len(doubtful))
    seen: list[Setting] = []
    for pick in islice(picks, SETTINGS_MAX):
        kept = pick[: len(groups)]
        off = [n for n, on in zip(doubtful, pick[len(groups) :], strict=True) if not on]
        chosen = [n for n in usable if n not in off and (not deals[n].exclusive_group or n in kept)]
        setting = _setting(deals, chosen)
        if setting is not None and setting not in seen:
            seen.append(setting)
            for coupons in islice(permutations(setting.coupons), COUPON_ORDERS_MAX):
                yield setting._replace(coupons=coupons)


def _may_stay_out(deals: Sequence[Deal], usable: Sequence[int]) -> list[int]:
    """The offers that others may be worth more without: doubtful ones on the basket, all of those
    beside one that stands alone there, and exclusive ones on items where more comes on top."""
    tops = [n for n in usable if _is_top(deals[n])]
    alone = any(deals[n].stack == "exclusive" for n in tops)
    beside = tops or any(isinstance(deals[n], Coupon) for n in usable)
    shutting = [n for n in usable if deals[n].stack == "exclusive" and n not in tops]
    return [n for n in tops if alone or _doubtful(deals[n])] + (shutting if beside else [])


def _setting(deals: Sequence[Deal], chosen: Sequence[int]) -> Setting | None:
    """None where an exclusive offer on the basket would not be alone."""
    tops = tuple([deals[n] for n in chosen if _is_top(deals[n])])
    items = tuple([n for n in chosen if type(deals[n]) in ITEM_KINDS and not _is_top(deals[n])
                   and not _is_unit_price(deals[n])])  # fmt: skip
    coupons = tuple([deal for n in chosen if isinstance(deal := deals[n], Coupon)])
    if any(deal.stack == "exclusive" for deal in tops):
        return Setting((), tops, ()) if len(tops) == 1 else None
    return Setting(items, tops, coupons)


def _is_top(deal: Deal) -> bool:
    stacked = deal.stack == "stackable" and type(deal) in TOP_KINDS
    return type(deal) in BASKET_KINDS or stacked


def _is_unit_price(deal: Deal) -> bool:
    return deal.stack == "stackable" and type(deal) in PRICE_KINDS


def _doubtful(deal: Deal) -> bool:
    """Whether leaving an offer on the basket out may help: it excludes others, or asks for a sum
    that other offers may spoil."""
    asks = getattr(deal, "threshold_basis", "") == "after_offers"
    sums = [tier.min_spend_minor for tier in getattr(deal, "tiers", ())]
    return deal.stack == "exclusive" or (asks and any([*sums, getattr(deal, "min_spend_minor", 0)]))


def _tried(order: Order, start: Tally, setting: Setting) -> Try:
    """Offers on items at their best for this setting, then the rest."""
    choice = choose(order, start, setting.item_deals, setting.tops)
    return _finished(order, start, setting, choice)


def _finished(order: Order, start: Tally, setting: Setting, choice: Choice) -> Try:
    tally = start.copy()
    for deal, uses in choice.uses:
        tally.count(deal)
        for number, unit, amount_minor in uses:
            tally.take(number, unit, deal, amount_minor)
            if deal.stack == "exclusive":
                tally.closed[number][unit] = True
    asked = tuple([deal for deal in setting.tops if _doubtful(deal)])
    took = dict(tally.applied)
    apply_tops(order, tally, setting.tops)
    legal = all(tally.applied.get(deal.deal_id, 0) > took.get(deal.deal_id, 0) for deal in asked)
    lost_minor = apply_coupons(order, tally, setting.coupons)
    bill = bill_of(order, tally)
    unsure_minor = choice.gap_minor + lost_minor + _rounding_minor(order, setting)
    if not legal:
        # Had the offers on items been fewer, it might apply: at most it takes this much off.
        unsure_minor += sum([_most_minor(order, deal) for deal in asked])
    return Try(bill, tally, max(0, bill.total_minor - unsure_minor), legal or not asked, choice)


def _most_minor(order: Order, deal: Deal) -> int:
    """More than an offer on the basket can take off."""
    return sum([
        item.price_minor for item in order.items
        if deal.covers(item.good.sku, item.good.category)
    ])  # fmt: skip


def _rounding_minor(order: Order, setting: Setting) -> int:
    """How far a sum may be from what the search counted: shares of the basket are rounded, and
    where taxes differ so are the parts of it."""
    if len(frozenset([item.rate_ppm for item in order.items])) <= 1 or order.tax_inside:
        scopes = [deal for deal in setting.tops if not deal.everything]
        return len(scopes) if setting.item_deals and len(setting.tops) > 1 and scopes else 0
    return len(setting.tops) if setting.item_deals else 0


def _try_all(order: Order, start: Tally, best: Try) -> tuple[Try, bool]:
    """Where stages disturb each other: price every legal set of uses, as far as that goes."""
    tried = 0
    if best.choice.gap_minor or sum([item.quantity for item in order.items]) > TRIED_UNITS_MAX:
        return best, False
    for setting in _settings(order):
        for choice in every_choice(order, start, setting.item_deals, setting.tops, CHOICES_MAX):
            tried += 1
            if tried > CHOICES_MAX:
                return best, False
            found = _finished(order, start, setting, choice)
            if found.legal and found.bill.total_minor < best.bill.total_minor:
                best = found
    return best, True
