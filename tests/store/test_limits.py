"""What a shopper has once is had once, wherever it was published and on however many carts."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection

from cart.contract.store import CODE_LIFETIME_MS, PairClaim, PairGrant, PayRequest
from cart.core.events import CatalogAdopted, Event, TripClosed, TripOpened
from cart.core.pricing.percent_off import PercentOff
from store import catalogs, counter, limits, published
from store.catalogs import Hours
from store.keys import Signer, signer_of
from store.ledger import ingest
from tests.store.shop import CATALOG, batch, item, rows

NOW_MS, LATER_MS = 1_800_000_000_000, 1_900_000_000_000
ONCE = PercentOff(
    deal_id="half", title="Half", skus=("tomatoes-400g",), percent=50, max_per_shopper=1
)
FREE: dict[str, int] = {}
USED = {"half": 1}


class Till:
    """A store whose offers are published as told; ann takes its carts."""

    def __init__(self, database: Connection, signer: Signer) -> None:
        self.database = database
        self.now_ms = NOW_MS
        self.deals_version = 0
        self._signer = signer

    def claims(self, cart: str, *, move: bool = False) -> PairGrant:
        """She scans the code on its screen."""
        counter.offer(self.database, cart, f"nonce-{cart}", self.now_ms)
        asked = PairClaim(cart, f"nonce-{cart}", "ann", move=move)
        return counter.claim(self.database, self._signer, asked, self.now_ms)

    def shops(self, cart: str, grant: PairGrant, *more: Event) -> int:
        """She puts a tin in; how many rows the cart told."""
        adopted = CatalogAdopted(0, 1, "", self.deals_version)
        opened = TripOpened(1, grant.trip_id, "ann", used=grant.used)
        told = rows([adopted, opened, item(1), *more])
        ingest(self.database, cart, batch(told))
        return len(told)

    def pays(self, cart: str, grant: PairGrant, total_minor: int) -> str:
        """She pays for the tin; the outcome."""
        asked = PayRequest(grant.trip_id, 1, total_minor, 1, self.shops(cart, grant))
        answer = counter.pay(self.database, cart, asked, self.now_ms)
        assert answer is not None
        return answer.outcome


@pytest.fixture(params=["in the catalog", "beside it"])
def till(request: pytest.FixtureRequest, database: Connection, tmp_path: Path) -> Till:
    """A store with an offer that each shopper has once."""
    made = Till(database, signer_of(tmp_path))
    is_beside = request.param == "beside it"
    catalogs.add(database, CATALOG if is_beside else replace(CATALOG, deals=(ONCE,)))
    if is_beside:
        made.deals_version = published.add(database, "deals", [ONCE], NOW_MS)
    return made


def test_what_was_had_counts_wherever_it_was_published(till: Till) -> None:
    """Also while a catalog without the offer waits for its hour, and for no other shopper."""
    first = till.claims("cart-1")
    assert (first.used, till.pays("cart-1", first, 79)) == (FREE, "settled")
    second = till.claims("cart-2")
    assert (second.used, till.pays("cart-2", second, 159)) == (USED, "settled")
    catalogs.add(till.database, replace(CATALOG, version=2), Hours(LATER_MS, NOW_MS))
    assert till.claims("cart-3").used == USED
    assert limits.used_by(till.database, "bob", "cart-4", NOW_MS) == FREE


def test_of_several_carts_at_once_one_has_it(till: Till) -> None:
    """The other trips were told so when they began; all pay what their screens said."""
    first, second, third = (till.claims(cart) for cart in ("cart-1", "cart-2", "cart-3"))
    assert (first.used, second.used, third.used) == (FREE, USED, USED)
    till.shops("cart-1", first)
    assert till.claims("cart-4").used == USED
    assert till.pays("cart-2", second, 159) == "settled"
    assert till.pays("cart-1", first, 79) == "settled"
    assert till.pays("cart-3", third, 159) == "settled"


def test_a_trip_that_ends_without_it_leaves_it(till: Till) -> None:
    """The next claim has it again; so it is after a day at a cart that never said a word more."""
    first = till.claims("cart-1")
    till.shops("cart-1", first, TripClosed(9, first.trip_id, 0))
    second = till.claims("cart-2")
    assert second.used == FREE
    till.shops("cart-2", second)
    assert till.claims("cart-3").used == USED
    till.now_ms += limits.TRIP_MS + CODE_LIFETIME_MS
    assert till.claims("cart-4").used == FREE


def test_a_grant_that_nobody_used_leaves_it(till: Till) -> None:
    """Once it has ended; asked for again, it says what another cart may use since."""
    assert till.claims("cart-1").used == FREE
    till.now_ms += CODE_LIFETIME_MS + 1
    assert till.claims("cart-2").used == FREE
    assert till.claims("cart-1").used == USED


def test_a_trip_that_moves_keeps_it(till: Till) -> None:
    """It goes along to the new cart, and no other cart has it then."""
    till.shops("cart-1", till.claims("cart-1"))
    moved = till.claims("cart-2", move=True)
    assert (moved.used, till.claims("cart-3").used) == (FREE, USED)
    again = till.claims("cart-2")
    assert (again.trip_id, again.used) == (moved.trip_id, FREE)
