"""Orders and signed metadata over a real broker: done once, taken only from this store."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from random import Random

import msgspec
from msgspec.structs import replace

from cart import mqtt
from cart.contract.fleet import Command
from cart.contract.goods import CatalogHead
from cart.contract.signing import command_text, head_text
from cart.contract.store import CartState, packet
from cart.core.effects import ReportCommand
from cart.core.observations import (
    AislesCame,
    CatalogArrived,
    CommandArrived,
    ConfigArrived,
    InputRefused,
    RecallsCame,
)
from cart.shell.clock import monotonic_ms
from rig.broker import Broker
from store.__main__ import main as store_main
from store.configs import Configs
from store.keys import signer_of
from store.trusted import ROLES
from tests.store.open_shop import Shop
from tests.store.shop import (
    CART,
    CATALOG,
    STORE,
    TENANT,
    CartLink,
    StoreProcess,
    import_catalog,
    store_command,
)
from tests.waiting import until


def test_an_order_is_done_once_and_ends(shop: Shop) -> None:
    """A command of the store reaches the cart's mind signed, and how it ended reaches the store;
    a forged one, one for another cart, and one that never expires, is refused aloud."""
    cart = shop.cart
    made = store_command(shop.folder, "order", CART, "locate")
    cmd_id = made.stdout.strip()
    assert cart.hear(CommandArrived).cmd_id == cmd_id
    cart.link.perform(ReportCommand(cmd_id, "succeeded", "done"))

    def state() -> str:
        (row,) = store_command(shop.folder, "orders", "--json").stdout.splitlines()
        return str(msgspec.json.decode(row)["status"])

    until(lambda: state() == "succeeded", "the store knows how it ended")
    signer = signer_of(shop.folder)
    forger = shop.someone("forger")
    command = Command("c-forged", "lock", 2**50, "")
    elsewhere = replace(command, signature=signer.sign(command_text("cart-2", command)))
    changed = replace(elsewhere, action="unlock")
    for wrong in (command, elsewhere, changed):
        shop.say(forger, packet("command", wrong, TENANT, STORE, cart=CART))
        assert "not signed" in cart.hear(InputRefused).reason
    signature = signer.sign(command_text(CART, command))
    shop.say(forger, packet("command", replace(command, signature=signature), TENANT, STORE,
                            cart=CART))  # fmt: skip
    assert "31 days" in cart.hear(InputRefused).reason


def test_a_catalog_must_be_the_newest_by_the_metadata(tmp_path: Path) -> None:
    """With a root of trust the cart takes what the metadata names: not a head that is truly signed
    but not named, nor metadata that was changed on the way; a new version comes through."""
    folder = tmp_path / "store"
    import_catalog(folder)
    with Broker(tmp_path) as broker, ExitStack() as stack:
        at = (broker.host, broker.port)
        stack.enter_context(StoreProcess(folder, at))
        root = folder / "trust" / "root.json"
        cart = stack.enter_context(CartLink(tmp_path / "cart", at, folder / "store.pub", root))
        assert cart.hear(CatalogArrived).catalog == CATALOG
        will = packet("cart_state", CartState("x", online=False), TENANT, STORE, cart="forger")
        here = mqtt.Endpoint(*at)
        forger = mqtt.Connection(here, "forger", [], monotonic_ms, Random(1), will)
        stack.callback(forger.close)
        until(lambda: forger.poll(50) and forger.up, "the forger connects")
        head = CatalogHead(9, "ab" * 32, 10, 1, "")
        signed = replace(head, signature=signer_of(folder).sign(head_text(TENANT, STORE, head)))
        for file in ("timestamp.json", "targets.json"):
            true = (root.parent / file).read_bytes()
            changed = true.replace(b'"version":', b'"version":8')
            assert changed != true
            assert forger.publish(packet("trust", changed, TENANT, STORE, file=file))
        assert forger.publish(packet("catalog_head", signed, TENANT, STORE))
        forger.poll(0)
        assert cart.hear(InputRefused).reason.startswith("trust: ")
        _publish_beside(folder, cart)
        # Settings that hold no more, truly signed once and sent again, stay outside.
        wanted = []
        for seconds in (20, 30):
            known = Configs(folder, signer_of(folder)).want(CART, {"thanks_s": seconds})
            assert cart.hear(ConfigArrived).settings == {"thanks_s": seconds}
            wanted.append(packet("config", known.desired, TENANT, STORE, cart=CART))
        assert forger.publish(wanted[0])
        forger.poll(0)
        newer = replace(CATALOG, version=2)
        import_catalog(folder, newer)
        assert cart.hear(CatalogArrived).catalog == newer
        assert [seen for seen in cart.unheard if isinstance(seen, ConfigArrived)] == []
        assert forger.publish(wanted[1])
        forger.poll(0)
        assert cart.hear(ConfigArrived).settings == {"thanks_s": 30}
        # New keys for every role: the cart follows, and what is named by them counts.
        assert store_main(["rotate", *ROLES, "--data", str(folder)]) == 0
        import_catalog(folder, replace(CATALOG, version=3))
        assert cart.hear(CatalogArrived).catalog.version == 3


def _publish_beside(folder: Path, cart: CartLink) -> None:
    """What is published beside the catalog is named as it is sent."""
    for kind, text, told in (
        ("recall", "sku,reason\ntomatoes-400g,glass\n", RecallsCame),
        ("planogram", "aisle,name,skus\n1,Tins,tomatoes-400g\n", AislesCame),
    ):
        sheet = folder.parent / f"{kind}.csv"
        sheet.write_text(text)
        assert store_main(["publish", "--data", str(folder), kind, str(sheet)]) == 0
        assert isinstance(cart.hear(told), told)
