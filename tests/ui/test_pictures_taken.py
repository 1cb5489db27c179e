"""The rig's pictures of the real screen show what a shopper sees."""

from __future__ import annotations

import signal
from functools import partial
from pathlib import Path

from msgspec.structs import replace
from PIL import Image, ImageChops

from cart.contract.screen import Snapshot
from tests.ui.harness import Screen, kept_snapshots
from tests.waiting import until


def is_shown(screen: Screen, snapshot: Snapshot) -> bool:
    """Whether the screen has got this far."""
    return bool(screen.state()["revision"] == snapshot.revision)


def test_a_picture_is_of_a_screen_that_is_laid_out(screen: Screen, tmp_path: Path) -> None:
    """Asked for in the very frame in which the screen changes, it is what is to be seen later."""
    kept: dict[str, Snapshot] = {each.route: each for each in kept_snapshots()}
    for revision, route in enumerate(("choose", "checkout") * 2, 1_000):
        shown = replace(kept[route], revision=revision)
        screen.process.send_signal(signal.SIGSTOP)
        screen.cart.show(shown)
        screen.begin(shot=str(tmp_path / "at-once.png"))
        screen.process.send_signal(signal.SIGCONT)
        told = screen.answer()
        until(partial(is_shown, screen, shown), "the snapshot")
        screen.ask(shot=str(tmp_path / "later.png"))
        if told["revision"] == shown.revision:
            pictures = (Image.open(tmp_path / f"{name}.png") for name in ("at-once", "later"))
            assert ImageChops.difference(*pictures).getbbox() is None
