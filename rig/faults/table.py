"""The table of faults: each a row with how often it comes in the full and in the quick run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rig.faults import (
    clocks,
    deltas,
    disk_errors,
    disks,
    fleet,
    foreign,
    goods,
    guarded,
    kills,
    networks,
    power,
)
from rig.faults.trial import Trial

RECOVERY_MS_MAX = 30_000
CATCH_UP_MS_MAX = 5_000


@dataclass(frozen=True)
class Fault:
    """One row: its name, how many rounds in full and in quick, what it does, and the programs that
    it needs (Debian's packages are named alike). `on_a_chain`: a cluster for MQTT 3.1.1 stands it,
    too; the other rows ask for what only one broker keeps, or have no broker. Of its recoveries 95
    in 100 take at most `recovery_ms_max`."""

    name: str
    full: int
    quick: int
    work: Callable[[Trial], None]
    needs: tuple[str, ...] = ()
    on_a_chain: bool = True
    recovery_ms_max: int = RECOVERY_MS_MAX


FAULTS = (
    Fault("broker killed", 200, 12, kills.broker),
    Fault("cart killed", 200, 10, kills.cart),
    Fault("store killed", 100, 5, kills.store),
    Fault("network half open", 70, 8, networks.half_open),
    Fault("network reset", 70, 8, networks.reset),
    Fault("link down", 60, 4, networks.link_down),
    Fault("8 h offline", 3, 1, networks.eight_hours, recovery_ms_max=CATCH_UP_MS_MAX),
    Fault("256 kbit/s, 300 ms", 3, 1, networks.narrow),
    Fault("replayed captures", 20, 2, foreign.replays),
    Fault("rubbish", 10, 2, foreign.rubbish),
    Fault("broker data wiped", 20, 2, foreign.broker_wiped, on_a_chain=False),
    Fault("store from a backup", 5, 1, disks.old_backup),
    Fault("cart's journal lost", 5, 2, disks.journal_lost, recovery_ms_max=CATCH_UP_MS_MAX),
    Fault("poison event", 10, 2, disks.poison),
    Fault("store's clock jumps", 10, 3, clocks.jumping),
    Fault("cart's disk full", 10, 2, disks.cart_full),
    Fault("store's disk full", 10, 2, disks.store_full),
    Fault("read-only disk", 5, 1, disks.read_only),
    Fault("carts reconnect", 2, 1, fleet.reconnecting, on_a_chain=False),
    Fault("catalog with kills", 12, 2, goods.arriving, on_a_chain=False),
    Fault("1,000 catalog deltas", 1_000, 30, deltas.changing, on_a_chain=False),
    Fault("power cuts", 10_000, 600, power.cuts, ("strace",), on_a_chain=False),
    Fault("disk errors", 1, 1, disk_errors.everywhere, ("gcc",), on_a_chain=False),
    Fault("certificates rotate", 50, 5, guarded.rotation, ("mosquitto",), on_a_chain=False),
    Fault("hostile attempts", 1, 1, guarded.hostile, ("mosquitto",), on_a_chain=False),
)
