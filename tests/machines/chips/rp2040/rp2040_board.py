"""Makes a pty, and becomes rp2040_board.cjs: Node.js cannot make one. A test program; never ships.

usage: rp2040_board.py NODE_MODULES LINK CHANNELS FIRMWARE.bin [SPEED]
"""

from __future__ import annotations

import os
import pty
import sys
import tty
from pathlib import Path


def main(modules: str, link: str, *arguments: str) -> None:
    """Hand both ends of the pty over: with one kept open, the wire outlives those who read it."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    Path(link).unlink(missing_ok=True)
    Path(link).symlink_to(os.ttyname(slave))
    for descriptor in (master, slave):
        os.set_inheritable(descriptor, True)
    os.set_blocking(master, False)
    os.set_blocking(sys.stdin.fileno(), False)
    program = str(Path(__file__).with_suffix(".cjs"))
    os.environ["NODE_PATH"] = modules
    os.execvp("node", ["node", program, str(master), link, *arguments])  # noqa: S606 - no shell


main(*sys.argv[1:])
