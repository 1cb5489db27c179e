"""A text as a QR code's modules. Drawing them is the widget's part."""

from __future__ import annotations

from functools import lru_cache

import zxingcpp

QR_TEXT_BYTES_MAX = 1_000
DARK_BELOW = 128


@lru_cache(maxsize=8)
def qr_modules(text: str) -> tuple[bytes, ...]:
    """The rows of a QR code of `text`, one byte a module: 1 is dark. Without its quiet zone.

    An empty text, or one too long to be scanned from a screen, has no rows.
    """
    if not text or len(text.encode()) > QR_TEXT_BYTES_MAX:
        return ()
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    image = code.to_image(scale=1, add_quiet_zones=False)
    view = memoryview(image)  # type: ignore[arg-type] # its stub leaves out the buffer protocol
    dark = bytes(level < DARK_BELOW for level in view.tobytes())
    side = view.shape[0] if view.shape else 0
    return tuple(dark[start : start + side] for start in range(0, len(dark), side))
