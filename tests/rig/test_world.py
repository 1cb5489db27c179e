"""The world over its real sockets and ports: one process, orders in, bytes and pixels out."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rig.enrol import CATALOG
from rig.supervisor import Program, Supervisor
from rig.world_client import WorldClient, WorldError
from tests.waiting import until


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the world's ends appear."""
    return tmp_path_factory.mktemp("w")


@pytest.fixture(scope="module")
def world(folder: Path) -> Iterator[WorldClient]:
    """A running world with an empty cart."""
    names = {
        "control_socket": "c.sock",
        "lens_socket": "l.sock",
        "scale_port": "scale",
        "scanner_port": "scanner",
    }
    lines = [f'{key} = "{folder / name}"' for key, name in names.items()]
    config = folder / "world.toml"
    config.write_text("\n".join([f'catalog = "{CATALOG}"', *lines]), encoding="utf-8")
    argv = (sys.executable, "-m", "rig", "world", "--config", str(config))
    with Supervisor(folder / "logs") as supervisor:
        supervisor.start(Program("world", argv, ready='"ready"'))
        supervisor.wait_ready("world")
        client = WorldClient(folder / "c.sock")
        yield client
        client.close()


def masses(world: WorldClient) -> dict[str, int]:
    """The true mass of each thing in the cart."""
    things = world.do({"do": "truth"})["things"]
    return {thing["sku"]: thing["mass_mg"] for thing in things}


def test_put_and_take_change_the_truth(world: WorldClient) -> None:
    """A pack weighs about what it should, and is gone when taken out."""
    answer = world.do({"do": "put", "skus": ["rice-500g"], "show": "none"})
    assert abs(masses(world)["rice-500g"] - 516_000) <= 6_000
    assert answer["load_mg"] == sum(masses(world).values())
    assert world.do({"do": "take", "sku": "rice-500g"})["load_mg"] == 0


def test_weighed_and_labelled_goods_weigh_what_they_say(world: WorldClient) -> None:
    """Loose goods have the mass that was asked, a labelled one the mass its price stands for."""
    world.do({"do": "put_mass", "sku": "bananas", "mass_mg": 739_000, "show": "none"})
    world.do({"do": "put_label", "sku": "cheese", "price_minor": 472, "show": "none"})
    assert masses(world) == {"bananas": 739_000, "cheese": 249_735}
    for sku in ("bananas", "cheese"):
        world.do({"do": "take", "sku": sku})


def test_scanner_sends_the_aim_identifier_and_a_carriage_return(
    world: WorldClient, folder: Path
) -> None:
    """The cart's port gets what a real scanner would send, byte for byte."""
    port = os.open(folder / "scanner", os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    heard = bytearray()

    def has_line() -> bool:
        try:
            heard.extend(os.read(port, 100))
        except BlockingIOError:
            return False
        return heard.endswith(b"\r")

    world.do({"do": "scan", "sku": "pasta-500g"})
    until(has_line, "a line from the scanner")
    os.close(port)
    assert bytes(heard) == b"]E09520005000245\r"


@pytest.mark.parametrize(
    ("order", "why"),
    [
        ({"do": "take", "sku": "milk-1l"}, "no milk-1l lies in the cart"),
        ({"do": "put", "skus": ["caviar"]}, "the store has no 'caviar'"),
        ({"do": "put", "skus": ["bananas"]}, "sold by mass"),
        ({"do": "scan"}, "either a sku or a text"),
        ({"do": "fly"}, "Invalid value 'fly'"),
        ({"do": "put", "skus": []}, "length >= 1"),
    ],
)
def test_impossible_orders_are_refused_with_the_reason(
    world: WorldClient, order: dict[str, object], why: str
) -> None:
    """What can't be done is said, and the world goes on."""
    with pytest.raises(WorldError, match=why):
        world.do(order)
    assert world.do({"do": "truth"})["things"] == []
