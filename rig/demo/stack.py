"""Starts the whole shop on loopback as real processes, and holds the few strings to pull.

Broker, network, store, world, cartd, eyes, screen. Durable files and logs go to one folder that
stays; sockets and pictures to a temporary one with short paths. It must never know what the
processes decide.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rig.broker import Broker, listens
from rig.enrol import CATALOG, GALLERY, demo_catalog
from rig.pictures import product_pictures
from rig.proxy import FaultProxy
from rig.supervisor import Program, Supervisor, SupervisorError, tail
from rig.world_client import WorldClient
from store.trusted import Repository

TENANT, STORE, CART = "demo", "corner-shop", "cart-7"
NO_SCREEN_STATUS = 3
CALIBRATION = Path(__file__).with_name("scale.toml")
READY = '"ready"'
BROKER, CARTD, EYES, SCREEN = "broker", "cartd", "eyes", "screen"

CART_TOML = """\
cart_id = "{cart}"
tenant = "{tenant}"
store = "{store}"
data_folder = "{data}"
screen_socket = "{short}/screen.sock"
eyes_socket = "{short}/eyes.sock"
store_public_key = "{key}"
trust_root = "{root}"
[scale]
port = "{short}/scale"
calibration = "{calibration}"
[scanner]
port = "{short}/scanner"
[broker]
host = "{host}"
port = {port}
"""
WORLD_TOML = """\
catalog = "{catalog}"
control_socket = "{short}/world.sock"
lens_socket = "{short}/lens.sock"
scale_port = "{short}/scale"
scanner_port = "{short}/scanner"
seed = {seed}
"""


@dataclass(frozen=True)
class Options:
    """How to start: `out` keeps files, `broker` (host, port) replaces our own; `windowed` opens the
    screen in a window, else it draws into memory."""

    out: Path
    broker: tuple[str, int] | None = None
    seed: int = 1
    windowed: bool = False


class Stack(contextlib.ExitStack):
    """The running shop. Use it as a context manager; everything ends with it."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options
        self.out = options.out.resolve()
        self.has_screen = True
        self.screen_trouble = ""
        self.supervisor: Supervisor
        self.world: WorldClient

    def __enter__(self) -> Self:
        super().__enter__()
        with contextlib.ExitStack() as undo:  # a start that fails half-way leaves nothing running
            undo.callback(self.close)
            self._start()
            undo.pop_all()
        return self

    @property
    def screen_socket(self) -> Path:
        """Where cartd serves snapshots."""
        return self._short / "screen.sock"

    @property
    def finger_socket(self) -> Path:
        """Where the touchscreen takes the rig's finger."""
        return self._short / "finger.sock"

    @property
    def pictures(self) -> Path:
        """The folder of product pictures."""
        return self._short / "pictures"

    @property
    def store_data(self) -> Path:
        """The store's folder."""
        return self.out / "store"

    @property
    def cart_data(self) -> Path:
        """The cart's folder."""
        return self.out / "cart"

    def set_wifi(self, *, up: bool) -> None:
        """Cut the cart's network, or give it back."""
        if up:
            self.proxy.restore()
        else:
            self.proxy.cut()

    def cut_power(self) -> None:
        """SIGKILL everything that runs on the cart; it starts again at once."""
        self.supervisor.kill([CARTD, EYES, *([SCREEN] if self.has_screen else [])])

    def make_member(self, shopper: str) -> None:
        """The store takes a shopper into its list of members."""
        self._tell_store("member", shopper)

    def wait_closed(self) -> None:
        """Wait until the shopper closes the screen's window."""
        self.supervisor.wait_until(SCREEN, lambda: False, timeout_s=float("inf"))

    def _start(self) -> None:
        clear(self.out)
        self._short = Path(self.enter_context(tempfile.TemporaryDirectory(prefix="dashcart-")))
        own = Broker(self._short)
        self.broker = self.options.broker or (own.host, own.port)
        self.proxy = self.enter_context(FaultProxy(self.broker))
        self.supervisor = self.enter_context(Supervisor(self.out / "logs"))
        if self.options.broker is None:
            self._start_broker(own)
        self._start_world()
        self._start_store()
        self._start_cart()
        for name in ("world", "store", CARTD, EYES):
            self.supervisor.wait_ready(name)
        self.world = self.enter_context(contextlib.closing(WorldClient(self._short / "world.sock")))
        self._wait_for_screen()

    def _tell_store(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            python("store", name, *arguments, "--data", str(self.store_data)),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise SupervisorError(f"store {name}: {done.stderr.strip()}")

    def _start_broker(self, broker: Broker) -> None:
        """Keep it like the other programs: killed, it is back on the same port."""
        self.supervisor.start(Program(BROKER, broker.argv))
        if not self.supervisor.wait_until(BROKER, lambda: listens(broker.host, broker.port)):
            raise SupervisorError(f"no broker on port {broker.port}; see {self.out}/logs")

    def _start_world(self) -> None:
        text = WORLD_TOML.format(catalog=CATALOG, short=self._short, seed=self.options.seed)
        config = self._write("world.toml", text)
        self.supervisor.start(Program("world", python("rig", "world", "--config", config), READY))

    def _start_store(self) -> None:
        data = str(self.store_data)
        self._tell_store("import", str(CATALOG))
        Repository(self.store_data / "trust")  # its root must be there before the cart starts
        host, port = self.broker
        argv = python("store", "run", "--data", data, "--broker", f"{host}:{port}",
                      "--tenant", TENANT, "--store", STORE)  # fmt: skip
        self.supervisor.start(Program("store", argv, READY))

    def _start_cart(self) -> None:
        text = CART_TOML.format(
            cart=CART, tenant=TENANT, store=STORE, data=self.cart_data, short=self._short,
            key=self.store_data / "store.pub",
            root=self.store_data / "trust" / "root.json", calibration=CALIBRATION,
            host=self.proxy.host, port=self.proxy.port,
        )  # fmt: skip
        config = self._write("cart.toml", text)
        self.supervisor.start(Program(CARTD, python("cart", "run", "--config", config), READY))
        short = self._short
        # As in deploy/systemd: money and scale come first, a frame may wait.
        eyes = ("nice", "-n", "5", *python(
            "cart.eyes", "--source", f"lens:{short}/lens.sock",
            "--socket", f"{short}/eyes.sock", "--gallery", str(GALLERY),
        ))  # fmt: skip
        self.supervisor.start(Program(EYES, eyes, READY))
        product_pictures(self.pictures, demo_catalog().products)
        screen = python("ui", "--socket", str(self.screen_socket), "--pictures",
                        str(self.pictures), "--finger", str(self.finger_socket))  # fmt: skip
        driver = {} if self.options.windowed else {"SDL_VIDEODRIVER": "offscreen"}
        self.supervisor.start(
            Program(SCREEN, screen, gives_up=frozenset({0, NO_SCREEN_STATUS}), environment=driver)
        )

    def _wait_for_screen(self) -> None:
        """The screen is there when its finger socket is; a machine without GL has none."""
        if self.supervisor.wait_until(SCREEN, self.finger_socket.exists):
            return
        self.has_screen = False
        self.screen_trouble = " ".join(tail(self.out / "logs" / f"{SCREEN}.log", 1))

    def _write(self, name: str, text: str) -> str:
        path = self._short / name
        path.write_text(text, encoding="utf-8")
        return str(path)


def python(module: str, *arguments: str) -> tuple[str, ...]:
    """The command line of one of our programs, in this interpreter."""
    return (sys.executable, "-m", module, *arguments)


def clear(out: Path) -> None:
    """Remove what an earlier run left in its folder, and nothing else."""
    out.mkdir(parents=True, exist_ok=True)
    for left in [*out.glob("[0-9][0-9]-*.png"), out / "trip.json"]:
        left.unlink(missing_ok=True)
    for folder in ("cart", "store", "logs"):
        shutil.rmtree(out / folder, ignore_errors=True)
