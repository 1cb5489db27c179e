"""Figures of the money: the search beside a priority engine, a greedy one and HiGHS; the catalog.

Every size is one set of seeded baskets, priced by all engines in the same run. Times are of the
processor (`time.process_time`), because other programs share the machine. HiGHS's include building
its model, as ours include finding the components.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from random import Random
from typing import TypeVar

import msgspec
from biip.checksums import gs1_standard_check_digit

from cart.core.basket import Line
from cart.core.catalog import Catalog, CatalogIndex, Product, parse_catalog
from cart.core.pricing.component import chosen
from cart.core.pricing.engine import STEPS_MAX, receipt_of
from cart.core.pricing.kinds import AnyDeal
from cart.core.pricing.order import Order
from cart.core.pricing.pricing import price
from rig.bench.figures import Figure, percentile
from rig.money.baskets import deal_of, few_goods_of, order_of
from rig.money.milp import Programme
from rig.money.rivals import saved_by_greed, saved_by_priority

# Units, offers, what the median may take in milliseconds.
SIZES = ((8, 3, 1), (20, 6, 5), (40, 12, 20), (80, 25, 100))
BASKETS = 100
# Baskets that are hard to prove, by seed.
HARD: tuple[tuple[str, Callable[[int], Order]], ...] = (
    ("80 units, 25 offers, two tax rates", lambda seed: order_of(seed, 80, 25, taxed=True)),
    ("80 units of 8 goods, 60 offers", lambda seed: few_goods_of(seed, 80, 60, 8)),
)
HARD_BASKETS = 24
PRODUCTS = 50_000
LOOKUPS = 20_000
LINES = 60
Result = TypeVar("Result")


def figures(baskets: int = BASKETS) -> list[Figure]:
    """All of them."""
    found = []
    for units, offers, goal_ms in SIZES:
        found += _size(units, offers, goal_ms, baskets)
    for name, order in HARD:
        found += _hard(name, order, min(baskets, HARD_BASKETS))
    return [*found, _one_more(), *_catalog()]


def _size(units: int, offers: int, goal_ms: int, baskets: int) -> list[Figure]:
    ours, theirs, lost_by_priority, lost_by_greed = [], [], [], []
    proved = worse = 0
    for seed in range(baskets):
        order = order_of(seed, units, offers)
        chosen.cache_clear()
        priced, took_ms = _timed(partial(price, order))
        best, highs_ms = _timed(partial(_by_highs, order))
        ours.append(took_ms)
        theirs.append(highs_ms)
        proved += priced.gap_minor == 0
        worse += priced.discount_minor < best
        lost_by_priority.append(100 - 100 * saved_by_priority(order) / max(1, best))
        lost_by_greed.append(100 - 100 * saved_by_greed(order) / max(1, best))
    name = f"{units} units, {offers} offers"
    return [
        Figure(f"{name}: p50", statistics.median(ours), "ms", f"<= {goal_ms}",
               statistics.median(theirs), "HiGHS", baskets),
        Figure(f"{name}: p99", percentile(ours, 99), "ms", "", percentile(theirs, 99), "HiGHS",
               baskets),
        Figure(f"{name}: proved best", proved, "baskets", f"{baskets}", samples=baskets),
        Figure(f"{name}: less saved than HiGHS", worse, "baskets", "0", samples=baskets),
        Figure(f"{name}: savings lost by priority order", statistics.mean(lost_by_priority), "%",
               "", statistics.mean(lost_by_greed), "greedy", baskets),
    ]  # fmt: skip


def _hard(name: str, order: Callable[[int], Order], baskets: int) -> list[Figure]:
    """What a cart does with its own budget of work where proofs are hard."""
    took, gaps = [], []
    for seed in range(baskets):
        chosen.cache_clear()
        priced, took_ms = _timed(partial(price, order(seed)._replace(steps_max=STEPS_MAX)))
        took.append(took_ms)
        gaps.append(100 * priced.gap_minor / max(1, priced.total_minor))
    return [
        Figure(f"{name}, a cart's budget: p50", statistics.median(took), "ms", "",
               max(took), "our worst", baskets),
        Figure(f"{name}: proved best", gaps.count(0), "baskets", samples=baskets),
        Figure(f"{name}: gap, p50", statistics.median(gaps), "%", "", max(gaps), "our worst",
               baskets),
    ]  # fmt: skip


def _by_highs(order: Order) -> int:
    return Programme(order).best()


def _one_more() -> Figure:
    """One item more in a basket of 60 lines, in a store with 60 deals on 2 to 8 of 300 goods."""
    random = Random(1)
    products = tuple(Product(f"p{n}", f"P {n}", random.randint(50, 999)) for n in range(300))
    shelf = [(product.sku, product.price_minor) for product in products]
    deals: list[AnyDeal] = [deal_of(f"d{n}", shelf, random) for n in range(60)]
    index = CatalogIndex(Catalog(1, "USD", products, deals=tuple(deals)))
    took = []
    for _ in range(40):
        goods = random.sample(products, LINES)
        lines = [
            Line(f"L{n}", item.sku, item.name, 1, item.price_minor, item.price_minor)
            for n, item in enumerate(goods)
        ]
        receipt_of(lines[:-1], index, member=False)
        took.append(_timed(partial(receipt_of, lines, index, member=False))[1])
    return Figure(
        "one more item at 60 lines: p50", statistics.median(took), "ms", "<= 2",
        percentile(took, 99), "our p99", len(took),
    )  # fmt: skip


def _catalog() -> list[Figure]:
    """A whole catalog from JSON to look-ups."""
    products = tuple(
        Product(f"p{n}", f"Product {n}", 100 + n % 900, gtins=(_gtin(n),)) for n in range(PRODUCTS)
    )
    data = msgspec.json.encode(Catalog(1, "USD", products))

    def load() -> CatalogIndex:
        index = CatalogIndex(parse_catalog(data))
        assert len(index.by_gtin) == len(index.by_sku) == PRODUCTS
        return index

    index, load_ms = _timed(load)
    wanted = [_gtin(n * 7919 % PRODUCTS) for n in range(LOOKUPS)]
    _, lookup_ms = _timed(lambda: [index.by_gtin[gtin] for gtin in wanted])
    each_us = lookup_ms * 1_000 / LOOKUPS
    return [
        Figure(f"a catalog of {PRODUCTS} products loads", load_ms, "ms", "<= 1000"),
        Figure("one look-up by code", each_us, "us", "<= 5", samples=LOOKUPS),
    ]


def _gtin(number: int) -> str:
    digits = f"0952{number:09}"
    return f"{digits}{gs1_standard_check_digit(digits)}"


def _timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """What a call gives, and the processor's milliseconds for it."""
    began_ns = time.process_time_ns()
    result = work()
    return result, (time.process_time_ns() - began_ns) / 1_000_000
