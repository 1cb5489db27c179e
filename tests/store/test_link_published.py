"""Recalls, deals, where goods stand, and settings: from a person's file to the cart and back."""

from __future__ import annotations

import msgspec
import pytest

from cart.contract.fleet import DesiredConfig
from cart.contract.goods import Recalls
from cart.contract.store import packet
from cart.core.effects import ReportConfig, RequestPayment
from cart.core.events import CatalogAdopted
from cart.core.observations import (
    AislesCame,
    ConfigArrived,
    DealsCame,
    InputRefused,
    PaymentAnswered,
    RecallsCame,
)
from cart.core.settings import SETTINGS
from store.configs import Configs
from store.keys import signer_of
from tests.store.open_shop import Shop
from tests.store.shop import CART, STORE, TENANT, CartLink, store_command, trip_events
from tests.waiting import until


def publish(shop: Shop, kind: str, text: str, *options: str) -> str:
    """A person publishes a file; what the command says."""
    file = shop.folder.parent / f"{kind}.csv"
    file.write_text(text)
    done = store_command(shop.folder, "publish", kind, str(file), *options)
    return done.stdout + done.stderr


def test_a_recall_reaches_the_cart_and_stops_the_payment(shop: Shop) -> None:
    """It comes signed and outlives a restart; the store takes no money for what was called back."""
    cart = shop.cart
    sha256 = cart.link.catalog_sha256
    cart.write(trip_events("trip-1", 2, sha256))
    publish(shop, "recall", "sku,reason\ntomatoes-400g,may contain glass\n")
    heard = cart.hear(RecallsCame)
    assert heard.recalls is not None
    assert heard.recalls[0].reason == "may contain glass"
    until(cart.is_all_acked, "everything acknowledged")
    cart.link.perform(RequestPayment("trip-1", 1, 319))
    answer = cart.hear(PaymentAnswered)
    assert (answer.outcome, "called back: may contain glass" in answer.reason) == ("declined", True)
    forged = Recalls(9, msgspec.Raw(b"[]"), "A" * 86 + "==")
    shop.say(shop.someone("thief"), packet("recall", forged, TENANT, STORE))
    assert "not signed" in cart.hear(InputRefused).reason
    cart.link.stop()
    again = CartLink(cart.config.data_folder, (shop.proxy.host, 1), shop.folder / "store.pub")
    with again:
        assert again.hear(RecallsCame).recalls == heard.recalls
    store_command(shop.folder, "publish", "recall", "--end")


def test_deals_of_now_are_added_up_alike(shop: Shop) -> None:
    """The store adds up by the deals that the cart's journal names; taken back, the catalog's."""
    cart = shop.cart
    deal = '[{"type":"percent_off","deal_id":"half","title":"Half","skus":["tomatoes-400g"],'
    said = publish(shop, "deals", deal + '"percent":50}]')
    half = cart.hear(DealsCame)
    assert (len(half.deals or ()), f'"version":{half.version}' in said) == (1, True)
    opening, *rest = trip_events("trip-1", 2, cart.link.catalog_sha256)
    assert isinstance(opening, CatalogAdopted)
    cart.write([msgspec.structs.replace(opening, deals_version=half.version), *rest])
    cart.link.perform(RequestPayment("trip-1", 1, 159))
    answer = cart.hear(PaymentAnswered)
    assert (answer.outcome, answer.total_minor) == ("settled", 159)
    assert store_command(shop.folder, "publish", "deals", "--end").returncode == 0
    ended = cart.hear(DealsCame)
    assert (ended.version > half.version, ended.deals) == (True, None)


def test_a_planogram_names_its_bad_rows(shop: Shop) -> None:
    """Nothing is published of a file with a bad row; a good one tells the cart where things are."""
    said = publish(shop, "planogram", "aisle,name,skus\n1,Tins,tomatoes-400g\n2,Fruit,nothing\n")
    assert "aisles row 3, skus" in said
    publish(shop, "planogram", "aisle,name,skus\n1,Tins,tomatoes-400g\n2,Fruit,bananas\n")
    aisles = shop.cart.hear(AislesCame).aisles or ()
    assert [(aisle.aisle, aisle.skus) for aisle in aisles] == [
        ("1", ("tomatoes-400g",)),
        ("2", ("bananas",)),
    ]


@pytest.mark.machines
def test_settings_go_there_and_back(shop: Shop) -> None:
    """What a person wants arrives signed; what the cart says stands beside it."""
    cart = shop.cart
    # A setting of a store that knows more than this one: the command would not take it.
    Configs(shop.folder, signer_of(shop.folder)).want(CART, {"volume": 3})
    assert cart.hear(ConfigArrived).settings == {"volume": 3}
    done = store_command(shop.folder, "config", CART, "--set", "thanks_s=20")
    assert done.returncode == 0, done.stderr
    wanted = cart.hear(ConfigArrived)
    assert wanted.settings == {"thanks_s": 20, "volume": 3}
    told = {name: row.default for name, row in SETTINGS.items()} | {"thanks_s": 20}
    cart.link.perform(ReportConfig(wanted.version, told, {"volume": "no such setting here"}))

    def shown() -> dict[str, object]:
        row: dict[str, object] = msgspec.json.decode(
            store_command(shop.folder, "config", CART, "--json").stdout
        )
        return row

    is_told = "the store knows how the cart is set"
    until(lambda: shown()["reported_version"] == wanted.version, is_told)
    assert (shown()["reported"], shown()["refused"]) == (told, {"volume": "no such setting here"})
    forged = DesiredConfig(9, {"thanks_s": 5}, "A" * 86 + "==")
    shop.say(shop.someone("thief"), packet("config", forged, TENANT, STORE, cart=CART))
    assert "not signed" in cart.hear(InputRefused).reason
