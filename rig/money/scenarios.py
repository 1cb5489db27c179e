"""Random small scenarios of every kind of offer and of stacking, in the words of docs/pricing.md.

Few goods and up to four offers, so that every legal way can be tried; all from a seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

Row = dict[str, Any]


def scenario_row(random: Random, offers_max: int = 4) -> Row:
    """One to four products, one to three of each; taxes, food benefits, prices with tax inside."""
    lines = [*"abcd"[: random.randint(1, 4)]]
    rates = random.choice(([0], [800], [0, 800], [0, 500, 1900]))
    row: Row = {
        "id": "random",
        "items": [
            {
                "line": line,
                "unit_price": random.choice((random.randint(50, 600), 300)),
                "qty": random.randint(1, 3),
                "tax_bp": random.choice(rates),
                "snap": random.random() < 0.3,
            }
            for line in lines
        ],
        "promotions": [
            _offer(f"P{n}", lines, random) for n in range(random.randint(1, offers_max))
        ],
        "customer": {"member": True},
    }
    if random.random() < 0.3:
        row["tender_order"] = ["snap", "other"]
        if random.random() < 0.5:
            row["balances"] = {"snap": random.randint(0, 900)}
    if random.random() < 0.2:
        row["tax_inclusive"] = True
    if random.random() < 0.2:
        fee = {"amount": random.randint(5, 90), "tax_bp": random.choice(rates)}
        row["fees"] = [{"id": "bag", **fee, "snap": random.random() < 0.5}]
        row["items"][0]["deposit"] = 25
    return row


def _offer(name: str, lines: Sequence[str], random: Random) -> Row:
    kind = random.choice([*KINDS])
    some = random.sample(lines, random.randint(1, len(lines)))
    offer: Row = {"id": name, "type": kind, **KINDS[kind](some, lines, random)}
    chances: tuple[tuple[float, str, Callable[[], object]], ...] = (
        (0.3, "max_applications", lambda: random.randint(1, 2)),
        (0.25, "stack", lambda: random.choice(("exclusive", "stackable"))),
        (0.15, "exclusive_group", lambda: "g"),
        (0.2, "priority", lambda: random.randint(0, 3)),
        (0.1, "max_per_shopper", lambda: 1),
    )
    for chance, word, value in chances:
        if random.random() < chance:
            offer[word] = value()
    if kind in ("basket_percent_off", "basket_amount_off", "tiered_spend"):
        if random.random() < 0.4:
            offer["threshold_basis"] = "before_offers"
        if kind == "basket_percent_off" and random.random() < 0.3:
            offer["basis"] = "original"
        if random.random() < 0.3:
            offer["lines"] = some
    return offer


Words = Callable[[list[str], Sequence[str], Random], Row]
KINDS: dict[str, Words] = {
    "percent_off": lambda some, _, r: {"lines": some, "percent": r.choice((5, 10, 15, 33, 50))},
    "amount_off_each": lambda some, _, r: {"lines": some, "amount": r.randint(1, 200)},
    "n_for_price": lambda some, _, r: {
        "lines": some, "n": r.randint(2, 3), "price": r.randint(100, 700)},
    "cheapest_free": lambda some, _, r: {"lines": some, "n": r.randint(2, 3)},
    "buy_x_get_y": lambda some, all_, r: {
        "buy": some, "buy_qty": r.randint(1, 2), "get": r.sample(all_, r.randint(1, len(all_))),
        "get_qty": 1, "percent": r.choice((50, 100))},
    "bundle": lambda some, _, r: {
        "need": dict.fromkeys(some[:2], 1),
        **r.choice(({"price": r.randint(100, 500)}, {"amount": r.randint(10, 200)},
                    {"percent": 20}))},
    "member_price": lambda some, _, r: {"line": some[0], "price": r.randint(50, 400)},
    "markdown": lambda some, _, r: {"line": some[0], "price": r.randint(50, 400)},
    "basket_percent_off": lambda _, __, r: {
        "percent": r.choice((5, 10, 20)), "min_spend": r.choice((0, 500, 1000))},
    "basket_amount_off": lambda _, __, r: {
        "amount": r.choice((100, 300)), "min_spend": r.choice((0, 500, 1000))},
    "amount_off": lambda some, _, r: {
        "lines": some, "amount": r.choice((50, 150)), "min_qty": r.randint(1, 3)},
    "tiered_spend": lambda _, __, ___: {
        "tiers": [{"min_spend": 500, "amount": 50}, {"min_spend": 900, "percent": 10}]},
    "coupon": lambda some, _, r: {
        "lines": some, "issuer": r.choice(("store", "manufacturer")), "amount": r.randint(20, 200),
        "min_qty": r.randint(1, 2)},
}  # fmt: skip
