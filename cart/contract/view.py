"""From the mind's state to what the screen shows: `snapshot(state, revision, cause_ms)`.

It lays out, it never decides: every figure comes from the receipt, every condition from the
state. The route is the first row of ROUTES whose condition holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal
from urllib.parse import quote

from msgspec.structs import replace

from cart.contract import view_offers
from cart.contract.screen import (
    ChoiceView,
    CouponView,
    EvidenceView,
    FeeView,
    LineView,
    NoticeView,
    QuestionView,
    Route,
    SavingView,
    Snapshot,
    StopView,
    TaxView,
    UnitPriceView,
    WeighView,
)
from cart.contract.store import PAIRING
from cart.core import coach, coupons, extras, restrictions, telling
from cart.core.basket import Line, OpenLine
from cart.core.catalog import CatalogIndex, Product
from cart.core.deals import deals_applied
from cart.core.events import Evidence
from cart.core.fusion.scores import LOOK_FLOOR
from cart.core.lines import pieces_in
from cart.core.notices import NOTICES
from cart.core.paying import can_go_back
from cart.core.prudence import cheaper_equal
from cart.core.receipt import ReceiptLine
from cart.core.state import State
from cart.core.weighed import MIN_MG, Readings

PERCENT_OF_MILLINATS = (
    (-10, 99),
    (-51, 95),
    (-105, 90),
    (-223, 80),
    (-357, 70),
    (-511, 60),
    (-693, 50),
    (-1_204, 30),
    (-2_303, 10),
    (LOOK_FLOOR, 1),
)
ALTERNATIVES_MAX = 4

ROUTES: tuple[tuple[Route, Callable[[State], bool]], ...] = (
    ("welcome", lambda state: state.basket.phase == "idle"),
    ("receipt", lambda state: state.basket.phase == "paid"),
    ("checkout", lambda state: state.basket.phase in ("checkout", "paying")),
    ("choose", lambda state: _asks(state, with_choices=True)),
    ("rescan", lambda state: _asks(state, with_choices=False)),
    ("weigh", lambda state: _just_weighed(state) is not None),
    ("shop", lambda _state: True),
)


def snapshot(state: State, revision: int, cause_ms: int) -> Snapshot:
    """The whole screen for this state. `cause_ms`: when its observation reached the inbox."""
    route = next(route for route, holds in ROUTES if holds(state))
    receipt, basket = state.receipt, state.basket
    catalog = None if state.catalog is None else state.catalog.catalog
    taxes = () if receipt is None else receipt.taxes
    return Snapshot(
        revision=revision,
        cause_ms=cause_ms,
        route=route,
        currency="USD" if catalog is None else catalog.currency,
        currency_digits=2 if catalog is None else catalog.currency_digits,
        shopper=basket.shopper,
        member=basket.member,
        pairing=_pairing(state),
        lines=_lines(state),
        subtotal_minor=0 if receipt is None else receipt.subtotal_minor,
        savings_minor=0 if receipt is None else receipt.savings_minor,
        tax_minor=0 if receipt is None else receipt.tax_minor,
        taxes=tuple(TaxView(tax.category, tax.rate_ppm, tax.tax_minor) for tax in taxes),
        total_minor=0 if receipt is None else receipt.total_minor,
        deals=view_offers.deals_of(state),
        aisle=view_offers.aisle_name_of(state),
        question=_question(state) if route in ("choose", "rescan") else None,
        weigh=_weigh(state) if route == "weigh" else None,
        notices=tuple(
            NoticeView(item.code, NOTICES[item.code].priority, item.values)
            for item in telling.active(state)
        ),
        phase=basket.phase,
        can_go_back=can_go_back(state),
        receipt_id=basket.receipt_id,
        online=state.online,
        battery_percent=state.battery_percent,
        moving=state.moving,
        senses_lost=state.lost,
        nudge=view_offers.nudge_of(state),
        deposit_minor=0 if receipt is None else receipt.deposit_minor,
        fees=_fees(state),
        coupons=_coupons(state),
        benefits=basket.terms.benefits if extras.offers_benefits(state) else None,
        snap_minor=0 if receipt is None else receipt.snap_minor,
        sold_at=basket.terms.sold_at,
        budget_minor=basket.budget_minor,
        budget_percent=_budget_percent(state),
        budgets_minor=coach.budgets_minor(state),
        contest_reasons=coach.REASONS,
        credited_minor=sum(credit.amount_minor for credit in basket.credits),
    )


def _coupons(state: State) -> tuple[CouponView, ...]:
    """What the shopper showed: what each takes off, or what it still waits for."""
    index, receipt = state.catalog, state.receipt
    if index is None or receipt is None:
        return ()
    off_minor = {row.fee_id: row.amount_minor for row in receipt.fees}
    for modifier in deals_applied(receipt):
        off_minor[modifier.deal_id] = off_minor.get(modifier.deal_id, 0) + modifier.amount_minor
    views: list[CouponView] = []
    for held in state.basket.terms.coupons:
        title = coupons.title_of(held, index)
        if held.waits:
            views.append(CouponView(held.coupon_id, title, "waits_for_store"))
        elif held.coupon_id in off_minor:
            amount_minor = off_minor[held.coupon_id]
            on_lines = held.coupon_id in receipt.applied
            views.append(CouponView(held.coupon_id, title, "counts", amount_minor, on_lines))
        else:
            views.append(CouponView(held.coupon_id, title, "waits_for_goods"))
    return tuple(views)


def _fees(state: State) -> tuple[FeeView, ...]:
    """What may be taken on the pay screen, and what was taken, also of an older catalog."""
    rows = () if state.receipt is None else state.receipt.fees
    held = frozenset(coupon.coupon_id for coupon in state.basket.terms.coupons)
    taken = {row.fee_id: row for row in rows if row.fee_id not in held}
    offered = () if state.catalog is None else state.catalog.catalog.fees
    views = {
        fee.fee_id: FeeView(fee.fee_id, fee.title, fee.price_minor, quantity_max=fee.quantity_max)
        for fee in offered
    }
    for row in taken.values():
        before = views.get(row.fee_id, FeeView(row.fee_id, row.title, 0))
        views[row.fee_id] = replace(before, quantity=row.quantity, amount_minor=row.amount_minor)
    return tuple(views.values())


def _pairing(state: State) -> str:
    if state.basket.phase != "idle" or not state.pair_nonce:
        return ""
    return PAIRING.format(cart=quote(state.cart_id), nonce=quote(state.pair_nonce))


def _lines(state: State) -> tuple[LineView, ...]:
    sure = {line.line_id: line for line in state.basket.lines}
    newest = max((_number(line.line_id) for line in _all_lines(state)), default=0)
    rows = () if state.receipt is None else state.receipt.lines
    stops = {stop.line_id: _stop(stop) for stop in restrictions.stops(state)}
    views = [
        replace(_sure_line(state, row, sure[row.line_id], newest), stop=stops.get(row.line_id))
        for row in rows
    ]
    views += [_open_line(state, line, newest) for line in state.basket.open_lines]
    return tuple(sorted(views, key=lambda view: _number(view.line_id)))


def _all_lines(state: State) -> Iterable[Line | OpenLine]:
    return (*state.basket.lines, *state.basket.open_lines)


def _number(line_id: str) -> int:
    return int(line_id.lstrip("L"))


def _sure_line(state: State, row: ReceiptLine, line: Line, newest: int) -> LineView:
    index = state.catalog
    product = None if index is None else index.by_sku.get(row.sku)
    cheaper = None if index is None or product is None else cheaper_equal(product, index)
    return LineView(
        line_id=row.line_id,
        name=row.name,
        quantity=row.quantity,
        price_minor=row.price_minor,
        net_minor=row.net_minor,
        unit_price_minor=row.unit_price_minor,
        mass_mg=row.mass_mg,
        weight=row.weight,
        price_unit=row.price_unit,
        newest=_number(row.line_id) == newest,
        image=_image(state.catalog, row.sku),
        savings=tuple(SavingView(item.title, item.amount_minor) for item in row.modifiers),
        evidence=_evidence(line.evidence, state.catalog),
        weighing=row.weighing,
        unit_price=_unit_price(product),
        cheaper=_unit_price(cheaper),
        contested=line.contested,
        higher_unit_minor=row.higher_unit_minor,
    )


def _unit_price(product: Product | None) -> UnitPriceView | None:
    price = None if product is None else product.unit_price
    if product is None or price is None:
        return None
    return UnitPriceView(product.name, price.price_minor, price.unit)


def _stop(stop: restrictions.Stop) -> StopView:
    why = stop.refused
    return StopView(why.why, stop.age_years, stop.hours, why.reason)


def _open_line(state: State, line: OpenLine, newest: int) -> LineView:
    known = line.choices[0] if line.trouble else None
    product = None if known is None or state.catalog is None else state.catalog.by_sku.get(known)
    return LineView(
        line_id=line.line_id,
        name="" if product is None else product.name,
        quantity=1,
        price_minor=0,
        net_minor=0,
        mass_mg=line.mass_mg if line.direction == "in" else -line.mass_mg,
        state="open",
        newest=_number(line.line_id) == newest,
        image=None if product is None else product.image,
        evidence=_evidence(line.evidence, None),
        trouble=line.trouble,
    )


def _evidence(evidence: Evidence, index: CatalogIndex | None) -> EvidenceView:
    look = evidence.look
    looked = None if look is None or look.sku is None else look.sku
    readings = evidence.readings or Readings()
    before, after = readings.before, readings.after
    product = None if index is None or looked is None else index.by_sku.get(looked)
    return EvidenceView(
        code=None if evidence.code is None else evidence.code.text,
        look=looked if product is None else product.name,
        look_percent=None if look is None else _percent(look.score_millinats),
        before_mg=evidence.before_mg if before is None else before.gross_mg,
        after_mg=evidence.after_mg if after is None else after.gross_mg,
        decided_by=evidence.decided_by,
        reading_before_id=0 if before is None else before.reading_id,
        reading_id=0 if after is None else after.reading_id,
        software_id="" if after is None else after.software_id,
    )


def _percent(millinats: int) -> int:
    """About how sure, in words a person reads: the table's rounding down of e^x."""
    return next((percent for floor, percent in PERCENT_OF_MILLINATS if millinats >= floor), 0)


