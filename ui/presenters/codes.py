"""A text as a QR code's modules. Drawing them is the widget's part."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
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
    image = np.asarray(code.to_image(scale=1, add_quiet_zones=False))
    return tuple(bytes((row < DARK_BELOW).astype(np.uint8)) for row in image)
