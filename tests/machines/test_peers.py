"""Our drivers on scales that others wrote, and tills that others wrote on our served scale."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from cart.core.observations import LoadChanged, Observation, ScanSeen, SenseBack, SenseLost
from cart.shell.clock import monotonic_ms
from cart.shell.config import ScaleConfig, ScannerConfig
from cart.shell.inbox import Inbox
from cart.shell.scale_sense import ScaleSense
from cart.shell.scanner_sense import ScannerSense
from firmware_bridge.metrology.calibration import NOMINAL
from firmware_bridge.scales import open_driver
from firmware_bridge.scales.base import LossReason, ScaleEvent, ScaleLost
from tests.machines.peer_programs import ask, emupos, mtsics
from tests.waiting import serving, until
from tests.wire.cable import Cable
from tests.wire.served import serve, telling

pytestmark = pytest.mark.machines

# The till's own route, as Odoo's point of sale calls it; only the USB detection is left out.
ODOO = """
import json, sys
from flask import Flask
from flask_babel import Babel
from odoo_driver.tools.tools_interface import interface
from odoo_driver_plugin_scale_toledo_8217 import DRIVER_CLASS, driver_routes_odoo
app = Flask("till")
Babel(app)
app.register_blueprint(driver_routes_odoo)
driver = DRIVER_CLASS()
driver._terminal_file = sys.argv[1]
interface.drivers["scale"] = driver
asked = {"params": {"tare": float(sys.argv[2])}}
print(json.dumps(app.test_client().post("/hw_proxy/scale_read", json=asked).json["result"]))
"""
# A laboratory's client of MT-SICS.
METTLER = """
import json, sys
from mettler_toledo_device import MettlerToledoDevice
scale = MettlerToledoDevice(port=sys.argv[1], baudrate=9600)
answers = {"now": scale.get_weight(), "stable": scale.get_weight_stable()}
print(json.dumps({**answers, "data": scale.get_balance_data()}))
"""


class Cart:
    """What a cart hears of a scale on a port."""

    def __init__(self, driver: str, port: Path) -> None:
        self.inbox = Inbox(monotonic_ms)
        self.heard: list[object] = []
        config = ScaleConfig(port, driver=driver, framing="8N1")  # a pty can do no parity
        scale = open_driver(driver, calibration=NOMINAL)
        self.sense = ScaleSense(config, scale, self.inbox, monotonic_ms)

    def hears(self, mass_mg: int) -> Callable[[], bool]:
        """Whether a load has settled at this mass since the last such question."""

        def question() -> bool:
            self.heard += self.inbox.take(20)
            settled = [o for o in self.heard if isinstance(o, LoadChanged) and o.state == "settled"]
            if not settled or settled[-1].after_mg != mass_mg:
                return False
            self.heard.clear()
            return True

        return question


@pytest.mark.parametrize(("driver", "device"), [("toledo8217", "deli"), ("sma", "counter")])
def test_a_cart_weighs_with_a_scale_of_emupos(tmp_path: Path, driver: str, device: str) -> None:
    """Empty, 1.25 kg, a wobble, 255 g: each settles; overload takes the scale away, and back."""
    with emupos(tmp_path) as (control, ports):
        cart = Cart(driver, ports / device)
        weight = f"/api/v1/devices/{device}/weight"
        with serving(cart.sense.serve, cart.sense.stop):
            until(cart.hears(0), "the empty scale")
            for grams in (1250, 255):
                assert control.send("PUT", weight, grams=grams, stable=False) == 204
                assert control.send("PUT", weight, grams=grams, stable=True) == 204
                until(cart.hears(grams * 1000), f"{grams} g")
            assert control.send("PUT", weight, grams=20_000) == 204
            until(lambda: "overload" in str(cart.inbox.take(20)), "the overload")
            assert control.send("PUT", weight, grams=500) == 204
            until(cart.hears(500_000), "500 g")


def test_our_driver_reads_the_emulator_of_mt_sics() -> None:
    """Empty, 12.5 kg that settles by itself, 40 kg that is too much."""
    with mtsics() as (control, line):
        scale = open_driver("mt-sics", calibration=NOMINAL)
        events: list[ScaleEvent] = []

        def heard(words: str) -> Callable[[], bool]:
            def question() -> bool:
                now_ms = monotonic_ms()
                line.sendall(scale.to_send(now_ms))
                events.extend(scale.receive(received(line), now_ms))
                return any(words in str(event) for event in events)

            return question

        until(heard("after_mg=0"), "the empty scale")
        assert control.send("POST", "/weight", target=12.5) == 200
        until(heard("after_mg=12500000"), "12.5 kg")
        assert control.send("POST", "/weight", value=40, snap=True) == 200
        until(heard("overload"), "the overload")
        lost = next(event for event in events if isinstance(event, ScaleLost))
        assert lost.reason is LossReason.SENSOR
        assert scale.bad_frames == 0


def received(line: socket.socket) -> bytes:
    """What has come."""
    try:
        return line.recv(4_096)
    except TimeoutError:
        return b""


def test_a_till_of_odoo_reads_the_carts_scale(tmp_path: Path) -> None:
    """The rounded mass, the mass less a tare, and none while the load moves."""
    with Cable(tmp_path) as cable, serve(cable.near, "toledo8217") as process:
        empty = ask("odoo", ODOO, str(cable.far), "0")
        assert empty["weight"] == 0
        assert "scale_in_moving" in empty["result"]["status_list"]
        with telling(process, '{"mass_mg": 1252000, "stable": true}'):
            gross = ask("odoo", ODOO, str(cable.far), "0")
            assert (gross["weight"], gross["weight_unit"]) == (1.25, "kilogram")
            net = ask("odoo", ODOO, str(cable.far), "0.25")
        assert (net["weight"], net["net_weight"]) == (1.25, 1.0)


def test_a_laboratory_reads_the_carts_scale(tmp_path: Path) -> None:
    """A client of MT-SICS from another house gets mass, unit, stability and the scale's name."""
    line = '{"mass_mg": 1252000, "stable": true}'
    with (
        Cable(tmp_path) as cable,
        serve(cable.near, "mt-sics") as process,
        telling(process, line),
    ):
        answers = ask("mettler", METTLER, str(cable.far))
    assert answers["now"] == [1.25, "kg", "S"]
    assert answers["stable"] == [1.25, "kg"]
    assert answers["data"] == ["dashcart", "cart", "scale", "30", "kg"]


def test_a_cart_reads_a_scanner_of_emupos(tmp_path: Path) -> None:
    """A scan of another program arrives as it was scanned."""
    inbox = Inbox(monotonic_ms)
    port = tmp_path / "emupos" / "lane"
    sense = ScannerSense(ScannerConfig(port, baud=9_600), inbox, monotonic_ms)

    def hears(kind: type[Observation]) -> list[Observation]:
        return [heard for heard in inbox.take(20) if isinstance(heard, kind)]

    with serving(sense.serve, sense.stop):
        until(lambda: hears(SenseLost), "the missing port")
        with emupos(tmp_path) as (control, _):
            until(lambda: hears(SenseBack), "the scanner")
            scan = {"data": "9520000000011", "countdown_seconds": 0}
            assert control.send("POST", "/api/v1/devices/lane/scans", **scan) == 202
            (seen,) = until(lambda: hears(ScanSeen), "the scan")
    assert isinstance(seen, ScanSeen)
    assert seen.text == "9520000000011"
