"""Faults of a store that lets in by certificate only: who tries to get in, and keys that change.

Each row has a store of its own (mosquitto with TLS, `rig/hostile/site.py`), since the shop of the
other rows asks nobody for papers.
"""

from __future__ import annotations

import sys
import time
from contextlib import redirect_stdout
from functools import partial

from rig.faults import exports
from rig.faults.audit import count
from rig.faults.trial import Trial
from rig.hostile.command import campaign
from rig.hostile.site import VICTIM, Site


def hostile(trial: Trial) -> None:
    """Every attempt to get in: one that succeeds counts as lost, one unseen is not passed."""
    with redirect_stdout(sys.stderr):  # its store's commands talk; the report stands alone
        for row in campaign(trial.folder):
            trial.progress(f"{trial.fault}: {row.kind}, {row.name}")
            trial.events += 1
            trial.lost += bool(row.got)
            trial.settled &= bool(row.seen)


def rotation(trial: Trial) -> None:
    """The cart gets a new key and certificate while its rows are on their way."""
    trial.folder.mkdir(parents=True)
    with redirect_stdout(sys.stderr), Site(trial.folder) as site:
        before = site.journal.last_seq
        for _ in trial.each_round():
            began_s, old = time.monotonic(), site.pair.read_bytes()
            site.link.renew()
            site.until("the new pair is in use", partial(_writes_until_renewed, site, old))
            site.traffic()
            trial.recoveries_ms.append((time.monotonic() - began_s) * 1_000)
        trial.events += site.journal.last_seq - before
    counted = count(exports.journaled(trial.folder / VICTIM), exports.stored(site.data))
    trial.lost += counted.lost
    trial.duplicated += counted.duplicated
    trial.reordered += counted.reordered


def _writes_until_renewed(site: Site, old: bytes) -> bool:
    site.write()
    return site.pair.read_bytes() != old
