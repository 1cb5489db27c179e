"""A receipt as plain text of 42 columns: what a printer of 80 mm paper shows in its usual font."""

from __future__ import annotations

from textwrap import wrap

from cart.receipts.paper import Paper, rows_of

COLUMNS = 42


def as_text(paper: Paper) -> str:
    """Lines of exactly 42 columns at most; long names go on below."""
    head = [part.center(COLUMNS).rstrip() for part in wrap(paper.store_name, COLUMNS)]
    lines = [*head, _row(paper.receipt_id, paper.issued), "-" * COLUMNS]
    for words, amount in rows_of(paper):
        lines += _wrapped(words, amount)
    lines.append("-" * COLUMNS)
    return "\n".join(lines) + "\n"


def _wrapped(words: str, amount: str) -> list[str]:
    indent = words[: len(words) - len(words.lstrip())]
    parts = wrap(words.strip(), COLUMNS - len(amount) - 1 - len(indent)) or [""]
    *above, last = [indent + part for part in parts]
    return [*above, _row(last, amount)]


def _row(left: str, right: str) -> str:
    return f"{left}{right:>{COLUMNS - len(left)}}"