def _image(index: CatalogIndex | None, sku: str) -> str | None:
    product = None if index is None else index.by_sku.get(sku)
    return None if product is None else product.image


def _asks(state: State, *, with_choices: bool) -> bool:
    line = _asked(state)
    return line is not None and (bool(line.choices) and not line.trouble) == with_choices


def _asked(state: State) -> OpenLine | None:
    open_lines = state.basket.open_lines
    return next((line for line in open_lines if line.line_id == state.question), None)


def _question(state: State) -> QuestionView | None:
    line = _asked(state)
    if line is None:
        return None
    if line.direction == "out":
        choices = tuple(
            _product_choice(state.catalog, item.sku, item.line_id, item.name)
            for item in state.basket.lines
            if item.line_id in line.choices
        )
        return QuestionView(line.line_id, "which_out", line.mass_mg, choices)
    choices = tuple(
        _product_choice(state.catalog, sku, sku, sku, line.mass_mg) for sku in line.choices
    )
    if line.trouble:
        why: Literal["put_back", "weigh_again"] = (
            "put_back" if line.trouble in restrictions.NEVER_SOLD else "weigh_again"
        )
        about = (line.mass_mg, choices[:1], line.trouble)
        return QuestionView(line.line_id, why, *about, least_mg=MIN_MG, reason=line.reason)
    return QuestionView(line.line_id, "which_in" if choices else "rescan", line.mass_mg, choices)


