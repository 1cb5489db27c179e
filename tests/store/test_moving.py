"""The store hands a trip over to another cart: once, whole, and only one of the two is paid."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from random import Random

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, delete, update

from cart import mqtt
from cart.contract.lines import ContractError
from cart.contract.signing import grant_text
from cart.contract.store import (
    NOTHING,
    CartState,
    PairClaim,
    PairGrant,
    PairOffer,
    PayRequest,
    decode,
    packet,
    topic_of,
)
from cart.core.basket import Basket
from cart.core.events import CatalogAdopted, Event, Evidence, TripOpened
from cart.core.observations import CommandArrived
from cart.shell.clock import monotonic_ms
from cart.shell.store_catalog import StoreKey
from store import catalogs, counter, disputes, ledger, moving, trips
from store.database import open_existing, transaction
from store.keys import signer_of
from store.tables import events as stored_rows
from store.tables import trips as trip_rows
from tests.store.open_shop import Shop
from tests.store.shop import (
    CART,
    CATALOG,
    STORE,
    TENANT,
    batch,
    granted,
    item,
    rows,
    store_command,
    trip_events,
)
from tests.waiting import until

OTHER, NONCE = "cart-2", "nonce-0002"


@pytest.fixture
def stored(database: Connection) -> Connection:
    """Ann's trip with two tins at one cart, and the code of another one on its screen."""
    catalogs.add(database, CATALOG)
    granted(database, "trip-1")
    ledger.ingest(database, CART, batch(rows(trip_events("trip-1", 2, shopper="ann"))))
    counter.offer(database, OTHER, NONCE, 0)
    return database


def test_a_trip_moves_once_and_only_the_new_one_is_paid(stored: Connection, tmp_path: Path) -> None:
    """The grant brings the basket along, also when it is asked for again; the old trip is not
    paid any more, and nothing moves twice."""
    signer = signer_of(tmp_path)
    claim = PairClaim(OTHER, NONCE, "ann", move=True)
    grant = counter.claim(stored, signer, claim, 0)
    assert len(msgspec.json.decode(grant.carried, type=Basket).lines) == 2
    assert StoreKey(signer.public_pem).has_signed(grant_text(OTHER, grant), grant.signature)
    bare = msgspec.structs.replace(grant, carried=NOTHING)
    assert not StoreKey(signer.public_pem).has_signed(grant_text(OTHER, bare), grant.signature)
    again = counter.claim(stored, signer, claim, 0)
    assert (again.trip_id, bytes(again.carried)) == (grant.trip_id, bytes(grant.carried))
    answer = counter.pay(stored, CART, PayRequest("trip-1", 1, 319, 1, 4))
    assert answer is not None
    assert (answer.outcome, "moved to cart-2" in answer.reason) == ("declined", True)
    assert moving.untold(stored) == [(CART, "trip-1")]
    assert moving.untold(stored) == []
    counter.offer(stored, "cart-3", "nonce-0003", 0)
    with pytest.raises(ContractError, match="no trip of this shopper"):
        counter.claim(stored, signer, PairClaim("cart-3", "nonce-0003", "ann", move=True), 0)


@pytest.mark.parametrize("lost", range(4))
def test_what_a_moved_trip_brought_is_compared(
    stored: Connection, tmp_path: Path, lost: int
) -> None:
    """A new cart that begins with a line less, another price, a line of its own or nothing shows as
    a dispute item, and takes no payment; one that says what it brought is settled."""
    grant = counter.claim(stored, signer_of(tmp_path), PairClaim(OTHER, NONCE, "ann", move=True), 0)
    (unborn,) = disputes.rows(stored)
    assert (unborn["about"], unborn["cart_says"]) == ("carried", "it has not begun")
    proof = Evidence(decided_by="carried")
    brought = [replace(item(number), evidence=proof) for number in range(2)]
    begins = (brought, brought[:1], [brought[0], replace(brought[1], price_minor=1)], [])[lost]
    events: list[Event] = [CatalogAdopted(0, 1, ""), TripOpened(1, grant.trip_id, "ann"), *begins]
    ledger.ingest(stored, OTHER, batch(rows(events)))
    begun = trips.find(stored, grant.trip_id)
    assert begun is not None
    total_minor = trips.priced(stored, begun).receipt.total_minor
    asked = PayRequest(grant.trip_id, 1, total_minor, 1, len(events))
    answer = counter.pay(stored, OTHER, asked)
    assert answer is not None
    found = [(each["trip_id"], each["about"]) for each in disputes.rows(stored)]
    if lost:
        assert found == [(grant.trip_id, "carried")]
        stored.execute(delete(stored_rows).where(stored_rows.c.cart == OTHER))
        assert disputes.rows(stored) == []  # of what was dropped nothing can be said
        assert (answer.outcome, "other goods" in answer.reason) == ("declined", True)
    else:
        assert found == []
        assert answer.outcome == "settled"


