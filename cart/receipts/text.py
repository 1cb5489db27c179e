"""A receipt as plain text of 42 columns: what a printer of 80 mm paper shows in its usual font."""

from __future__ import annotations

from unicodedata import combining, east_asian_width

from cart.receipts.paper import Paper, clean, rows_of

COLUMNS = 42
WORDS_MIN = 12  # what an amount leaves for words beside it; else it stands below them


def as_text(paper: Paper) -> str:
    """Lines of 42 columns at most, on a printer as on a screen; long names go on below."""
    head = [
        f"{' ' * ((COLUMNS - width(part)) // 2)}{part}"
        for part in _parts(clean(paper.store_name), COLUMNS)
    ]
    lines = [*head, *_wrapped(clean(paper.receipt_id), clean(paper.issued)), "-" * COLUMNS]
    for words, amount in rows_of(paper):
        lines += _wrapped(words, amount)
    lines.append("-" * COLUMNS)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def width(text: str) -> int:
    """How many columns a text takes: East Asian letters take two, marks upon a letter none."""
    return sum(
        0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1 for letter in text
    )


def _wrapped(words: str, amount: str) -> list[str]:
    indent = "  " if words.startswith("  ") else ""
    room = COLUMNS - width(amount) - 1 - len(indent)
    if room < WORDS_MIN:
        return [*(indent + part for part in _parts(words, COLUMNS - len(indent))), _row("", amount)]
    *above, last = [indent + part for part in _parts(words, room)]
    return [*above, _row(last, amount)]


def _parts(words: str, columns: int) -> list[str]:
    """A text in pieces of so many columns at most, cut between words where that goes."""
    parts = [""]
    for word in words.split():
        if parts[-1] and width(parts[-1]) + 1 + width(word) <= columns:
            parts[-1] += f" {word}"
            continue
        if parts[-1]:
            parts.append("")
        for letter in word:
            if width(parts[-1]) + width(letter) > columns:
                parts.append("")
            parts[-1] += letter
    return parts


def _centered(text: str) -> str:
    return f"{' ' * ((COLUMNS - width(text)) // 2)}{text}"


def _row(left: str, right: str) -> str:
    return f"{left}{' ' * (COLUMNS - width(left) - width(right))}{right}"
