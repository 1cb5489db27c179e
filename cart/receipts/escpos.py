"""A receipt as the bytes of an ESC/POS printer: the text, a QR code of the printer's own, a cut.

Commands are those that every maker has: ESC @, ESC t, GS ( k (QR model 2), GS V. Sources: Epson's
ESC/POS command reference.
"""

from __future__ import annotations

from cart.receipts.paper import Paper, code_text
from cart.receipts.text import as_text, width

INITIALIZE = b"\x1b@"
CODE_PAGE_858 = b"\x1bt\x13"  # Latin letters and the euro
CENTER, LEFT = b"\x1ba\x01", b"\x1ba\x00"
CUT = b"\x1dVB\x00"
QR_MODULE = 5
QR_ECC_M = 49


def as_escpos(paper: Paper) -> bytes:
    """All bytes for one receipt. A letter that the printer's page lacks becomes a question mark,
    or as many as it has columns."""
    return b"".join((
        INITIALIZE,
        CODE_PAGE_858,
        b"".join(map(_printed, as_text(paper))),
        CENTER,
        _qr(code_text(paper).encode("ascii")),
        LEFT,
        b"\n",
        CUT,
    ))  # fmt: skip


def _printed(letter: str) -> bytes:
    try:
        return letter.encode("cp858")
    except UnicodeEncodeError:
        return b"?" * width(letter)


def _qr(data: bytes) -> bytes:
    """Store and print a QR code: functions 165, 167, 169, 180 and 181 of GS ( k."""
    store = b"1P0" + data
    return b"".join((
        b"\x1d(k\x04\x001A2\x00",
        b"\x1d(k\x03\x001C" + bytes([QR_MODULE]),
        b"\x1d(k\x03\x001E" + bytes([QR_ECC_M]),
        b"\x1d(k" + len(store).to_bytes(2, "little") + store,
        b"\x1d(k\x03\x001Q0",
    ))  # fmt: skip
