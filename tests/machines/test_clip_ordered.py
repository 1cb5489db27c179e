"""A clip from the eyes' folder to the store's by the commands a person gives: real programs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from cart import mqtt
from cart.contract.clips import CONTENT_TYPE
from rig.broker import free_port
from rig.certificates import GuardedBroker
from store.asked import utc_ms
from store.keys import signer_of
from store.orders import Order, Orders
from tests.eyes.test_clips import BASKET, Day, keeper, pictures, play
from tests.shell.test_daemon import cartd
from tests.store.shop import (
    CART,
    STORE,
    TENANT,
    StoreProcess,
    cart_toml,
    import_catalog,
    store_command,
)
from tests.waiting import until

pytestmark = pytest.mark.machines


@contextmanager
def door(data: Path, certificates: Path) -> Iterator[int]:
    """`python -m store clips`; the port it listens at."""
    files = [f"--tls-{part}={certificates}/broker.{end}" for part, end in
             (("certificate", "pem"), ("key", "key"))]  # fmt: skip
    command = [sys.executable, "-m", "store", "clips", "--data", str(data), *files]
    listen = ["--listen", f"127.0.0.1:{free_port()}"]
    process = subprocess.Popen([*command, *listen], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["listens"]
    finally:
        process.kill()
        process.wait()
        process.communicate()


def put(url: str, clip: bytes, endpoint: mqtt.Endpoint) -> int:
    """The status of a PUT by somebody with a cart's papers."""
    address = urlsplit(url)
    ends = (address.hostname or "", address.port)
    context = mqtt.tls_context(endpoint)
    with closing(HTTPSConnection(*ends, timeout=10, context=context)) as connection:
        target = f"{address.path}?{address.query}"
        connection.request("PUT", target, clip, {"Content-Type": CONTENT_TYPE})
        return connection.getresponse().status


def test_a_clip_is_ordered_comes_veiled_and_the_address_is_spent(tmp_path: Path) -> None:
    """`store clip` -> MQTT -> cart -> HTTPS: the bytes in the store are those the eyes kept, veiled
    outside the item; the order has succeeded; the cart's note lies beside them; a second PUT under
    the address, by the same cart, is refused."""
    eyes = tmp_path / "eyes"
    day = Day()
    day.now_ms = utc_ms()  # a clip whose time is over is given to nobody
    clips = keeper(eyes, day)
    clips.keep("doubted_line", play(clips))
    play(clips, 8_000)
    (kept,) = eyes.iterdir()
    with ExitStack() as stack:
        broker = stack.enter_context(GuardedBroker(tmp_path, TENANT, STORE, [CART]))
        data = broker.certificates / "data"
        import_catalog(data)
        stack.enter_context(StoreProcess(data, broker.ends(f"store-{STORE}")))
        url = f"https://127.0.0.1:{stack.enter_context(door(data, broker.certificates))}"
        config = tmp_path / "cart.toml"
        config.write_text(cart_toml(data, broker.ends(CART), 'clips_folder = "eyes"'))
        stack.enter_context(cartd(config))
        asked = ["--reason", "dispute", "--url", url]
        assert store_command(data, "clip", CART, "doubted_line", *asked).returncode == 0
        orders = Orders(data, signer_of(data), utc_ms)

        def ended() -> Order | None:
            (order,) = orders.all()
            return order if order.status in {"succeeded", "failed"} else None

        order = until(ended, "the order ends")
        assert (order.status, order.detail) == ("succeeded", kept.name)
        came = data / "clips" / "dispute"
        note = json.loads(until(lambda: [*came.glob("*.json")], "the note")[0].read_bytes())
        (clip,) = came.glob(f"{CART}-*.webp")
        assert clip.read_bytes() == kept.read_bytes()
        assert (note["clip_id"], note["reason"]) == (kept.name, "doubted_line")
        assert note["size_bytes"] == len(kept.read_bytes())
        corner = pictures(clip)[-1][200:240, 560:600]
        assert float(np.std(corner)) < 3
        assert float(np.std(BASKET[200:240, 560:600])) > 30
        papers = mqtt.Endpoint(*broker.ends(CART))
        assert put(order.command.arguments["url"], clip.read_bytes(), papers) == 410
        assert [*came.glob("*.webp")] == [clip]
