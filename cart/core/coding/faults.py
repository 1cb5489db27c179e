"""The one exception of the codes' boundary. It must carry what is wrong in words, and no more."""

from __future__ import annotations


class CodeError(ValueError):
    """A text is no product code; the message says what is wrong with it."""
