"""The simulated world as one process: what lies in the cart, the hand, the scale, scanner, lens.

It holds the truth and shows it to nobody but who asks it on its control socket (a Unix socket, see
`rig.orders`); the cart gets bytes on serial ports and pixels on the lens socket, as from real
devices.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from PIL import Image

from cart.contract.lines import ContractError, LineBuffer, decode
from cart.core.catalog import Catalog, Product
from rig import artist
from rig.devices import Chip, Scanner
from rig.lens import Lens
from rig.orders import (
    UNKNOWN,
    AnyOrder,
    ImpossibleError,
    Jolt,
    Order,
    Put,
    PutLabel,
    PutMass,
    PutUnknown,
    Scan,
    Show,
    StallLens,
    Take,
    TellChip,
    Truth,
)
from rig.pictures import side_of
from rig.scene import ENTER_S, LEAVE_S, LOWER_S, SHOW_S, Reach, Scene, held

SPREADS_MAX = 2.0  # a pack further off than this many spreads does not leave the factory


class WorldConfig(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The world's TOML file: where its catalog is and where its ends shall appear."""

    catalog: str
    control_socket: str
    lens_socket: str
    scale_port: str
    scanner_port: str
    seed: int = 1


@dataclass(frozen=True)
class Thing:
    """One thing in the cart: its true mass and its face."""

    key: str
    sku: str
    mass_mg: int
    face: Image.Image


class World:
    """The truth and the hand that changes it. One order at a time."""

    def __init__(self, catalog: Catalog, chip: Chip, scanner: Scanner, lens: Lens,
                 seed: int) -> None:  # fmt: skip
        self._catalog = catalog
        self._products = {product.sku: product for product in catalog.products}
        self._chip, self._scanner, self._lens = chip, scanner, lens
        self._dice = random.Random(seed)
        self._things: list[Thing] = []
        self._made = 0
        self._changing = threading.Lock()
        self._never = threading.Event()
        self._actions: dict[type[Order], Callable[[Any], int]] = {
            Put: self._put,
            PutMass: self._put_mass,
            PutLabel: self._put_label,
            PutUnknown: self._put_unknown,
            Take: self._take,
            Scan: self._scan,
            Jolt: self._jolt,
            StallLens: self._stall_lens,
            TellChip: self._tell_chip,
            Truth: self._truth,
        }

    def obey(self, order: AnyOrder) -> dict[str, Any]:
        """Carry out one order; returns when it is over. Raises ImpossibleError."""
        with self._changing:
            at_ms = self._actions[type(order)](order)
            answer: dict[str, Any] = {"done": type(order).__struct_config__.tag}
            if isinstance(order, Truth):
                answer["things"] = [
                    {"sku": thing.sku, "mass_mg": thing.mass_mg} for thing in self._things
                ]
            return answer | {"load_mg": self._load_mg(), "at_ms": at_ms}

    def _put(self, order: Put) -> int:
        products = [self._product(sku) for sku in order.skus]
        shown = [self._product(order.code_of)] if order.code_of else products
        sides = [self._side(side_of(code, shown=True), side_of(product, shown=False), order.show)
                 for code, product in zip(shown, products, strict=False)]  # fmt: skip
        things = [
            self._thing(product.sku, self._true_mass_mg(product), side_of(product, shown=False))
            for product in products
        ]
        return self._put_in(things, sides, order.show)

    def _put_mass(self, order: PutMass) -> int:
        face = side_of(self._product(order.sku), shown=False)
        thing = self._thing(order.sku, order.mass_mg, face)
        return self._put_in([thing], [self._side(face, face, order.show)], order.show)

    def _put_label(self, order: PutLabel) -> int:
        product = self._product(order.sku)
        mass_mg = max(1, order.price_minor * 1_000_000 // product.price_minor)
        face = artist.front(order.sku)
        label = artist.coded(order.sku, self._label_code(product, order.price_minor))
        thing = self._thing(order.sku, mass_mg, face)
        return self._put_in([thing], [self._side(label, face, order.show)], order.show)

    def _put_unknown(self, order: PutUnknown) -> int:
        parcel = artist.parcel()
        return self._put_in([self._thing(UNKNOWN, order.mass_mg, parcel)], [parcel], "look")

    def _take(self, order: Take) -> int:
        found = [thing for thing in self._things if thing.sku == order.sku]
        if not found:
            raise ImpossibleError(f"no {order.sku} lies in the cart")
        thing = found[-1]
        self._reach([thing.face], inward=False)
        self._wait(LEAVE_S)
        self._things.remove(thing)
        self._lens.scene.lift(thing.key)
        at_ms = self._weigh()
        self._wait(LOWER_S + SHOW_S + ENTER_S)
        self._lens.scene.reach = None
        return at_ms

    def _scan(self, order: Scan) -> int:
        if (order.sku is None) == (order.text is None):
            raise ImpossibleError("scan takes either a sku or a text")
        text = order.text if order.sku is None else _code_of(self._product(order.sku))
        assert text is not None
        self._scanner.read(text)
        return _now_ms()

    def _jolt(self, order: Jolt) -> int:
        self._chip.tell({"jolt": order.strength})
        at_ms = _now_ms()
        self._wait(0.3)
        return at_ms

    def _stall_lens(self, order: StallLens) -> int:
        self._lens.stalled = order.stalled
        return _now_ms()

    def _tell_chip(self, order: TellChip) -> int:
        self._chip.tell(dict(order.order))
        return _now_ms()

    def _truth(self, _order: Truth) -> int:
        return _now_ms()

    def _put_in(self, things: Sequence[Thing], sides: Sequence[Image.Image], show: Show) -> int:
        """The movement: into view, held to the camera, down; the load; the hand leaves."""
        scene = self._lens.scene
        if show != "none":
            self._reach(sides, inward=True)
            self._wait(ENTER_S + SHOW_S + LOWER_S)
        for thing in things:
            self._things.append(thing)
            if show in {"barcode", "look"}:
                scene.lay(thing.key, thing.face)
        at_ms = self._weigh()
        self._wait(LEAVE_S)
        scene.reach = None
        return at_ms

    def _reach(self, sides: Sequence[Image.Image], *, inward: bool) -> None:
        sprites = [held(side, self._dice) for side in sides]
        self._lens.scene.reach = Reach(sprites, time.monotonic(), inward=inward)
        self._lens.wake()

    def _weigh(self) -> int:
        self._chip.tell({"load_mg": self._load_mg()})
        return _now_ms()

    def _load_mg(self) -> int:
        return sum(thing.mass_mg for thing in self._things)

    def _side(self, coded: Image.Image, face: Image.Image, show: Show) -> Image.Image:
        return {"barcode": coded, "look": face}.get(show) or artist.bagged()

    def _thing(self, sku: str, mass_mg: int, face: Image.Image) -> Thing:
        self._made += 1
        return Thing(f"{sku}#{self._made}", sku, mass_mg, face)

    def _product(self, sku: str) -> Product:
        if sku not in self._products:
            raise ImpossibleError(f"the store has no {sku!r}")
        return self._products[sku]

    def _true_mass_mg(self, product: Product) -> int:
        if product.mass_mg is None:
            raise ImpossibleError(f"{product.sku} is sold by mass: use put_mass or put_label")
        spreads = min(max(self._dice.gauss(0, 1), -SPREADS_MAX), SPREADS_MAX)
        return round(product.mass_mg + spreads * product.mass_spread_mg)

    def _label_code(self, product: Product, price_minor: int) -> str:
        layouts = [layout for layout in self._catalog.code_layouts if layout.kind == "price"]
        if not layouts or product.plu is None:
            raise ImpossibleError(f"{product.sku} has no PLU, or the store no price label")
        layout = layouts[0]
        digits = f"{layout.prefix}{product.plu:0>{layout.item_digits}}"
        return with_check_digit(digits + f"{price_minor:0{layout.value_digits}d}")

    def _wait(self, seconds: float) -> None:
        self._never.wait(seconds)


def with_check_digit(digits: str) -> str:
    """Twelve digits and the thirteenth that checks them."""
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-weighted % 10}"


