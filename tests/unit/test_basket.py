"""The basket as a fold of facts: what is taken out again leaves no trace."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from cart.core.basket import Basket, apply, fold
from cart.core.catalog import Catalog, CatalogIndex, Product
from cart.core.events import (
    CatalogAdopted,
    CheckoutStarted,
    Event,
    ItemAdded,
    ItemRemoved,
    LineOpened,
    LineSettled,
    PaymentRequested,
    PaymentSettled,
    QuestionAsked,
    TripClosed,
    TripOpened,
)
from cart.core.pricing.engine import receipt_of
from cart.core.pricing.n_for_price import NForPrice

OPENED = TripOpened(t_ms=1, trip_id="trip", shopper="p", member=True)
SHOPPING = fold([CatalogAdopted(t_ms=0, version=7, sha256=""), OPENED])
STORE = CatalogIndex(
    Catalog(
        version=7,
        currency="USD",
        products=(Product(sku="a", name="A", price_minor=129),),
        deals=(NForPrice(deal_id="n", title="3", skus=("a",), quantity=3, price_minor=300),),
    )
)

pieces = some.lists(some.tuples(some.sampled_from("abc"), some.integers(1, 9)), max_size=12)


def added(line_id: str, sku: str, quantity: int) -> ItemAdded:
    """Some pieces at 1.29."""
    return ItemAdded(2, line_id, sku, sku, quantity, 129, 129 * quantity)


@given(pieces, some.randoms(use_true_random=False))
def test_what_is_removed_was_never_there(things: list[tuple[str, int]], random: Random) -> None:
    """Everything put in and taken out piece by piece, in any order: no line, nothing to pay."""
    facts = [added(f"l{at}", sku, quantity) for at, (sku, quantity) in enumerate(things)]
    out = [ItemRemoved(3, fact.line_id, 1) for fact in facts for _ in range(fact.quantity)]
    random.shuffle(out)
    basket = fold([*facts, *out], SHOPPING)
    assert basket.lines == ()
    assert basket.lines_made == len(facts)
    assert receipt_of(basket.lines, STORE, basket.member).total_minor == 0


@given(pieces, pieces)
def test_a_line_that_came_and_went_costs_nothing(
    kept: list[tuple[str, int]], gone: list[tuple[str, int]]
) -> None:
    """The receipt after a removal is the receipt of the rest, deals included."""
    stay: list[Event] = [added(f"k{at}", *thing) for at, thing in enumerate(kept)]
    leave = [added(f"g{at}", *thing) for at, thing in enumerate(gone)]
    out = [ItemRemoved(3, fact.line_id, fact.quantity) for fact in leave]
    without = fold(stay, SHOPPING)
    basket = fold([*leave, *stay, *out], SHOPPING)
    assert basket.lines == without.lines
    assert receipt_of(basket.lines, STORE, True) == receipt_of(without.lines, STORE, True)


@given(pieces, some.integers(0, 12))
def test_a_fold_may_stop_anywhere(things: list[tuple[str, int]], at: int) -> None:
    """Folding the journal in two parts, as after a crash, gives the same basket."""
    facts: list[Event] = [added(f"l{n}", *thing) for n, thing in enumerate(things)]
    assert fold(facts[at:], fold(facts[:at], SHOPPING)) == fold(facts, SHOPPING)


def test_some_of_a_weighed_good_is_taken_back() -> None:
    """A weighed line keeps what is left and its price."""
    basket = fold(
        [
            ItemAdded(2, "l", "m", "M", 1, 149, 111, 742_000),
            ItemRemoved(3, "l", 0, 500_000, 75),
        ],
        SHOPPING,
    )
    (line,) = basket.lines
    assert (line.mass_mg, line.price_minor, line.quantity) == (500_000, 75, 1)


def test_more_than_there_is_cannot_leave() -> None:
    """Taking three of two is our own mistake, and stops the process."""
    with pytest.raises(AssertionError):
        fold([added("l", "a", 2), ItemRemoved(3, "l", 3)], SHOPPING)


def test_a_question_is_settled() -> None:
    """An open line is asked once, then gone; the shopper's own things are remembered."""
    opened = LineOpened(2, "q", "in", 300_000, ("a",), load_mg=300_000)
    basket = fold([opened, QuestionAsked(3, "q")], SHOPPING)
    assert basket.open_lines[0].asked
    assert basket.load_mg == 300_000
    settled = apply(basket, LineSettled(4, "q", "own"))
    assert not settled.open_lines
    assert [line.line_id for line in settled.own_lines] == ["q"]


def test_a_paid_trip_leaves_an_idle_cart() -> None:
    """After the trip nothing of the shopper stays; ids and the catalog go on counting."""
    basket = fold(
        [
            added("l", "a", 1),
            CheckoutStarted(3),
            PaymentRequested(4, "trip", 1, 129),
            PaymentSettled(5, 1, "r", 129),
            TripClosed(6, "trip", 129),
        ],
        SHOPPING,
    )
    assert basket == Basket(catalog_version=7, lines_made=1, trips_opened=1)


def test_no_fact_out_of_its_phase() -> None:
    """Paying before checkout cannot be written down."""
    with pytest.raises(AssertionError, match="cannot happen in shopping"):
        apply(SHOPPING, PaymentSettled(2, 1, "r", 1))
