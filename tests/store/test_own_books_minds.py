"""What real minds say on random trips, the store's own books say too: nobody is doubted for it."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from msgspec import json
from msgspec.structs import replace
from sqlalchemy import Connection

from cart.contract.store import PairClaim, PayRequest
from cart.core.basket import Basket
from cart.core.catalog import Catalog, Fee
from cart.core.observations import CatalogArrived, Paired
from store import catalogs, counter, disputes
from store.keys import signer_of
from store.ledger import ingest
from tests.store.shop import batch, granted, rows
from tests.unit.mind_world import BANANAS, CATALOG, GUM, PASTA, RICE, TOMATOES, Hands, check_digit

FIRST = replace(CATALOG, fees=(Fee("bag", "Bag", 10),))
CHEESE_LABEL = "280211400452"


def next_catalog(database: Connection, before: Catalog, random: Random) -> Catalog:
    """The store gives some of its goods, and its bag, other prices."""
    sold = tuple(
        replace(product, price_minor=random.randint(50, 300)) if random.random() < 0.5 else product
        for product in before.products
    )
    fees = (Fee("bag", "Bag", random.randint(5, 20)),)
    changed = replace(before, version=before.version + 1, products=sold, fees=fees)
    return catalogs.add(database, changed)


def shop_on(database: Connection, hands: Hands, sold: Catalog, random: Random) -> Catalog:
    """Something goes in or out, or the store changes its prices."""
    match random.randrange(6):
        case 0:
            sold = next_catalog(database, sold, random)
            hands.say(CatalogArrived(hands.now_ms, sold))
        case 1:
            hands.sight(BANANAS)
            hands.load(random.randint(40, 400) * 5_000)
        case 2:
            hands.scan(CHEESE_LABEL + check_digit(CHEESE_LABEL))
            hands.load(239_000)
        case 3 if any(line.sku == PASTA for line in hands.state.basket.lines):
            hands.load(-507_000)
        case _:
            hands.put(random.choice((TOMATOES, PASTA, RICE, GUM)))
    hands.wait(3_000)
    return sold


def ask(database: Connection, hands: Hands, cart: str, trip_id: str, random: Random) -> str:
    """Pay what is on the screen, with a bag: how the store answers."""
    for line in hands.state.basket.open_lines:
        hands.touch("answer", line.line_id, random.choice((*line.choices, "own")))
    hands.touch("pay_start")
    hands.touch("fee", "bag", "2")
    hands.touch("pay_confirm")
    assert hands.state.basket.phase == "paying", hands.told()
    assert hands.state.basket.requested_minor is not None
    ingest(database, cart, batch(rows(hands.events)))
    asked = (1, hands.state.basket.requested_minor, 1, len(hands.events))
    answer = counter.pay(database, cart, PayRequest(trip_id, *asked))
    assert answer is not None
    return answer.reason or answer.outcome


@pytest.mark.parametrize("seed", range(6))
def test_what_minds_say_is_settled(database: Connection, tmp_path: Path, seed: int) -> None:
    """Prices that change in mid-trip, weights, labels, pieces taken out, a bag; every other trip
    moves to a cart with another catalog before it is paid."""
    random = Random(seed)
    sold = catalogs.add(database, FIRST)
    hands, cart, trip_id = Hands(catalog=sold), "cart-01", "trip-1"
    granted(database, trip_id, cart=cart)
    hands.say(Paired(hands.now_ms, "nonce-0001", trip_id, "ann"))
    for _ in range(random.randint(2, 12)):
        sold = shop_on(database, hands, sold, random)
    if seed % 2:
        ingest(database, cart, batch(rows(hands.events)))
        counter.offer(database, "cart-02", "nonce-0001", 0)
        claim = PairClaim("cart-02", "nonce-0001", "ann", move=True)
        grant = counter.claim(database, signer_of(tmp_path), claim, 0)
        carried = json.decode(grant.carried, type=Basket)
        hands, cart, trip_id = (
            Hands(catalog=next_catalog(database, sold, random)),
            "cart-02",
            grant.trip_id,
        )
        hands.say(Paired(hands.now_ms, "nonce-0001", trip_id, "ann", carried=carried))
        for line in carried.lines:
            if line.evidence.after_mg is not None and line.evidence.before_mg is not None:
                hands.load(line.evidence.after_mg - line.evidence.before_mg)
                hands.wait(3_000)
    assert ask(database, hands, cart, trip_id, random) == "settled"
    assert disputes.rows(database) == []