def serve(world: World, path: Path) -> None:
    """Take orders on the control socket, for ever."""
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen()
        print('{"ready": "world"}', flush=True)
        while True:
            caller, _ = listener.accept()
            threading.Thread(target=_converse, args=(world, caller), daemon=True).start()


def _converse(world: World, caller: socket.socket) -> None:
    lines = LineBuffer(100_000)
    with caller:
        while data := caller.recv(65_536):
            for line in lines.feed(data):
                try:
                    order: AnyOrder = decode(AnyOrder, line, "order")
                    answer = world.obey(order)
                except (ContractError, ImpossibleError) as error:
                    answer = {"error": str(error)}
                caller.sendall(msgspec.json.encode(answer) + b"\n")


def _code_of(product: Product) -> str:
    if not product.gtins:
        raise ImpossibleError(f"{product.sku} carries no barcode")
    return product.gtins[0][1:]


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m rig world`."""
    parser.add_argument("--config", type=Path, required=True, help="TOML file: see WorldConfig")


def run(asked: argparse.Namespace) -> int:
    """Run the world until it is told to end (SIGTERM); 2 when its files are wrong."""
    try:
        config = msgspec.toml.decode(asked.config.read_bytes(), type=WorldConfig)
        catalog = msgspec.json.decode(Path(config.catalog).read_bytes(), type=Catalog)
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError) as error:
        print(f"python -m rig world: {asked.config}: {error}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Chip(Path(config.scale_port), config.seed, corners=True) as chip, \
            Scanner(Path(config.scanner_port)) as scanner:  # fmt: skip
        lens = Lens(Path(config.lens_socket), Scene(config.seed))
        world = World(catalog, chip, scanner, lens, config.seed)
        with contextlib.suppress(KeyboardInterrupt):
            serve(world, Path(config.control_socket))
    return 0