def test_a_paid_trip_does_not_move(stored: Connection, tmp_path: Path) -> None:
    """Who has paid begins a new trip."""
    answer = counter.pay(stored, CART, PayRequest("trip-1", 1, 319, 1, 4))
    assert answer is not None
    assert answer.outcome == "settled"
    with pytest.raises(ContractError, match="is paid"):
        counter.claim(stored, signer_of(tmp_path), PairClaim(OTHER, NONCE, "ann", move=True), 0)
    stored.execute(update(trip_rows).values(last_seq=9))
    with pytest.raises(ContractError, match="no trip"):
        counter.claim(stored, signer_of(tmp_path), PairClaim(OTHER, NONCE, "ann", move=True), 0)


def test_a_person_moves_a_guest_to_a_cart_that_shows_its_code(
    database: Connection, tmp_path: Path
) -> None:
    """For the code of now, again and again until the new cart has the trip, also to a third one;
    the guest stays a guest, and nobody else can take the code."""
    catalogs.add(database, CATALOG)
    opening, *rest = trip_events("guest-1", 2)[1:]
    events = [CatalogAdopted(0, 1, ""), replace(opening, shopper=None), *rest]
    ledger.ingest(database, CART, batch(rows(events)))
    signer = signer_of(tmp_path)
    with pytest.raises(ContractError, match="shows no code now"):
        moving.ask(database, CART, OTHER, 1_000)
    for cart, nonce in ((OTHER, NONCE), ("cart-3", "nonce-0003")):
        counter.offer(database, cart, nonce, 1_000)
    to_trip = moving.ask(database, CART, OTHER, 1_000)
    for _ in range(2):
        ((cart, grant),) = counter.moved(database, signer, 2_000)
        assert (cart, grant.nonce, grant.trip_id, grant.shopper) == (OTHER, NONCE, to_trip, "")
        assert StoreKey(signer.public_pem).has_signed(grant_text(OTHER, grant), grant.signature)
        assert len(msgspec.json.decode(grant.carried, type=Basket).lines) == 2
    with pytest.raises(ContractError, match="was used"):
        counter.claim(database, signer, PairClaim(OTHER, NONCE, "mallory"), 2_000)
    counter.offer(database, OTHER, "nonce-0009", 3_000)
    assert [grant.nonce for _, grant in counter.moved(database, signer, 3_000)] == ["nonce-0009"]
    assert moving.ask(database, CART, "cart-3", 4_000) == to_trip
    assert [cart for cart, _ in counter.moved(database, signer, 5_000)] == ["cart-3"]
    assert sorted(moving.untold(database)) == [(CART, "guest-1"), (OTHER, to_trip)]
    assert moving.moved_to(database, OTHER, to_trip) == "cart-3"
    with pytest.raises(ContractError, match="moved away"):
        moving.ask(database, CART, OTHER, 4_000)
    assert list(counter.moved(database, signer, 4_000 + moving.ARRIVES_MS)) == []
    ledger.ingest(database, "cart-3", batch(rows([replace(opening, trip_id=to_trip)])))
    assert list(counter.moved(database, signer, 5_000)) == []
    for to_cart, why in (("cart-3", "a trip goes on"), (CART, "two carts"), (OTHER, "has ended")):
        with pytest.raises(ContractError, match=why):
            moving.ask(database, CART, to_cart, 6_000)


@pytest.mark.parametrize("by_app", [True, pytest.param(False, marks=pytest.mark.machines)])
def test_the_new_cart_gets_the_basket_and_the_old_one_is_told(shop: Shop, *, by_app: bool) -> None:
    """Over the wire, asked for by an app or by a person: the grant at the new cart, which opens the
    trip with what it brings, and the order to forget at the old one."""
    with closing(open_existing(shop.folder, None, read_only=False)) as opened, transaction(opened):
        granted(opened, "trip-1")
    shop.cart.write(trip_events("trip-1", 2, shopper="ann"))
    until(shop.cart.is_all_acked, "everything acknowledged")
    topic = topic_of("pair_grant", TENANT, STORE, cart=OTHER)
    will = packet("cart_state", CartState("x", online=False), TENANT, STORE, cart=OTHER)
    here = mqtt.Endpoint(shop.broker.host, shop.broker.port)
    other = mqtt.Connection(here, OTHER, [topic], monotonic_ms, Random(2), will)
    shop.stack.callback(other.close)
    until(lambda: other.poll(50) and other.up, "the other cart connects")
    shop.say(other, packet("pair_offer", PairOffer(NONCE), TENANT, STORE, cart=OTHER))
    app = shop.someone("ann")
    heard: list[PairGrant] = []

    def has_grant() -> bool:
        claim = PairClaim(OTHER, NONCE, "ann", move=True)
        if by_app:
            shop.say(app, packet("pair_claim", claim, TENANT, STORE, app="app-ann"))
        else:
            store_command(shop.folder, "move", CART, OTHER)
        came = [each for each in other.poll(200) if isinstance(each, mqtt.Incoming)]
        heard.extend(decode(PairGrant, each.payload) for each in came)
        return bool(heard)

    until(has_grant, "the grant")
    carried = msgspec.json.decode(heard[0].carried, type=Basket)
    assert (len(carried.lines), heard[0].shopper) == (2, "ann")
    told = shop.cart.hear(CommandArrived)
    assert (told.action, told.arguments) == ("release", {"trip_id": "trip-1"})
