"""Says what a frame source gives: `SOURCE FRAMES [PAUSE_S]`, one JSON object a frame.

The last frame's luma and colours are left in /mnt, for a test to look at.
"""

from __future__ import annotations

import json
import sys
import threading
import time

import cv2

from cart.eyes.sources import source_opener


def main() -> None:
    """Show so many frames, with a pause after each."""
    source = source_opener(sys.argv[1])()
    pause = threading.Event()
    frame = None
    for _ in range(int(sys.argv[2])):
        frame = source.newest(5.0)
        assert frame is not None
        seen = {
            "sensed_ms": frame.sensed_ms,
            "sequence": frame.sequence,
            "now_ms": time.monotonic_ns() // 1_000_000,
            "luma": frame.luma.shape,
            "small": frame.small.shape,
            "layout": frame.layout,
        }
        print(json.dumps(seen), flush=True)  # noqa: T201  # a test reads it
        pause.wait(float(sys.argv[3]) if len(sys.argv) > 3 else 0)
    assert frame is not None
    cv2.imwrite("/mnt/luma.png", frame.luma)
    cv2.imwrite("/mnt/small.png", frame.small)
    cv2.imwrite("/mnt/colour.png", cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2BGR))
    source.close()


if __name__ == "__main__":
    main()