def _product_choice(
    index: CatalogIndex | None, sku: str, choice: str, name: str, mass_mg: int | None = None
) -> ChoiceView:
    """`mass_mg`: the load to explain; a piece that is too light for it is offered several times."""
    product = None if index is None else index.by_sku.get(sku)
    if product is None:
        return ChoiceView(choice, name)
    quantity = 1 if mass_mg is None else pieces_in(mass_mg, product)
    return ChoiceView(
        choice,
        product.name,
        product.price_minor * quantity,
        product.sold_by,
        product.image,
        quantity,
        product.price_unit,
    )


def _just_weighed(state: State) -> Line | None:
    if state.weighed is None or state.t_ms >= state.weighed_until_ms:
        return None
    return next((line for line in state.basket.lines if line.line_id == state.weighed), None)


def _weigh(state: State) -> WeighView | None:
    line = _just_weighed(state)
    if line is None or line.weighing is None or state.catalog is None:
        return None
    weighing = line.weighing
    loose = (
        item
        for item in state.catalog.catalog.products
        if item.sold_by == "mass" and not item.gtins and item.sku != line.sku
    )
    likeliest = {sku: place for place, sku in enumerate(state.looked_like)}
    others = sorted(loose, key=lambda item: likeliest.get(item.sku, len(likeliest)))
    return WeighView(
        line_id=line.line_id,
        name=line.name,
        net_mg=weighing.net_mg,
        unit_price_minor=weighing.unit_price_minor,
        price_minor=weighing.price_minor,
        tare_mg=weighing.tare_mg,
        image=_image(state.catalog, line.sku),
        alternatives=tuple(
            _product_choice(state.catalog, item.sku, item.sku, item.name) for item in others
        )[:ALTERNATIVES_MAX],
        reading_before_id=weighing.reading_before_id,
        reading_id=weighing.reading_id,
        software_id=weighing.software_id,
        price_unit=weighing.price_unit,
    )


def _budget_percent(state: State) -> int:
    budget_minor = state.basket.budget_minor
    if not budget_minor or state.receipt is None:
        return 0
    return state.receipt.total_minor * 100 // budget_minor
