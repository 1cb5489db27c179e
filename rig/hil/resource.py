"""What is plugged in: a resource gives a serial port and a way to put a load on it."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from rig.devices import Chip


class ResourceConfig(msgspec.Struct, forbid_unknown_fields=True):
    """`kind` is a row of RESOURCES; `port` is needed by "serial", `seed` by the simulated chip."""

    kind: Literal["simulated_chip", "serial"]
    port: str = ""
    seed: int = 1


class Resource(msgspec.Struct):
    """An open resource: the path of its port, and how its true load is set (in milligrams)."""

    port: str
    set_load_mg: Callable[[int], None]


@contextlib.contextmanager
def simulated_chip(config: ResourceConfig) -> Iterator[Resource]:
    """The simulated microcontroller with its load cell."""
    with tempfile.TemporaryDirectory(prefix="dashcart-hil-") as folder:
        link = Path(folder) / "scale"
        with Chip(link, config.seed) as chip:
            yield Resource(str(link), lambda load_mg: chip.tell({"load_mg": load_mg}))


@contextlib.contextmanager
def serial_port(config: ResourceConfig) -> Iterator[Resource]:
    """A real scale: a person puts the masses on when asked."""

    def ask(load_mg: int) -> None:
        input(f"put {load_mg / 1000:g} g on the scale in all, then press Enter ")

    yield Resource(config.port, ask)


RESOURCES = {"simulated_chip": simulated_chip, "serial": serial_port}
