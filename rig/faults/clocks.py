"""The store's wall clock is wrong, and jumps in mid-trip: order never rests on it."""

from __future__ import annotations

from rig.faults.trial import Trial

DAY_MS = 86_400_000
OFFSETS_MS = (DAY_MS, -DAY_MS, 0, -30 * 365 * DAY_MS, 2 * DAY_MS)


def jumping(trial: Trial) -> None:
    """Off by a day, back, thirty years ago, in two days: in mid-traffic each time."""
    store, file = trial.shop.store, trial.folder / "offset_ms"
    trial.folder.mkdir(parents=True, exist_ok=True)
    file.write_text("0")
    store.launcher = ("rig.faults.late", str(file))
    _restart(trial)
    for number in trial.each_round():
        trial.write()
        fresh = file.with_suffix(".new")
        fresh.write_text(str(OFFSETS_MS[number % len(OFFSETS_MS)]))
        fresh.rename(file)
        trial.write()
        trial.settle()
    store.launcher = ()
    _restart(trial)
    trial.settle()


def _restart(trial: Trial) -> None:
    trial.shop.store.kill()
    trial.killed("store", "for another clock")
    trial.shop.store.begin()
    trial.shop.store.await_ready()
