"""A receipt as one HTML page with a QR code in it: nothing to load, nothing to run."""

from __future__ import annotations

from html import escape

import zxingcpp

from cart.receipts.paper import Paper, clean, code_text, rows_of

STYLE = (
    "body{font:16px sans-serif;max-width:26em;margin:2em auto}td+td{text-align:right}svg{width:50%}"
)


def as_html(paper: Paper) -> str:
    """The page. Names come from catalogs, so every one is escaped."""
    rows = "\n".join(
        f"<tr><td>{escape(words)}</td><td>{escape(amount)}</td></tr>"
        for words, amount in rows_of(paper)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(clean(paper.receipt_id))}</title><style>{STYLE}</style></head><body>\n"
        f"<h1>{escape(clean(paper.store_name))}</h1><p>{escape(clean(paper.receipt_id))}, "
        f"{escape(clean(paper.issued))}</p>\n<table>\n{rows}\n</table>\n{_code(code_text(paper))}\n"
        "</body></html>\n"
    )


def _code(text: str) -> str:
    """The QR code as a drawing; what stands before it belongs to a file of its own."""
    symbol = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    drawing = str(symbol.to_svg())
    return drawing[drawing.index("<svg") :]
