"""The words of the screen in each language, by gettext; English sentences are the keys.

Catalogs are `<language>/LC_MESSAGES/ui.po`, compiled to `ui.mo` beside it by `python -m ui texts`.
This module never formats figures: those have their own rules in `ui.presenters.figures`.
"""

from __future__ import annotations

import gettext
from pathlib import Path

FOLDER = Path(__file__).parent
DOMAIN = "ui"
LANGUAGES = ("en", "de")


def mark(sentence: str) -> str:
    """Mark a sentence of a table for the catalogs; it is translated later, when it is said."""
    return sentence


class Words:
    """Says sentences in one language (a code of `LANGUAGES`)."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._catalog = gettext.translation(DOMAIN, FOLDER, [language])

    def say(self, sentence: str, **values: str) -> str:
        """Translate a sentence and put its values in."""
        return self._catalog.gettext(sentence).format(**values)

    def say_count(self, one: str, many: str, count: int) -> str:
        """Translate a sentence about `count` things; it holds `{count}`."""
        return self._catalog.ngettext(one, many, count).format(count=count)
